from __future__ import annotations

import io
import struct
from unittest import mock

import pytest

from analyzer.wire import batches, pcapng_batches
from analyzer.wire.batches import Batch, read_batches
from analyzer.wire.records import read_records
from tests.fuzz.targets import one_by_one
from tests.wire.packets import START, Captured, enhanced, interface, option, section

PACKET = enhanced(Captured(START, b"x" * 40))
ELSEWHERE = enhanced(Captured(START, b"x" * 40), number=9)
ENDLESS = {
    "packets of an interface that was not described": section() + interface() + ELSEWHERE * 500,
    "times out of range": section() + interface(options=option(14, struct.pack("<q", 2**62))) + PACKET * 500,
    "times that are too fine": section() + interface(options=option(9, b"\x0f")) + PACKET * 500,
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_what_cannot_be_read_at_once_is_not_looked_at_again_for_each_packet(kind: str) -> None:
    with mock.patch.object(pcapng_batches, "_walk", wraps=pcapng_batches._walk) as walked:
        found = one_by_one(read_batches(io.BytesIO(ENDLESS[kind])))
    assert walked.call_count < 10
    assert found == list(read_records(io.BytesIO(ENDLESS[kind])))


def test_a_packet_longer_than_what_is_looked_at_does_not_end_the_batches() -> None:
    with mock.patch.object(pcapng_batches, "SHORT", 100), mock.patch.object(batches, "CHUNK", 10_000):
        long = enhanced(Captured(START, b"x" * 1000))
        data = section() + interface() + PACKET + interface() + long + PACKET * 3 + interface() + long * 2 + PACKET * 50
        found = list(read_batches(io.BytesIO(data)))
    assert one_by_one(iter(found)) == list(read_records(io.BytesIO(data)))
    assert max(len(each.ts) for each in found if isinstance(each, Batch)) > 40

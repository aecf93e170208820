from __future__ import annotations

import io
import struct
from unittest import mock

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire import batches, lookahead
from analyzer.wire.batches import Batch, read_batches
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record, read_records
from tests.fuzz.targets import one_by_one
from tests.wire.packets import START, Captured, block, enhanced, interface, option, pcap, section

PACKETS = [Captured(START + 250_000 * number, bytes(range(number * 5 % 40))) for number in range(12)]
SIMPLE = block(3, struct.pack("<I", 5) + b"abcde")
OBSOLETE = block(2, struct.pack("<HHIIII", 0, 3, START >> 32, START & 0xFFFF_FFFF, 4, 4) + b"data")
SECRET = block(10, struct.pack("<II", 0x544C534B, 4) + b"KEYS")
NANOSECONDS = option(9, b"\x09") + option(14, struct.pack("<q", 7))


def described(order: str) -> bytes:
    return section(order) + b"".join(enhanced(packet, order=order) for packet in PACKETS).join(
        [interface(order=order), b""]
    )


KINDS = {
    "pcap": pcap(PACKETS),
    "big-endian": pcap(PACKETS, order=">"),
    "nanoseconds": pcap(PACKETS, nanoseconds=True),
    "modified": pcap(PACKETS, modified=True),
    "long ago": pcap([each._replace(ts=number * 1_000_000) for number, each in enumerate(PACKETS)]),
    "pcapng": described("<"),
    "big-endian pcapng": described(">"),
    "other blocks between packets": section()
    + interface()
    + b"".join(each + enhanced(PACKETS[3]) * 3 for each in (SIMPLE, OBSOLETE, SECRET, enhanced(PACKETS[2], options=option(1, b"said")))),
    "interfaces and sections": (
        section() + interface() + interface(113, options=NANOSECONDS) + enhanced(PACKETS[5]) * 2
        + enhanced(PACKETS[6], number=1, ticks=START * 1000) * 3 + enhanced(PACKETS[7], number=2)
    ) * 2,
}  # fmt: skip
"""A file of each kind."""
NUMBERS = st.sampled_from(
    [0, 1, 12, 28, 32, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 19, (4 << 20) + 1]
) | st.integers(0, 2**32 - 1)
HITS = st.one_of(
    st.tuples(st.just("slice"), st.integers(0, 8), st.binary(max_size=40)),
    st.tuples(st.just("number"), st.sampled_from("<>"), NUMBERS),
    st.tuples(st.just("cut"), st.integers(1, 300), st.none()),
    st.tuples(st.just("again"), st.integers(1, 300), st.none()),
)


def mutated(data: bytes, hits: list[tuple[float, tuple[str, int | str, bytes | int | None]]]) -> bytes:
    """A file that was hit at some places, which are told as parts of its length; numbers stand at multiples of 4."""
    made = bytearray(data)
    for place, (kind, size, value) in hits:
        at = int(place * len(made))
        if kind == "number":
            made[at // 4 * 4 : at // 4 * 4 + 4] = struct.pack(f"{size}I", value)
        elif kind == "slice" and isinstance(value, bytes):
            made[at : at + int(size)] = value
        elif kind == "cut":
            del made[at : at + int(size)]
        else:
            made[at:at] = made[at : at + int(size)]
    return data[:4] + made[4:]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk", [1, 40, 200, 1 << 20])
def test_batches_of_any_size_hold_what_is_read_record_by_record(kind: str, chunk: int) -> None:
    with mock.patch.object(batches, "CHUNK", chunk):
        assert one_by_one(read_batches(io.BytesIO(KINDS[kind]))) == list(read_records(io.BytesIO(KINDS[kind])))


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    hits=st.lists(st.tuples(st.floats(0, 0.999), HITS), max_size=4),
    chunk=st.integers(1, 1200),
    ahead=st.sampled_from([1, 64, 1 << 20]),
)
def test_batches_of_a_damaged_file_hold_what_is_read_record_by_record(
    kind: str, hits: list[tuple[float, tuple[str, int | str, bytes | int | None]]], chunk: int, ahead: int
) -> None:
    data = mutated(KINDS[kind], hits)
    expected = list(read_records(io.BytesIO(data)))
    with mock.patch.object(batches, "CHUNK", chunk), mock.patch.object(lookahead, "CHUNK", ahead):
        assert one_by_one(read_batches(io.BytesIO(data))) == expected


def test_records_are_gathered_up_to_a_limit() -> None:
    records = [Record(number, START, 1, b"x", 1, 0) for number in range(1, 8)]
    problem = Problem("corrupt", "here")
    with mock.patch.object(batches, "GATHERED", 3):
        made = list(batches.gather([*records[:5], problem, *records[5:]]))
    assert [len(each.ts) if isinstance(each, Batch) else each for each in made] == [3, 2, problem, 2]

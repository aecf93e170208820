from __future__ import annotations

import io
import random
import struct
import time

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire.garbage import MAX_LENGTH, NEAR
from analyzer.wire.lookahead import CHUNK
from analyzer.wire.problems import Problem
from analyzer.wire.records import MAX_PACKET, Record, Secrets, read_records
from tests.wire.packets import START, Captured, block, enhanced, interface, pcap, section

SECOND = 1_000_000
PACKETS = [Captured(START + number * SECOND, random.Random(number).randbytes(40 + number)) for number in range(30)]
RECORD = 16
GARBAGE = {
    "zeros": bytes(5000),
    "ones": b"\xff" * 5000,
    "text": b"08:00:00 the charger is offline\n" * 200,
    "noise": random.Random(1).randbytes(5000),
    "one byte": b"x",
    "less than a header": b"abcdefg",
    "a chunk and more": random.Random(2).randbytes(CHUNK + 77),
}


def read(data: bytes) -> list[Record | Secrets | Problem]:
    return list(read_records(io.BytesIO(data)))


def texts(items: list[Record | Secrets | Problem]) -> list[bytes]:
    return [each.data for each in items if isinstance(each, Record)]


def problems(items: list[Record | Secrets | Problem]) -> list[Problem]:
    return [each for each in items if isinstance(each, Problem)]


def offset(number: int, header: int = RECORD) -> int:
    """Where a record begins in a pcap."""
    return 24 + sum(header + len(each.data) for each in PACKETS[:number])


def blocks(order: str = "<") -> tuple[bytes, list[bytes]]:
    return section(order) + interface(order=order), [enhanced(each, order=order) for each in PACKETS]


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("variant", ["", "nanoseconds", "modified"])
def test_records_of_a_pcap_go_on_behind_garbage_and_are_counted_on(kind: str, order: str, variant: str) -> None:
    garbage = GARBAGE[kind]
    data = pcap(PACKETS, order=order, nanoseconds=variant == "nanoseconds", modified=variant == "modified")
    at = offset(20, 24 if variant == "modified" else RECORD)
    found = read(data[:at] + garbage + data[at:])
    (problem,) = problems(found)
    assert texts(found) == [each.data for each in PACKETS]
    assert [each.number for each in found if isinstance(each, Record)] == list(range(1, 31))
    assert (problem.kind, problem.damage, problem.packet) == ("corrupt", True, 20)
    assert f" {len(garbage)} bytes were skipped" in problem.detail


@pytest.mark.parametrize("kind", GARBAGE)
@pytest.mark.parametrize("order", ["<", ">"])
def test_blocks_of_a_pcapng_go_on_behind_garbage(kind: str, order: str) -> None:
    head, packets = blocks(order)
    found = read(head + b"".join(packets[:20]) + GARBAGE[kind] + b"".join(packets[20:]))
    (problem,) = problems(found)
    assert texts(found) == [each.data for each in PACKETS]
    assert (problem.kind, problem.damage, problem.packet) == ("corrupt", True, 20)
    assert f" {len(GARBAGE[kind])} bytes were skipped" in problem.detail


@pytest.mark.parametrize("bit", range(32))
@pytest.mark.parametrize("place", [0, 7, 28])
def test_a_length_that_is_damaged_costs_one_packet_at_most(bit: int, place: int) -> None:
    data = bytearray(pcap(PACKETS))
    data[offset(place) + 8 + bit // 8] ^= 1 << bit % 8
    found = read(bytes(data))
    lost = [each.data for each in PACKETS if each.data not in texts(found)]
    assert lost in ([], [PACKETS[place].data])
    assert all(text in [each.data for each in PACKETS] or PACKETS[place].data.startswith(text) for text in texts(found))
    assert not lost or [each.kind for each in problems(found)] == ["corrupt"]


@pytest.mark.parametrize("bit", range(32))
@pytest.mark.parametrize("end", [False, True])
def test_a_block_whose_lengths_differ_is_the_only_one_lost(bit: int, *, end: bool) -> None:
    head, packets = blocks()
    damaged = bytearray(packets[7])
    damaged[(len(damaged) - 4 if end else 4) + bit // 8] ^= 1 << bit % 8
    found = read(head + b"".join(packets[:7]) + bytes(damaged) + b"".join(packets[8:]))
    assert texts(found) == [each.data for number, each in enumerate(PACKETS) if number != 7]
    assert [each.kind for each in problems(found)] == ["corrupt"]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 29), st.binary(min_size=1, max_size=200))
def test_whatever_stands_between_two_records_costs_the_one_before_it_at_most(place: int, garbage: bytes) -> None:
    data = pcap(PACKETS)
    found = texts(read(data[: offset(place)] + garbage + data[offset(place) :]))
    kept = [each.data for each in PACKETS]
    assert set(kept) - set(found) <= set(kept[max(place - 1, 0) : max(place, 1)])
    assert [text for text in found if text in kept] == [text for text in kept if text in found]


def test_garbage_at_the_end_is_told_once() -> None:
    found = read(pcap(PACKETS) + b"\xff" * 3000)
    (problem,) = problems(found)
    assert texts(found) == [each.data for each in PACKETS]
    assert problem.detail == "no record stands, after packet 30; 3000 bytes to the end of the file were skipped"


def test_a_clock_that_was_set_is_no_damage() -> None:
    set_ = [Captured(0 if number < 15 else each.ts, each.data) for number, each in enumerate(PACKETS)]
    assert len(read(pcap(set_))) == 30
    assert len(read(pcap(set_[::-1]))) == 30


def test_a_packet_of_another_time_than_its_neighbours_is_read() -> None:
    strange = [each if number != 9 else Captured(7, each.data) for number, each in enumerate(PACKETS)]
    assert texts(read(pcap(strange))) == [each.data for each in PACKETS]
    assert not problems(read(pcap(strange)))


def test_records_that_nobody_would_expect_are_believed_where_no_others_stand() -> None:
    odd = [
        Captured(START, b""),
        Captured(START, bytes(600_000)),
        Captured(START, b"longer than it was", 3),
        Captured(START + 999 * 24 * 3600 * SECOND, b"later"),
    ]
    assert texts(read(pcap(odd))) == [each.data for each in odd]


def test_records_behind_garbage_are_believed_near_in_time_and_not_too_long() -> None:
    for shift, size, believed in ((NEAR - 60, 40, True), (NEAR + 60, 40, False), (0, MAX_LENGTH + 1, False)):
        later = [Captured(START + shift * SECOND + number, bytes([number]) * size) for number in range(1, 6)]
        found = read(pcap(PACKETS[:1]) + b"\xff" * 100 + pcap(later)[24:])
        assert len(texts(found)) == (6 if believed else 1)


def test_a_capture_in_a_packet_is_no_part_of_the_capture() -> None:
    inner = Captured(START, pcap(PACKETS))
    assert texts(read(pcap([inner, *PACKETS]))) == [inner.data, *(each.data for each in PACKETS)]


@pytest.mark.parametrize(
    "data",
    [
        bytes(30 << 20),
        random.Random(3).randbytes(30 << 20),
        struct.pack("<IIII", START // SECOND, 0, 300_000, 300_000) * (1 << 20),
        (struct.pack("<IIII", START // SECOND, 0, MAX_PACKET, MAX_PACKET) + b"\xff" * 40) * (1 << 18),
        struct.pack("<IIII", START // SECOND, 0, MAX_PACKET + 1, 0) * (1 << 20),
        b"\x06\0\0\0\x20\0\0\0" * (1 << 21),
    ],
    ids=["zeros", "noise", "headers", "long headers", "headers that cannot be", "heads of blocks"],
)
@pytest.mark.parametrize("begin", [pcap(PACKETS), b"".join((blocks()[0], *blocks()[1]))], ids=["pcap", "pcapng"])
def test_the_work_follows_the_size_of_the_garbage(data: bytes, begin: bytes) -> None:
    before = time.process_time()
    assert texts(read(begin + data))[:30] == [each.data for each in PACKETS]
    assert time.process_time() - before < 20


def test_a_key_block_may_be_longer_than_what_is_believed_in_garbage() -> None:
    keys = b"CLIENT_RANDOM 00 11\n" * 50_000
    head, packets = blocks()
    found = read(head + block(10, struct.pack("<II", 0x544C534B, len(keys)) + keys) + b"".join(packets))
    assert found[0] == Secrets(keys)
    assert len(found) == 31

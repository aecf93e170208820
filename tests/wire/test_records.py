from __future__ import annotations

import io
import os
import struct
import threading

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire.problems import Problem
from analyzer.wire.records import MAX_ALIKE, Record, Secrets, is_capture, read_records
from tests.wire.packets import START, Captured, block, enhanced, interface, pcap, section

PACKETS = [Captured(START + 1, b"one"), Captured(START + 1_500_000, b"three", 90)]
SIMPLE = block(3, struct.pack("<I", 5) + b"abcde")
OBSOLETE = block(2, struct.pack("<HHIIII", 0, 0, START >> 32, START & 0xFFFF_FFFF, 4, 4) + b"data")
KINDS = {
    "pcap": pcap(PACKETS),
    "big-endian": pcap(PACKETS, order=">"),
    "nanoseconds": pcap(PACKETS, nanoseconds=True),
    "modified": pcap(PACKETS, modified=True),
    "pcapng": section() + interface() + enhanced(PACKETS[0]) + SIMPLE + OBSOLETE + enhanced(PACKETS[1]),
    "big-endian pcapng": section(">") + interface(order=">") + b"".join(enhanced(each, order=">") for each in PACKETS),
    "two sections": section() + interface() + enhanced(PACKETS[0]) + section() + interface() + enhanced(PACKETS[1]),
}
"""A small file of each kind."""


def read(data: bytes) -> list[Record | Secrets | Problem]:
    return list(read_records(io.BytesIO(data)))


def packets(items: list[Record | Secrets | Problem]) -> list[Record]:
    return [each for each in items if isinstance(each, Record)]


def kinds(items: list[Record | Secrets | Problem]) -> list[str]:
    return [each.kind for each in items if isinstance(each, Problem)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_both_byte_orders_and_resolutions_are_read(*, order: str, nanoseconds: bool) -> None:
    data = pcap(PACKETS, order=order, nanoseconds=nanoseconds, link_type=276)
    assert is_capture(data)
    assert read(data) == [Record(1, START + 1, 276, b"one", 3, 0), Record(2, START + 1_500_000, 276, b"three", 90, 0)]


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_longer_headers_of_a_modified_pcap_are_read(order: str) -> None:
    data = pcap(PACKETS, order=order, modified=True)
    assert is_capture(data)
    assert read(data) == read(pcap(PACKETS))


def test_bits_of_a_frame_check_sequence_are_no_part_of_the_link_type() -> None:
    (record,) = read(pcap([Captured(0, b"x")], link_type=0x5400_0001))
    assert isinstance(record, Record)
    assert record.link_type == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_gives_its_whole_packets_and_one_problem(kind: str) -> None:
    data = KINDS[kind]
    whole = packets(read(data))
    for end in range(4, len(data)):
        found = read(data[:end])
        cut = [(each.kind, each.damage) for each in found if isinstance(each, Problem) and each.kind != "no_time"]
        assert packets(found) == whole[: len(packets(found))]
        assert cut in ([("truncated", True)], [])
    assert packets(read(data)) == whole


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_file_cut_between_two_records_has_no_problem(kind: str) -> None:
    data = KINDS[kind]
    sound = [end for end in range(4, len(data)) if "truncated" not in kinds(read(data[:end]))]
    # The header of the file, each section, interface and packet but the last end there.
    assert len(sound) == {"pcapng": 5, "big-endian pcapng": 3, "two sections": 5}.get(kind, 2)


def test_a_cut_packet_is_reported_with_the_bytes_missing() -> None:
    *_, last = read(pcap(PACKETS)[:-2])
    assert isinstance(last, Problem)
    assert (last.kind, last.packet, last.damage) == ("truncated", 2, True)
    assert "2 bytes" in last.detail


def test_a_stream_that_gives_its_bytes_in_pieces_is_read_the_same() -> None:
    class Pipe(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 1, 3))

    assert list(read_records(Pipe(pcap(PACKETS)))) == read(pcap(PACKETS))


@pytest.mark.parametrize("data", [b"", b"hello, this is text"])
def test_what_is_no_capture_is_named_so(data: bytes) -> None:
    assert not is_capture(data)
    (problem,) = read(data)
    assert isinstance(problem, Problem)
    assert problem.kind == "not_a_capture"


def test_problems_of_one_kind_are_told_up_to_a_limit_and_then_counted() -> None:
    many = MAX_ALIKE + 7
    found = read(section() + interface() + enhanced(PACKETS[0], number=9) * many + enhanced(PACKETS[0]))
    problems = [each for each in found if isinstance(each, Problem)]
    assert len(problems) == MAX_ALIKE + 1
    assert sum(each.count for each in problems) == many
    assert problems[-1].damage
    assert len(packets(found)) == 1


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_any_bytes_give_records_and_problems(kind: str, data: st.DataObject) -> None:
    mutant = bytearray(KINDS[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(4, len(mutant) - 1))
        mutant[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=40))
    assert all(isinstance(each, Record | Secrets | Problem) for each in read(bytes(mutant)))


def test_a_pipe_with_garbage_is_read_on() -> None:
    data = pcap([Captured(START + number, b"packet") for number in range(9)])
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data[:90] + b"\xff" * 100_000 + data[90:])

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as pipe:
        found = list(read_records(pipe))
    writer.join()
    assert len(packets(found)) == 9
    assert kinds(found) == ["corrupt"]

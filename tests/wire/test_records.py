from __future__ import annotations

import io

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.problems import Problem
from analyzer.wire.records import MAX_PACKET, Record, Secrets, is_capture, read_records
from tests.wire.packets import START, Captured, pcap

PACKETS = [Captured(START + 1, b"one"), Captured(START + 1_500_000, b"three", 90)]


def read(data: bytes) -> list[Record | Secrets | Problem]:
    return list(read_records(io.BytesIO(data)))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_both_byte_orders_and_resolutions_are_read(*, order: str, nanoseconds: bool) -> None:
    data = pcap(PACKETS, order=order, nanoseconds=nanoseconds, link_type=276)
    assert is_capture(data)
    assert read(data) == [Record(1, START + 1, 276, b"one", 3, 0), Record(2, START + 1_500_000, 276, b"three", 90, 0)]


def test_bits_of_a_frame_check_sequence_are_no_part_of_the_link_type() -> None:
    (record,) = read(pcap([Captured(0, b"x")], link_type=0x5400_0001))
    assert isinstance(record, Record)
    assert record.link_type == 1


@given(st.integers(25, len(pcap(PACKETS)) - 1))
def test_a_cut_file_gives_its_whole_packets_and_then_says_what_is_missing(end: int) -> None:
    records = read(pcap(PACKETS))
    found = read(pcap(PACKETS)[:end])
    whole = [each for each in found if isinstance(each, Record)]
    assert whole == records[: len(whole)]
    ends_between = end == 24 + 16 + 3
    assert [each.kind for each in found if isinstance(each, Problem)] == ([] if ends_between else ["truncated"])


def test_a_cut_packet_is_reported_with_the_bytes_missing() -> None:
    *_, last = read(pcap(PACKETS)[:-2])
    assert isinstance(last, Problem)
    assert (last.kind, last.packet, last.damage) == ("truncated", 2, True)
    assert "2 bytes" in last.detail


def test_an_absurd_length_ends_the_reading() -> None:
    data = pcap(PACKETS) + bytes(8) + (MAX_PACKET + 1).to_bytes(4, "little") * 2 + bytes(100)
    *records, problem = read(data)
    assert [type(each) for each in records] == [Record, Record]
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.damage) == ("corrupt", True)


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

from __future__ import annotations

import io
import struct

import pytest

from analyzer.wire.pcapng import MAX_BLOCK
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record, Secrets, is_capture, read_records
from tests.wire.packets import START, Captured, block, enhanced, interface, section

ONE = Captured(START, b"abcde")


def read(data: bytes) -> list[Record | Secrets | Problem]:
    return list(read_records(io.BytesIO(data)))


def option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_are_read(order: str) -> None:
    data = section(order) + interface(113, order=order) + enhanced(ONE, order=order)
    assert is_capture(data)
    assert read(data) == [Record(1, START, 113, b"abcde", 5, 0)]


def test_sections_have_interfaces_of_their_own() -> None:
    first = section() + interface(1) + enhanced(ONE)
    second = section(">") + interface(276, order=">") + enhanced(ONE, order=">")
    assert [
        (each.link_type, each.interface, each.number) for each in read(first + second) if isinstance(each, Record)
    ] == [
        (1, 0, 1),
        (276, 1, 2),
    ]


@pytest.mark.parametrize(
    ("resolution", "ticks"), [(9, START * 1000 + 999), (6, START), (3, START // 1000), (0x80 | 10, (START << 10) // 1_000_000)]
)  # fmt: skip
def test_an_interface_has_its_own_resolution(resolution: int, ticks: int) -> None:
    data = section() + interface(options=option(9, bytes([resolution]))) + enhanced(ONE, ticks=ticks)
    (record,) = read(data)
    assert isinstance(record, Record)
    assert abs(record.ts - START) < 1000


def test_an_interface_may_add_seconds() -> None:
    options = option(14, struct.pack("<q", START // 1_000_000))
    (record,) = read(section() + interface(options=options) + enhanced(ONE, ticks=7))
    assert isinstance(record, Record)
    assert record.ts == START + 7


def test_a_time_out_of_range_is_reported_and_the_one_before_taken() -> None:
    options = option(14, struct.pack("<q", 2**62))
    data = section() + interface() + interface(options=options) + enhanced(ONE) + enhanced(ONE, number=1)
    first, problem, second = read(data)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert isinstance(problem, Problem)
    assert (problem.kind, second.ts) == ("bad_time", first.ts)


def test_a_simple_packet_has_no_time_of_its_own() -> None:
    simple = block(3, struct.pack("<I", 60) + b"abcdefgh")
    problem, record = read(section() + interface(snap_length=8) + simple)
    assert isinstance(problem, Problem)
    assert problem.kind == "no_time"
    assert record == Record(1, 0, 1, b"abcdefgh", 60, 0)


def test_an_obsolete_packet_is_read() -> None:
    body = struct.pack("<HHIIII", 0, 0, START >> 32, START & 0xFFFF_FFFF, 4, 70) + b"data"
    assert read(section() + interface() + block(2, body)) == [Record(1, START, 1, b"data", 70, 0)]


def test_embedded_tls_keys_are_given() -> None:
    keys = b"CLIENT_RANDOM 00 11\n"
    body = struct.pack("<II", 0x544C534B, len(keys)) + keys
    assert read(section() + block(10, body)) == [Secrets(keys)]


def test_blocks_of_no_interest_are_passed_over() -> None:
    data = section() + interface() + block(4, b"name") + block(5, bytes(8)) + block(0xBAD, bytes(40)) + enhanced(ONE)
    assert [type(each) for each in read(data)] == [Record]


def test_a_packet_of_an_interface_that_was_not_described_is_damage() -> None:
    (problem, record) = read(section() + interface() + enhanced(ONE, number=5) + enhanced(ONE))
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.damage) == ("corrupt_block", True)
    assert isinstance(record, Record)
    assert record.number == 2


def test_lengths_that_differ_end_the_reading() -> None:
    data = bytearray(section() + interface() + enhanced(ONE) + enhanced(ONE))
    data[-1] ^= 1
    record, problem = read(bytes(data))
    assert isinstance(record, Record)
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.damage) == ("corrupt", True)


def test_a_cut_file_gives_its_whole_packets() -> None:
    data = section() + interface() + enhanced(ONE) + enhanced(ONE)
    begin = len(section() + interface() + enhanced(ONE))
    for end in range(begin + 1, len(data)):
        record, problem = read(data[:end])
        assert isinstance(record, Record)
        assert isinstance(problem, Problem)
        assert (problem.kind, problem.damage) == ("truncated", True)


def test_a_block_of_absurd_length_ends_the_reading() -> None:
    packet = enhanced(Captured(START, b"packet"))
    for length in (MAX_BLOCK + 4, 8, 13):
        *records, problem = read(section() + interface() + packet + b"\6\0\0\0" + length.to_bytes(4, "little"))
        assert len(records) == 1
        assert isinstance(problem, Problem)
        assert (problem.kind, problem.detail) == (
            "corrupt",
            f"a block claims {length} bytes, after packet 1; the rest is not read",
        )

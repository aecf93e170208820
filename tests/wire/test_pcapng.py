from __future__ import annotations

import io
import struct

import pytest

from analyzer.wire.pcapng import MAX_BLOCK, MAX_INTERFACES
from analyzer.wire.pcapng_options import MAX_COMMENT
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record, Secrets, is_capture, read_records
from tests.wire.packets import START, Captured, block, enhanced, interface, option, section

ONE = Captured(START, b"abcde")


def read(data: bytes) -> list[Record | Secrets | Problem]:
    return list(read_records(io.BytesIO(data)))


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


def test_a_cut_file_gives_its_whole_packets() -> None:
    data = section() + interface() + enhanced(ONE) + enhanced(ONE)
    begin = len(section() + interface() + enhanced(ONE))
    for end in range(begin + 1, len(data)):
        record, problem = read(data[:end])
        assert isinstance(record, Record)
        assert isinstance(problem, Problem)
        assert (problem.kind, problem.damage) == ("truncated", True)


@pytest.mark.parametrize("order", ["<", ">"])
def test_comments_on_packets_interfaces_statistics_and_the_capture_are_told(order: str) -> None:
    said = option(1, b"charger  rebooted\nhere", order) + option(1, b"\xff", order)
    data = (
        block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + option(1, b"lab", order), order)
        + interface(order=order, options=option(1, b"eth0", order))
        + enhanced(ONE, order=order, options=said)
        + block(5, struct.pack(order + "III", 0, 0, 0) + option(1, b"end", order), order)
    )
    comments = [each for each in read(data) if isinstance(each, Problem)]
    assert {(each.kind, each.damage) for each in comments} == {("comment", False)}
    assert [(each.detail, each.packet) for each in comments] == [
        ("the capture: lab", None),
        ("interface 0: eth0", None),
        ("charger rebooted here", 1),
        ("\ufffd", 1),
        ("the statistics of interface 0: end", 1),
    ]


def test_a_comment_is_kept_up_to_a_limit() -> None:
    (comment, _) = read(section() + interface() + enhanced(ONE, options=option(1, b"x" * 60_000)))
    assert isinstance(comment, Problem)
    assert len(comment.detail) == MAX_COMMENT


def statistics(*drops: bytes, index: int = 0) -> bytes:
    return block(5, struct.pack("<III", index, 0, 0) + b"".join(drops))


def test_packets_that_the_capture_lost_are_damage_each_time_that_there_are_more() -> None:
    data = (
        section()
        + interface()
        + enhanced(ONE)
        + statistics(option(4, struct.pack("<Q", 99)), option(5, struct.pack("<Q", 0)))
        + statistics(option(5, struct.pack("<Q", 3)), option(7, struct.pack("<Q", 1)))
        + statistics(option(5, struct.pack("<Q", 3)), option(7, struct.pack("<Q", 1)))
        + statistics(option(5, struct.pack("<Q", 5)), option(7, struct.pack("<Q", 1)))
        + statistics(option(5, struct.pack("<Q", 5)), index=7)
    )
    lost = [each for each in read(data) if isinstance(each, Problem)]
    assert [(each.kind, each.count, each.damage, each.ts) for each in lost] == [
        ("dropped_packets", 4, True, START),
        ("dropped_packets", 2, True, START),
    ]


def test_packets_lost_before_another_are_told_by_its_block() -> None:
    old = struct.pack("<HHIIII", 0, 2, START >> 32, START & 0xFFFF_FFFF, 4, 4) + b"data"
    unknown = struct.pack("<HHIIII", 0, 0xFFFF, START >> 32, START & 0xFFFF_FFFF, 4, 4) + b"data"
    enhanced_ = enhanced(ONE, options=option(2, bytes(4)) + option(4, struct.pack("<Q", 1)) + option(0, b""))
    lost = [
        each
        for each in read(section() + interface() + block(2, old) + block(2, unknown) + enhanced_)
        if isinstance(each, Problem)
    ]
    assert [(each.kind, each.count, each.packet, each.detail) for each in lost] == [
        ("dropped_packets", 2, 1, "the capture lost 2 packets before this packet"),
        ("dropped_packets", 1, 3, "the capture lost 1 packet before this packet"),
    ]


def test_a_section_has_a_byte_order_or_is_passed_over() -> None:
    strange = block(0x0A0D0D0A, b"????" + struct.pack("<HHq", 1, 0, -1))
    problem, record = read(strange + section() + interface() + enhanced(ONE))
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.damage) == ("corrupt", True)
    assert problem.detail.startswith("a section of unknown byte order, after packet 0; 28 bytes were skipped")
    assert isinstance(record, Record)
    assert record.number == 1


def test_what_is_no_option_ends_the_options() -> None:
    for options in (b"\1", b"\1\0\xff\xff", b"\4\0\x08\0abcd", b"\x09\0\0\0"):
        found = read(section() + interface() + enhanced(ONE, options=options))
        assert [each.data for each in found if isinstance(each, Record)] == [b"abcde"]
        assert all(each.kind == "comment" for each in found if isinstance(each, Problem))


def test_interfaces_have_a_limit() -> None:
    found = read(section() + interface() * (MAX_INTERFACES + 2) + enhanced(ONE, number=MAX_INTERFACES - 1))
    assert [type(each) for each in found] == [Problem, Problem, Record]
    assert {each.kind for each in found if isinstance(each, Problem)} == {"corrupt_block"}


def test_a_block_of_absurd_length_is_passed_over() -> None:
    packet = enhanced(Captured(START, b"packet"))
    for length in (MAX_BLOCK + 4, 8, 13):
        strange = b"\6\0\0\0" + length.to_bytes(4, "little") + b"wxyz"
        first, problem, second = read(section() + interface() + packet + strange + packet)
        assert isinstance(first, Record)
        assert isinstance(problem, Problem)
        assert (problem.kind, problem.damage) == ("corrupt", True)
        assert problem.detail == f"a block claims {length} bytes, after packet 1; 12 bytes were skipped"
        assert isinstance(second, Record)
        assert second.number == 2

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.sources.opener import Input
from analyzer.sources.rotated import MAX_BREAK, MAX_OVERLAP, Chains, Start, copies, start, stem
from tests.wire.packets import START, Captured, block, interface, pcap, section

if TYPE_CHECKING:
    from pathlib import Path

PACKETS = [Captured(START, b"one"), Captured(START + 5, b"two")]


def begun(ts: int, number: int, name: str) -> Start:
    return Start(ts, number, Input(name), (b"", 0))


def written(path: Path, data: bytes) -> Input:
    path.write_bytes(data)
    return Input(str(path))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cap", "cap1"),  # tcpdump -C
        ("cap-20260101.pcap", "cap-20260102.pcap"),  # tcpdump -G
        ("cap_00001_20260101080000.pcapng", "cap_00002_20260101090000.pcapng"),  # dumpcap -b
    ],
)
def test_the_names_of_a_set_differ_in_numbers_alone(one: str, other: str) -> None:
    assert stem(one) == stem(other) != stem(f"x{other}")


@pytest.mark.parametrize(
    ("gap", "follows"),
    [(0, True), (MAX_BREAK, True), (MAX_BREAK + 1, False), (-MAX_OVERLAP, True), (-MAX_OVERLAP - 1, False)],
)
def test_a_file_goes_on_within_the_longest_break_and_overlap(gap: int, *, follows: bool) -> None:
    chains = Chains([begun(START + 9 * MAX_OVERLAP + gap, 1, "b")])
    found = chains.behind(begun(START, 2, "a"), START + 9 * MAX_OVERLAP)
    assert (found is not None) == follows
    assert (chains.first() is None) == follows


def test_of_several_that_go_on_the_kin_is_taken_and_else_the_earliest() -> None:
    chains = Chains([begun(START + 2, 1, "west2"), begun(START + 1, 2, "east2"), begun(START + 3, 3, "north")])
    found = [chains.behind(begun(START, 9, name), START) for name in ("west1", "south")]
    assert [each and each.source.name for each in found] == ["west2", "east2"]


def test_nothing_goes_on_behind_a_file_without_packets() -> None:
    assert Chains([begun(START, 1, "a")]).behind(begun(START, 2, "b"), None) is None


def test_the_earliest_capture_comes_first_and_then_the_one_given_first() -> None:
    chains = Chains([begun(START + 1, 1, "c"), begun(START, 2, "a"), begun(START, 3, "b")])
    found = [chains.first() for _ in range(4)]
    assert [each and each.source.name for each in found] == ["a", "b", "c", None]


def test_what_is_no_capture_or_has_no_packet_or_no_time_has_no_start(tmp_path: Path) -> None:
    simple = section() + interface() + block(3, b"\4\0\0\0abcd")
    for number, data in enumerate((b"hello\n", pcap([]), simple, b"")):
        assert start(written(tmp_path / str(number), data), 1, surely=False) is None
    assert start(written(tmp_path / "x", b"hello\n"), 1, surely=True) is None
    found = start(written(tmp_path / "a", pcap(PACKETS)), 7, surely=False)
    assert found is not None
    assert found[:2] == (START, 7)


def test_copies_are_those_of_the_same_packets(tmp_path: Path) -> None:
    data = [
        pcap(PACKETS),
        pcap(PACKETS, order=">"),
        pcap(PACKETS)[:-1],
        pcap([PACKETS[0], Captured(START + 6, b"two")]),
        pcap([PACKETS[0], Captured(START + 5, b"two", 9)]),
        pcap(PACKETS, nanoseconds=True),
    ]
    starts = [start(written(tmp_path / f"{number}", each), number, surely=False) for number, each in enumerate(data)]
    assert copies([each for each in starts if each is not None]) == {1: 0, 5: 0}

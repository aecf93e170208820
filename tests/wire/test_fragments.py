from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, strategies as st

from analyzer.wire import fragments
from analyzer.wire.fragments import Fragments

if TYPE_CHECKING:
    import pytest

CONTENT = bytes(range(200))


@given(st.permutations(range(0, 200, 40)))
def test_a_packet_is_whole_with_its_last_fragment_in_any_order(order: list[int]) -> None:
    waiting = Fragments()
    found = [waiting.add("a", at, CONTENT[at : at + 40], 0, more=at < 160) for at in order]
    assert found == [None] * 4 + [CONTENT]


def test_of_two_fragments_for_one_place_the_first_counts() -> None:
    waiting = Fragments()
    assert waiting.add("a", 0, b"first", 0, more=True) is None
    assert waiting.add("a", 0, b"other", 0, more=True) is None
    assert waiting.add("a", 5, b"end", 0, more=False) == b"firstend"


def test_packets_do_not_mix() -> None:
    waiting = Fragments()
    waiting.add("a", 0, b"a", 0, more=True)
    assert waiting.add("b", 1, b"b", 0, more=False) is None
    assert waiting.add("a", 1, b"!", 0, more=False) == b"a!"


def test_the_packets_that_wait_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "MAX_PACKETS", 2)
    waiting = Fragments()
    for key in "abc":
        waiting.add(key, 0, b"x", 0, more=True)
    assert [waiting.add(key, 1, b"y", 0, more=False) for key in "bca"] == [b"xy", b"xy", None]


def test_the_fragments_of_a_packet_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "MAX_FRAGMENTS", 2)
    waiting = Fragments()
    for at in range(3):
        waiting.add("a", at, b"x", 0, more=True)
    assert waiting.add("a", 3, b"y", 0, more=False) is None


def test_a_packet_is_no_longer_than_ip_allows() -> None:
    waiting = Fragments()
    waiting.add("a", 0, b"x", 0, more=True)
    waiting.add("a", fragments.MAX_PACKET, b"x", 0, more=True)
    assert waiting.add("a", 1, b"y", 0, more=False) is None


def test_a_later_packet_with_the_same_identity_is_not_mixed_with_one_that_was_never_whole() -> None:
    waiting = Fragments()
    waiting.add("a", 0, b"old", 0, more=True)
    assert waiting.add("a", 3, b"!", fragments.LIFETIME + 1, more=False) is None
    assert waiting.add("a", 0, b"new", fragments.LIFETIME + 2, more=True) == b"new!"

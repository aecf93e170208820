from __future__ import annotations

import struct

import pytest
from hypothesis import given, strategies as st

from analyzer.wire import dns
from analyzer.wire.dns import Lookup, parse
from tests.wire.packets import answer, question

NAME = "csms.example"


@pytest.mark.parametrize(("kind", "told"), [(1, "A"), (28, "AAAA")])
def test_a_question_tells_the_name_and_the_kind_of_address(kind: int, told: str) -> None:
    assert parse(question("CSMS.Example", kind=kind)) == Lookup(7, NAME, told)


@pytest.mark.parametrize("kind", [5, 12, 15, 16, 33, 65])
def test_questions_for_anything_but_addresses_are_none(kind: int) -> None:
    assert parse(question(NAME, kind=kind)) is None


def test_an_answer_tells_its_addresses_and_how_long_they_hold() -> None:
    assert parse(answer(NAME, "10.0.0.1", "10.0.0.2")) == Lookup(7, NAME, "A", "NOERROR", ("10.0.0.1", "10.0.0.2"), 300)
    assert parse(answer(NAME, "2001:db8::1", kind=28)) == Lookup(7, NAME, "AAAA", "NOERROR", ("2001:db8::1",), 300)


def test_an_answer_by_way_of_an_alias_holds_as_long_as_the_shortest_of_both() -> None:
    assert parse(answer(NAME, "10.0.0.1", alias=True)) == Lookup(7, NAME, "A", "NOERROR", ("10.0.0.1",), 60)


@pytest.mark.parametrize(("status", "told"), [(2, "SERVFAIL"), (3, "NXDOMAIN"), (5, "REFUSED"), (15, "RCODE15")])
def test_a_failure_is_told_by_its_name(status: int, told: str) -> None:
    assert parse(answer(NAME, status=status)) == Lookup(7, NAME, "A", told)


def test_octets_that_are_no_plain_characters_are_escaped() -> None:
    data = question("x").replace(b"\1x", b"\3\0.\x1b")
    assert parse(data) == Lookup(7, "\\000\\046\\027", "A")


def test_an_answer_that_is_cut_tells_what_was_seen_of_it() -> None:
    whole = answer(NAME, "10.0.0.1", "10.0.0.2")
    assert parse(whole[:-1]) == Lookup(7, NAME, "A", "NOERROR", ("10.0.0.1",), 300)
    assert parse(whole[: len(question(NAME))]) == Lookup(7, NAME, "A", "NOERROR")


def test_a_question_that_is_cut_is_none() -> None:
    whole = question(NAME)
    assert [cut for cut in range(len(whole)) if parse(whole[:cut]) is not None] == []


@pytest.mark.parametrize("name", [b"\xc0\x0c", b"\0", b"\x40" + bytes(64), b"\x3fx" * 300])
def test_a_name_that_points_to_itself_or_is_none_or_too_long_is_refused(name: bytes) -> None:
    assert parse(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + name + b"\0\1\0\1") is None


def test_a_name_may_have_255_octets_and_no_more() -> None:
    longest = ".".join(["x" * 63] * 3 + ["x" * 61])
    assert parse(question(longest)) is not None
    assert parse(question(longest + "x")) is None


def test_records_whose_names_point_in_circles_are_passed_over() -> None:
    head = question(NAME, flags=0x8180, answers=2)
    circle = struct.pack("!H", 0xC000 | len(head)) + struct.pack("!HHIH", 1, 1, 9, 4) + bytes([10, 0, 0, 1])
    assert parse(head + circle * 2) == Lookup(7, NAME, "A", "NOERROR", ("10.0.0.1", "10.0.0.1"), 9)


def test_records_beyond_the_limit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns, "MAX_RECORDS", 2)
    found = parse(answer(NAME, *(f"10.0.0.{number}" for number in range(9))))
    assert found is not None
    assert found.addresses == ("10.0.0.0", "10.0.0.1")


@given(st.binary(max_size=200), st.integers(0, 60))
def test_any_bytes_raise_nothing(data: bytes, cut: int) -> None:
    parse(data)
    parse(answer(NAME, "10.0.0.1", alias=True)[:cut] + data)

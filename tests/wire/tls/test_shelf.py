from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire.tls import shelf
from analyzer.wire.tls.shelf import Row, Shelf

if TYPE_CHECKING:
    import pytest


def filled(*counts: int) -> Shelf:
    made = Shelf()
    for number, count in enumerate(counts, 1):
        for at in range(count):
            made.add(number, Row(at % 2 == 0, at + 1, at * 10, at))
    return made


def kept(made: Shelf, number: int) -> int:
    records = made.of(number)
    return -1 if records is None else len(records)


def test_records_come_back_as_they_were() -> None:
    records = filled(3).of(1)
    assert records is not None
    assert list(records) == [Row(True, 1, 0, 0), Row(False, 2, 10, 1), Row(True, 3, 20, 2)]


def test_those_of_one_connection_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MAX_RECORDS", 5)
    records = filled(8).of(1)
    assert records is not None
    assert (len(records), records.left_out) == (5, 3)


def test_beyond_the_limit_of_all_those_that_sent_most_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MAX_ALL", 100)
    made = filled(10, 80, 20)
    assert [kept(made, number) for number in (1, 2, 3)] == [10, 0, 20]
    made.add(2, Row(True, 1, 1, 1))
    records = made.of(2)
    assert records is not None
    assert (len(records), records.left_out) == (0, 81)


def test_a_connection_of_no_interest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MAX_ALL", 100)
    made = filled(90)
    made.drop(1)
    made.drop(7)
    for at in range(90):
        made.add(2, Row(True, 1, at, at))
    assert (kept(made, 1), kept(made, 2)) == (-1, 90)

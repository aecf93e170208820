from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, strategies as st

from analyzer.sources import order
from analyzer.sources.events import Event, Ignored, Message
from analyzer.sources.order import TOLERANCE, Order

if TYPE_CHECKING:
    import pytest


def at(ts: int | None, origin: int) -> Message:
    return Message(ts, "CP-7", "up", "", origin)


def origins(events: list[Event], restoring: Order | None = None) -> list[int]:
    return [event.origin for event in (restoring or Order()).restored(events)]


def test_lines_that_threads_wrote_out_of_order_are_put_in_order() -> None:
    found = Order()
    assert origins([at(10, 1), at(30, 2), at(20, 3), at(40, 4)], found) == [1, 3, 2, 4]
    assert (found.late, found.first_late, found.set_back) == (1, 3, 0)


def test_lines_of_one_time_stay_as_they_were_written() -> None:
    assert origins([at(10, 1), at(20, 2), at(20, 3), at(20, 4)]) == [1, 2, 3, 4]


def test_a_line_without_a_time_stays_behind_the_one_before_it() -> None:
    assert origins([at(10, 1), at(30, 2), Ignored(3), at(None, 4), at(20, 5)]) == [1, 5, 2, 3, 4]


def test_a_clock_that_is_set_back_changes_no_order() -> None:
    found = Order()
    events: list[Event] = [at(10 * TOLERANCE, 1), at(1, 2), at(2, 3)]
    assert origins(events, found) == [1, 2, 3]
    assert (found.late, found.set_back, found.first_set_back) == (0, 1, 2)


@given(st.lists(st.none() | st.integers(0, 5 * TOLERANCE), max_size=40))
def test_no_line_is_lost_or_doubled(times: list[int | None]) -> None:
    events: list[Event] = [at(ts, origin) for origin, ts in enumerate(times)]
    assert sorted(origins(events)) == list(range(len(times)))


@given(st.lists(st.integers(0, TOLERANCE), max_size=40))
def test_any_disorder_within_the_tolerance_is_mended(times: list[int]) -> None:
    events: list[Event] = [at(ts, origin) for origin, ts in enumerate(times)]
    found = [event.ts for event in Order().restored(events) if isinstance(event, Message)]
    assert found == sorted(times)


def test_the_lines_that_wait_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "MAX_WAITING", 2)
    assert origins([at(30, 1), at(40, 2), at(50, 3), at(10, 4), at(20, 5)]) == [1, 4, 5, 2, 3]


def test_a_line_may_be_late_by_the_tolerance_and_no_more() -> None:
    for late, expected in ((TOLERANCE, [2, 1]), (TOLERANCE + 1, [1, 2])):
        assert origins([at(late, 1), at(0, 2)]) == expected

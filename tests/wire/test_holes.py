from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, strategies as st

from analyzer.wire import holes
from analyzer.wire.events import Hole

if TYPE_CHECKING:
    from analyzer.wire.problems import Problem

MINUTE = 60_000_000


def told(times: list[int]) -> list[Problem]:
    taken = holes.Holes(7)
    found = [
        problem
        for packet, ts in enumerate(times)
        for problem in taken.take(Hole(7, True, 10, ts, packet, "lost"), "station", encrypted=False)
    ]
    return [*found, *taken.rest()]


def test_a_few_holes_are_told_each_by_itself() -> None:
    found = told([5, 5, 6])
    assert [(hole.ts, hole.packet, hole.count, hole.damage, hole.connection) for hole in found] == [
        (5, 0, 1, True, 7),
        (5, 1, 1, True, 7),
        (6, 2, 1, True, 7),
    ]
    assert found[0].detail == "10 bytes of the station are missing: lost"


def test_very_many_holes_are_told_by_the_minute() -> None:
    times = [number * 1000 for number in range(holes.MAX_HOLES + 180_000)]
    found = told(times)
    assert len(found) <= holes.MAX_HOLES + 2 * 4
    assert sum(hole.count for hole in found) == len(times)
    assert found[-1].ts == times[-1]


@given(st.lists(st.integers(0, 20 * MINUTE), min_size=1, max_size=50).map(sorted), st.integers(0, 20 * MINUTE))
def test_every_minute_of_time_that_has_a_hole_has_one_that_is_told(times: list[int], begin: int) -> None:
    found = told([0] * holes.MAX_HOLES + times)
    assert sum(hole.count for hole in found) == holes.MAX_HOLES + len(times)
    span = range(begin, begin + MINUTE + 1)
    assert any(ts in span for ts in times) <= any(hole.ts in span for hole in found)

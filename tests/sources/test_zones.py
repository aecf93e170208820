from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from analyzer.sources import homeassistant
from analyzer.sources.events import Line
from analyzer.sources.zones import NEAR, QUARTER, correct, told
from tests.sources.texts import tables

if TYPE_CHECKING:
    import pyarrow as pa

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


def answer(number: int, logged: datetime, said: datetime | str) -> str:
    time = said if isinstance(said, str) else f"{said:%Y-%m-%dT%H:%M:%SZ}"
    return f'{logged:%Y-%m-%d %H:%M:%S} INFO:ocpp:CP-7: send [3,"{number}",{{"currentTime":"{time}"}}]'


def log_of(shifts: list[timedelta]) -> dict[str, pa.Table]:
    """A log whose times differ from what its CSMS answers."""
    times = [NOON + number * timedelta(minutes=1) for number in range(len(shifts))]
    lines = [answer(number, time + shift, time) for number, (time, shift) in enumerate(zip(times, shifts, strict=True))]
    return tables("\n".join(lines), "mobilityhouse")


@pytest.mark.parametrize(
    ("shift", "zone"),
    [
        (timedelta(hours=1), "UTC+1 h"),
        (timedelta(hours=-5), "UTC-5 h"),
        (timedelta(hours=5, minutes=45), "UTC+5.75 h"),
        (timedelta(hours=2, seconds=3), "UTC+2 h"),
        (timedelta(), "UTC+0 h"),
    ],
)
def test_answers_tell_how_far_local_time_is_from_utc(shift: timedelta, zone: str) -> None:
    made = log_of([shift] * 5)
    assert made["sources"]["zone"].to_pylist() == [f"{zone}, from currentTime in the answers"]
    seconds = timedelta(seconds=shift.seconds % QUARTER if shift.seconds % QUARTER < QUARTER / 2 else 0)
    assert made["messages"]["ts"].to_pylist()[0] == NOON + seconds
    assert made["sources"]["start"].to_pylist()[0] == NOON + seconds
    assert made["issues"].num_rows == 0


def test_one_wrong_answer_among_many_changes_nothing() -> None:
    made = log_of([timedelta(hours=1)] * 9 + [timedelta(hours=7)])
    assert made["sources"]["zone"].to_pylist() == ["UTC+1 h, from currentTime in the answers"]


@pytest.mark.parametrize(
    "shifts", [[timedelta(minutes=7)] * 5, [timedelta(hours=1)] * 3 + [timedelta(hours=2)] * 3, []]
)
def test_answers_that_agree_on_no_zone_tell_none_and_that_is_an_issue(shifts: list[timedelta]) -> None:
    made = (
        tables('2026-02-03 12:00:00 INFO:ocpp:CP-7: send [3,"19",{}]', "mobilityhouse")
        if not shifts
        else log_of(shifts)
    )
    assert made["sources"]["zone"].to_pylist() == ["UTC, assumed"]
    assert "no_zone" in made["issues"]["kind"].to_pylist()


@pytest.mark.parametrize("said", ["2026-02-03T12:00:00", "yesterday, at noon", "2026-99-99T12:00:00Z"])
def test_an_answer_without_a_zone_or_that_is_no_time_tells_nothing(said: str) -> None:
    made = tables(answer(1, NOON, said), "mobilityhouse")
    assert made["sources"]["zone"].to_pylist() == ["UTC, assumed"]


def test_what_the_user_says_is_not_corrected() -> None:
    made = tables(homeassistant.SAMPLE, "homeassistant", UTC)
    assert made["sources"]["zone"].to_pylist() == ["UTC"]
    assert made["messages"]["ts"].to_pylist()[0].hour == 9


def test_times_that_name_their_zone_are_not_corrected() -> None:
    line = '2026-02-03T12:00:00+01:00 INFO ocpp: CP-7: send [3,"1",{"currentTime":"2026-02-03T19:00:00Z"}]'
    made = tables(line, "mobilityhouse")
    assert made["sources"]["zone"].to_pylist() == ["UTC, as the times say"]
    assert made["messages"]["ts"].to_pylist() == [datetime(2026, 2, 3, 11, tzinfo=UTC)]


def test_most_lines_decide_whether_times_name_their_zone() -> None:
    with_zone, without = Line(1, "2026-02-03T04:05:06Z x"), Line(2, "2026-02-03 04:05:06 x")
    assert told([with_zone, with_zone, without])
    assert not told([with_zone, without, without])
    assert not told([])
    assert told([Line(1, "x", "2026-02-03T04:05:06Z")])


@given(st.integers(-56, 56), st.integers(-100, 100))
def test_any_zone_of_the_earth_is_found(quarters: int, seconds: int) -> None:
    shift = timedelta(minutes=15 * quarters)
    made = log_of([shift + timedelta(seconds=seconds)] * 3)
    assert made["messages"]["ts"].to_pylist()[0] == NOON + timedelta(seconds=seconds)


def test_tables_that_are_right_stay_as_they_are() -> None:
    made = log_of([timedelta(hours=1)] * 3)
    again = correct(made)
    assert again["messages"] == made["messages"]


@pytest.mark.parametrize(("wrong", "found"), [(2, True), (3, False)])
def test_four_answers_of_five_must_agree(wrong: int, *, found: bool) -> None:
    made = log_of([timedelta(hours=1)] * (10 - wrong) + [timedelta(hours=7)] * wrong)
    assert (made["sources"]["zone"].to_pylist() == ["UTC+1 h, from currentTime in the answers"]) == found


@pytest.mark.parametrize(("seconds", "found"), [(NEAR - 1, True), (NEAR, False)])
def test_a_shift_must_be_near_to_a_quarter_of_an_hour(seconds: int, *, found: bool) -> None:
    made = log_of([timedelta(hours=1, seconds=seconds)] * 5)
    assert (made["sources"]["zone"].to_pylist() == ["UTC+1 h, from currentTime in the answers"]) == found

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from analyzer.sources.clocks import Clock, dated, told_day

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_a_local_time_is_of_its_zone() -> None:
    assert Clock(BERLIN).read("2026-07-01 12:00:00") == utc("2026-07-01 10:00:00")
    assert Clock(BERLIN).read("2026-01-01 12:00:00") == utc("2026-01-01 11:00:00")


def test_a_time_that_names_its_zone_is_of_that_zone() -> None:
    assert Clock(BERLIN).read("2026-07-01T12:00:00Z") == utc("2026-07-01 12:00:00")
    assert Clock(BERLIN).read("2026-07-01T12:00:00.000000001-0400") == utc("2026-07-01 16:00:00")


def test_the_hour_that_autumn_repeats_goes_on() -> None:
    clock = Clock(BERLIN)
    local = ["02:01:00", "02:59:00", "02:00:00", "02:30:00", "02:59:59", "03:00:00"]
    true = ["00:01:00", "00:59:00", "01:00:00", "01:30:00", "01:59:59", "02:00:00"]
    assert [clock.read(f"2026-10-25 {time}") for time in local] == [utc(f"2026-10-25 {time}") for time in true]


def test_lines_out_of_order_do_not_begin_the_second_pass() -> None:
    clock = Clock(BERLIN)
    found = [clock.read(f"2026-10-25 {time}") for time in ("02:30:10", "02:30:09", "02:30:11")]
    assert found == [utc(f"2026-10-25 {time}") for time in ("00:30:10", "00:30:09", "00:30:11")]


def test_the_hour_that_spring_skips_is_read_all_the_same() -> None:
    assert Clock(BERLIN).read("2026-03-29 02:30:00") == utc("2026-03-29 01:30:00")


@pytest.mark.parametrize(
    "text", ["", "now", "0000-01-01 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "24:00"]
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert Clock(BERLIN).read(text) is None


@given(st.lists(st.datetimes(), max_size=8))
def test_any_time_is_read_in_any_order(times: list[datetime]) -> None:
    clock = Clock(BERLIN)
    for time in times:
        found = clock.read(time.isoformat(" "))
        assert found is None or abs(found - utc(time.isoformat())) < 86_400_000_000


def test_a_time_without_a_year_has_the_nearest() -> None:
    assert dated("Dec 31 23:00:00", date(2026, 1, 2)) == "2025-12-31 23:00:00"
    assert dated("Feb 29 23:00:00", date(2023, 3, 1)) == "2024-02-29 23:00:00"
    assert dated("2026-02-03T04:05:06Z", date(2023, 3, 1)) == "2026-02-03T04:05:06Z"


def test_a_time_whose_year_nothing_tells_is_none() -> None:
    assert dated("Dec 31 23:00:00", None) == ""
    assert dated("Foo 31 23:00:00", date(2026, 1, 2)) == ""


def test_the_day_of_a_log_is_told_by_its_messages() -> None:
    text = r'{"log":"[3,\"1\",{\"currentTime\": \"2026-02-03T08:00:01Z\"}]"}'
    assert told_day('"timestamp":"2026-99-99T" "timestamp":"1960-01-01T" ' + text) == date(2026, 2, 3)
    assert told_day("2026-02-03") is None

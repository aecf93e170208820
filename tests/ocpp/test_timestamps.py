from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from analyzer.ocpp.timestamps import LONGEST, parse

NOON = int(datetime(2026, 2, 3, 12, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-03T12:00:00Z",
        "2026-02-03t12:00:00z",
        "2026-02-03 12:00:00Z",
        "2026-02-03T12:00Z",
        "2026-02-03T12:00:00+00:00",
        "2026-02-03T13:00:00+01:00",
        "2026-02-03T13:00:00+0100",
        "2026-02-03T13:00:00+01",
        "2026-02-03T06:30:00-05:30",
        " 2026-02-03T12:00:00.000Z ",
        "2026-02-03 12:00:00 +00:00",
    ],
)
def test_one_moment_is_read_however_it_is_written(text: str) -> None:
    assert parse(text) == (NOON, True)


def test_a_time_without_a_zone_is_read_as_utc_and_marked() -> None:
    assert parse("2026-02-03T12:00:00") == (NOON, False)


@pytest.mark.parametrize("digits", range(1, 10))
def test_a_fraction_has_one_to_nine_digits(digits: int) -> None:
    fraction = "123456789"[:digits]
    assert parse(f"2026-02-03T12:00:00.{fraction}Z") == (NOON + int(fraction.ljust(6, "0")[:6]), True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-03",
        "12:00:00",
        "2026-02-30T12:00:00Z",
        "2026-02-03T25:00:00Z",
        "2026-02-03T12:00:00.Z",
        "2026-02-03T12:00:00.1234567890Z",
        "2026-02-03T12:00.5Z",
        "2026-02-03T12:00:00+25:00",
        "2026-02-03T12:00:00Zulu",
        "1770120000",
        "\u0662\u0660\u0662\u0666-02-03T12:00:00Z",
        "2026-02-03T12:00:00Z" + " " * LONGEST,
    ],
)
def test_what_is_no_moment_is_nothing(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59"])
def test_the_ends_of_the_calendar_do_not_overflow(text: str) -> None:
    assert parse(text) is not None


@given(st.datetimes(timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))))
def test_what_iso_format_writes_is_read_to_the_microsecond(moment: datetime) -> None:
    assert parse(moment.isoformat()) == ((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1), True)


@given(st.text())
def test_any_text_is_a_moment_or_nothing(text: str) -> None:
    parse(text)

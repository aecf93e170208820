"""Reads the times of logs, which are mostly local and seldom say so."""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
YEARS = range(1970, 9000)
"""Years that are taken for one: shifted by a zone, those near the ends of the calendar leave it."""
BACK = 2 * 60 * 1_000_000
"""Microseconds by which times must go back to mean that the hour is repeated: more than lines that are out of order."""

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905 - names read best as words
_YEARLESS = re.compile(r"(?P<month>[A-Z][a-z]{2}) (?P<day>[ \d]?\d) (?P<time>\d\d:\d\d:\d\d(?:\.\d{1,6})?)")
_TOLD = re.compile(r'"(?:currentTime|timestamp)\\?" ?: ?\\?"(\d{4}-\d\d-\d\d)T')


def told_day(text: str) -> date | None:
    """A day that the messages of a log tell, None where they tell none.

    >>> told_day('[3,"1",{"currentTime":"2026-02-03T08:00:01Z"}]')
    datetime.date(2026, 2, 3)
    """
    for match in _TOLD.finditer(text):
        try:
            day = date.fromisoformat(match[1])
        except ValueError:
            continue
        if day.year in YEARS:
            return day
    return None


def dated(stamp: str, near: date | None) -> str:
    """A time of syslog with the year that puts it nearest to a day; any other text as it is.

    >>> dated("Dec 31 23:59:59", date(2026, 1, 1)), dated("Jan  1 00:00:01.5", date(2025, 12, 31))
    ('2025-12-31 23:59:59', '2026-01-01 00:00:01.5')
    >>> dated("Feb 30 00:00:00", date(2026, 1, 1)), dated("Feb 29 00:00:00", None)
    ('', '')
    """
    match = _YEARLESS.fullmatch(stamp)
    if match is None:
        return stamp
    day = _nearest(match["month"], int(match["day"]), near) if near else None
    return f"{day} {match['time']}" if day else ""


@functools.lru_cache
def _nearest(month: str, day: int, near: date) -> date | None:
    if month not in _MONTHS:
        return None
    found = []
    for year in (near.year - 1, near.year, near.year + 1):
        try:
            found.append(date(year, _MONTHS.index(month) + 1, day))
        except ValueError:  # 29 February
            continue
    return min(found, key=lambda candidate: abs(candidate - near), default=None)


class Clock:
    """The clock of one log. In the hour that autumn repeats, a time that goes back is of the second pass."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._last: int | None = None
        self._again = False

    def read(self, text: str) -> int | None:
        """Microseconds since the epoch of `2026-02-03 04:05:06,789`, also with `/`, `T` or a zone; None where it is no time.

        >>> Clock(UTC).read("2026/02/03 04:05:06.5"), Clock(UTC).read("2026-02-03T05:05:06,5+0100")
        (1770091506500000, 1770091506500000)
        >>> Clock(UTC).read("2026-02-30 04:05:06") is None
        True
        """
        try:
            moment = datetime.fromisoformat(text.replace("/", "-"))
        except ValueError:
            return None
        if not YEARS.start <= moment.year < YEARS.stop:
            return None
        if moment.tzinfo is not None:
            return (moment - EPOCH) // MICROSECOND
        self._last = self._local(moment.replace(tzinfo=self._zone))
        return self._last

    def _local(self, moment: datetime) -> int:
        first = (moment - EPOCH) // MICROSECOND
        second = (moment.replace(fold=1) - EPOCH) // MICROSECOND
        back = self._last is not None and first < self._last - BACK
        self._again = second > first and (back or self._again)
        return second if self._again else first

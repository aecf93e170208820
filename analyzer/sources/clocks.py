"""Reads the times of logs, which are mostly local and seldom say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
YEARS = range(1970, 9000)
"""Years that are taken for one: shifted by a zone, those near the ends of the calendar leave it."""
BACK = 2 * 60 * 1_000_000
"""Microseconds by which times must go back to mean that the hour is repeated: more than lines that are out of order."""


class Clock:
    """The clock of one log. In the hour that autumn repeats, a time that goes back is of the second pass."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._last: int | None = None

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
        moment = moment.replace(tzinfo=self._zone)
        found = (moment - EPOCH) // MICROSECOND
        if self._last is not None and found < self._last - BACK:
            found = max(found, (moment.replace(fold=1) - EPOCH) // MICROSECOND)
        self._last = found
        return found

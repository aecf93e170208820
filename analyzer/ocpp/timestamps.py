"""Timestamps as chargers write them: RFC 3339, and what stands in its place in the field."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime

LONGEST = 40
"""Characters of a timestamp; a longer text is none."""
_SHAPE = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:(?<=:\d\d:\d\d)[.,](\d{1,9}))?\s*(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse(text: str) -> tuple[int, bool] | None:
    """Microseconds since the epoch, and whether the text names its zone; without one it is read as UTC.

    A date alone, a clock without a date and any other text give None. Digits beyond the microsecond are cut.

    >>> parse("1970-01-01T00:00:01Z"), parse("1970-01-01T00:00:01"), parse("yesterday")
    ((1000000, True), (1000000, False), None)
    """
    return _parsed(text) if len(text) <= LONGEST else None


@functools.lru_cache(maxsize=65_536)
def _parsed(text: str) -> tuple[int, bool] | None:
    match = _SHAPE.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone is None or zone in "Zz" else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
    except ValueError:
        return None
    elapsed = moment - _EPOCH
    seconds = elapsed.days * 86_400 + elapsed.seconds
    return seconds * 1_000_000 + int((fraction or "0").ljust(6, "0")[:6]), zone is not None

"""Timestamps as chargers write them: RFC 3339, and what stands in its place in the field."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime

_LONGEST = 40
_SHAPE = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?")


@functools.lru_cache(maxsize=65_536)
def parse(text: str) -> tuple[int, bool] | None:
    """Microseconds since the epoch, and whether the text names its zone; without one it is read as UTC.

    >>> parse("1970-01-01T00:00:01Z"), parse("1970-01-01T00:00:01"), parse("yesterday")
    ((1000000, True), (1000000, False), None)
    """
    match = _SHAPE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    offset = "" if zone is None else "+00:00" if zone in {"Z", "z"} else zone
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    whole = int((moment - _EPOCH).total_seconds())
    return whole * 1_000_000 + int((fraction or "0").ljust(6, "0")[:6]), zone is not None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

"""What a line of trace notation tells of the transport: `* KIND [by SIDE] [column=value ...]`."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

from analyzer.sources.clocks import YEARS
from analyzer.sources.events import Noted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIRECTIONS = {"station": "up", "csms": "down"}
TABLES = {"lookup": "lookups", "certificate": "certificates", "record": "tls_records", "issue": "issues"}
"""Words for a row of another table than `transport`."""
EVENTS = frozenset(
    {
        "syn", "syn_ack", "fin", "rst", "retransmission", "duplicate", "keep_alive", "zero_window", "hole", "icmp", "tls",
    }
)  # fmt: skip
"""The kinds of the table `transport`."""


def noted(ts: int, station: str, origin: int, text: str) -> Noted | None:
    """The row that a line tells, None where it is not understood.

    >>> noted(0, "CP1", 1, "retransmission by station bytes=1400").columns
    {'kind': 'retransmission', 'direction': 'up', 'bytes': 1400}
    >>> noted(0, "CP1", 1, "lookup name=csms.example status=NXDOMAIN").table
    'lookups'
    >>> noted(0, "CP1", 1, "issue by station kind=unmasked_client count=3").table
    'issues'
    """
    kind, *words = text.split() or [""]
    table = TABLES.get(kind, "transport")
    columns: dict[str, object] = {"count": 1, "damage": False} if table == "issues" else {}
    if table == "transport":
        if kind not in EVENTS:
            return None
        columns["kind"] = kind
    if words[:1] == ["by"] and table != "lookups":
        if len(words) < 2 or words[1] not in DIRECTIONS:
            return None
        columns["direction"] = DIRECTIONS[words[1]]
        words = words[2:]
    for word in words:
        name, sign, value = word.partition("=")
        read = COLUMNS[table].get(name)
        if read is None or not sign or (told := read(unquote(value))) is None:
            return None
        columns[name] = told
    if table == "issues" and "kind" not in columns:
        return None
    return Noted(ts, station, origin, table, columns)


def seconds(text: str) -> float | None:
    """A number of seconds, None where it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _text(text: str) -> str | None:
    return text or None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def moment(text: str) -> int | None:
    """A time in microseconds since the epoch, None where it is none; what has no zone is UTC.

    >>> moment("2026-01-01T00:00:00.000002"), moment("noon"), moment("9999-12-31")
    (1767225600000002, None, None)
    """
    time = _calendar(text)
    return _micros(time) if time is not None and time.year in YEARS else None


def _bound(text: str) -> int | None:
    """The same of a validity, which may end with the calendar (RFC 5280 4.1.2.5)."""
    time = _calendar(text)
    return None if time is None else _micros(time)


def _calendar(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _micros(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)


COLUMNS: Mapping[str, Mapping[str, Callable[[str], object]]] = {
    "transport": {"bytes": _whole, "detail": _text, "duration": seconds},
    "tls_records": {"bytes": _whole},
    "issues": {"kind": _text, "count": _whole},
    "lookups": {
        "name": _text, "kind": _text, "client": _text, "server": _text, "tries": _whole, "answered": moment, "status": _text,
        "addresses": _text, "lifetime": seconds,
    },
    "certificates": {
        "position": _whole, "subject": _text, "issuer": _text, "names": _text, "start": _bound, "end": _bound,
        "key": _text, "signature": _text,
    },
}  # fmt: skip
"""What a line may tell of each table, and how its values are read."""

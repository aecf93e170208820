"""Reads texts as logs, for the tests of all sources."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from analyzer.sources import log
from analyzer.sources.events import Event, Line, Message
from analyzer.sources.opener import HEAD, Opened

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    import pyarrow as pa

ACCOUNT = ("messages", "lifecycle", "ignored", "unknown")


def format_called(name: str) -> log.Format:
    """A format by its name."""
    return next(one for one in log.formats() if name == one.NAME)


def tables(data: str | bytes, name: str, zone: tzinfo | None = None) -> dict[str, pa.Table]:
    """The base tables of a text in a named format."""
    data = data.encode() if isinstance(data, str) else data
    return log.read(Opened(data[:HEAD], io.BytesIO(data), []), "a.log", "1", format_called(name), zone, len(data))


def lines(text: str) -> list[Line]:
    """The lines of a text."""
    return [Line(number, line) for number, line in enumerate(text.split("\n"), 1)]


def covered(events: Iterable[Event]) -> list[int]:
    """The numbers of the lines that events account for, as often as they do."""
    return sorted(
        event.origin + more
        for event in events
        for more in range(event.lines if isinstance(event, Message) else 1)
        if event.origin is not None
    )


def account(made: dict[str, pa.Table]) -> tuple[int, int]:
    """How many records an input has, and how many are accounted for."""
    (row,) = made["sources"].to_pylist()
    return row["records"], sum(row[part] or 0 for part in ACCOUNT)

"""Recognises an input that says what another one said already: a copy of it, or the log of what was captured."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from analyzer import schema
from analyzer.kernels.columns import NO_TIME, SECOND, micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pyarrow as pa

OWN = ("source", "connection")
"""Columns that differ between two readings of the same thing."""
SAME = ("direction", "type", "id", "action", "payload")
"""What makes a message the same in a capture and in a log."""
NEARLY = 0.9
"""The share of a station's messages that both tell: a log may shorten or leave out some."""
FEWEST = 10
"""Messages from which on that is believed."""
CLOCKS = 300 * SECOND
"""Microseconds by which the clocks of two inputs may differ."""


class Part(NamedTuple):
    """The base tables of an input, and the span of time of its messages."""

    tables: Mapping[str, pa.Table]
    begin: int
    end: int

    @property
    def captured(self) -> bool:
        """Whether it is a capture, which tells more than a log."""
        return bool(self.tables["sources"]["kind"][0].as_py() == "capture")


def told_once(parts: Iterable[Mapping[str, pa.Table]]) -> list[Mapping[str, pa.Table]]:
    """The base tables of several inputs; one that repeats another is left with an issue that says so.

    Of two that tell the same the capture is kept, else the first.
    """
    kept: list[Part] = []
    for part in map(_spanned, parts):
        kept.append(part)
        for place, other in enumerate(kept[:-1]):
            spare = _spare(part, other)
            if spare is other:
                kept[place] = _emptied(other, part)
            elif spare is part:
                kept[-1] = _emptied(part, other)
                break
    return [part.tables for part in kept]


def _spare(part: Part, other: Part) -> Part | None:
    """The one of two inputs that tells nothing more, if one does."""
    if _same(part.tables, other.tables):
        return part
    worse, better = (other, part) if part.captured and not other.captured else (part, other)
    return worse if _repeats(worse, better) else better if _repeats(better, worse) else None


def _spanned(tables: Mapping[str, pa.Table]) -> Part:
    times = micros(tables["messages"]["ts"])
    times = times[times != NO_TIME]
    return Part(tables, int(times.min()), int(times.max())) if len(times) else Part(tables, NO_TIME, NO_TIME)


def _same(part: Mapping[str, pa.Table], other: Mapping[str, pa.Table]) -> bool:
    messages = part["messages"]
    if not messages.num_rows or messages.num_rows != other["messages"].num_rows:
        return False
    return all(
        messages[name].cast(schema.TEXT).equals(other["messages"][name].cast(schema.TEXT))
        for name in messages.column_names
        if name not in OWN
    )


def _repeats(part: Part, other: Part) -> bool:
    """Whether nearly all messages of an input stand in another, in order and at nearly the same time.

    It lies within the time of the other: of two halves that overlap both are kept.
    """
    count = part.tables["messages"].num_rows
    if count < FEWEST or NO_TIME in {part.begin, other.begin}:
        return False
    if part.begin < other.begin - CLOCKS or part.end > other.end + CLOCKS:
        return False
    own, others = _stations(part.tables), _stations(other.tables)
    if None in own or not own <= others:
        return False
    said, heard = _said(part.tables), _said(other.tables)
    return all(_shared(said[station], heard[station]) >= NEARLY * len(said[station]) for station in said)


def _stations(tables: Mapping[str, pa.Table]) -> set[str | None]:
    return set(tables["messages"]["station"].unique().to_pylist())


def _said(tables: Mapping[str, pa.Table]) -> dict[str, list[tuple[int, tuple[object, ...]]]]:
    """What each station and its CSMS said, and when."""
    messages = tables["messages"]
    stations, times = messages["station"].to_pylist(), micros(messages["ts"]).tolist()
    found: dict[str, list[tuple[int, tuple[object, ...]]]] = {}
    for station, ts, what in zip(stations, times, zip(*(messages[name].to_pylist() for name in SAME), strict=True), strict=True):  # fmt: skip
        found.setdefault(station, []).append((ts, what))
    return found


def _shared(said: Sequence[tuple[int, tuple[object, ...]]], heard: Sequence[tuple[int, tuple[object, ...]]]) -> int:
    """How many messages of one are those of the other in order."""
    places: dict[tuple[object, ...], list[int]] = {}
    for place, (_, what) in enumerate(heard):
        places.setdefault(what, []).append(place)
    found, following = 0, 0
    for ts, what in said:
        candidates = places.get(what, [])
        at = bisect_left(candidates, following)
        if at < len(candidates) and abs(heard[candidates[at]][0] - ts) <= CLOCKS:
            found, following = found + 1, candidates[at] + 1
    return found


def _emptied(part: Part, twin: Part) -> Part:
    tables = part.tables
    source, other = (each["sources"]["source"][0].as_py() for each in (tables, twin.tables))
    count = tables["messages"].num_rows
    detail = f"{source} says what {other} says; its {count} messages are counted once"
    issue = {"source": source, "kind": "repeated_input", "detail": detail, "count": count, "damage": False}
    sources = tables["sources"].to_pylist()
    made = {
        **{name: table.slice(0, 0) for name, table in tables.items()},
        "sources": schema.from_rows("sources", [{**row, "messages": 0, "damaged": False} for row in sources]),
        "issues": schema.from_rows("issues", [issue]),
    }
    return Part(made, NO_TIME, NO_TIME)

"""Recognises an input that says what another one said already: a copy of it, or the log of what was captured."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.kernels.columns import NO_TIME, SECOND, flags, micros, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OWN = ("source", "connection")
"""Columns that differ between two readings of the same thing."""
SAME = ("direction", "type", "id", "payload")
"""What makes a message the same in a capture and in a log; an answer has its action from its call alone."""
FEWEST = 10
"""Messages from which on that is believed."""
CLOCKS = 300 * SECOND
"""Microseconds by which the clocks of two inputs may differ."""


Said = dict[str, list[tuple[int, tuple[object, ...]]]]


class Part(NamedTuple):
    """The base tables of an input, and the span of time of its messages."""

    tables: Mapping[str, pa.Table]
    begin: int
    end: int

    @property
    def captured(self) -> bool:
        """Whether it is a capture, which tells more than a log."""
        return bool(self.tables["sources"]["kind"][0].as_py() == "capture")

    @property
    def connected(self) -> bool:
        """Whether it tells of connections, and not of messages alone."""
        return not flags(self.tables["connections"]["inferred"]).all()


def told_once(parts: Iterable[Mapping[str, pa.Table]]) -> list[Mapping[str, pa.Table]]:
    """The base tables of several inputs; one that repeats another is left with an issue that says so.

    A copy is left out, and a log of which every message stands in another input. A capture is never left out for a log.
    """
    kept: list[Part] = []
    said: dict[int, Said] = {}
    every = [_spanned(tables) for tables in parts]  # held to the end: what is remembered goes by their identity
    for part in every:
        kept.append(part)
        for place, other in enumerate(kept[:-1]):
            spare = _spare(part, other, said)
            if spare is other:
                kept[place] = _emptied(other, part)
            elif spare is part:
                kept[-1] = _emptied(part, other)
                break
    return [part.tables for part in kept]


def _spare(part: Part, other: Part, said: dict[int, Said]) -> Part | None:
    """The one of two inputs that tells nothing more, if one does."""
    if _same(part.tables, other.tables):
        return part
    for less, more in ((part, other), (other, part)):
        richer = more.captured or (more.connected or not less.connected)
        if not less.captured and richer and _repeats(less, more, said):
            return less
    return None


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


def _repeats(part: Part, other: Part, said: dict[int, Said]) -> bool:
    """Whether all messages of an input stand in another, in order and at nearly the same time."""
    count = part.tables["messages"].num_rows
    if count < FEWEST or NO_TIME in {part.begin, other.begin} or count > other.tables["messages"].num_rows:
        return False
    if part.begin < other.begin - CLOCKS or part.end > other.end + CLOCKS:
        return False
    own, others = _stations(part.tables), _stations(other.tables)
    if None in own or not own <= others:
        return False
    told, heard = (said.setdefault(id(each.tables), {}) or _said(each.tables, said) for each in (part, other))
    return all(_within(told[station], heard[station]) for station in told)


def _stations(tables: Mapping[str, pa.Table]) -> set[str | None]:
    return set(tables["messages"]["station"].unique().to_pylist())


def _said(tables: Mapping[str, pa.Table], said: dict[int, Said]) -> Said:
    """What each station and its CSMS said, and when; it is remembered."""
    messages = tables["messages"]
    called = same(messages["type"], "call", "send")
    actions = pc.if_else(pa.array(called), messages["action"].cast(pa.string()), None).to_pylist()
    stations, times = messages["station"].to_pylist(), micros(messages["ts"]).tolist()
    found = said[id(tables)]
    texts = zip(*(messages[name].to_pylist() for name in SAME), actions, strict=True)
    for station, ts, what in zip(stations, times, texts, strict=True):
        found.setdefault(station, []).append((ts, what))
    return found


def _within(said: Sequence[tuple[int, tuple[object, ...]]], heard: Sequence[tuple[int, tuple[object, ...]]]) -> bool:
    """Whether all messages of one are those of the other in order; both are in the order of time."""
    times = [ts for ts, _ in heard]
    first, last = bisect_left(times, said[0][0] - CLOCKS), bisect_right(times, said[-1][0] + CLOCKS)
    places: dict[tuple[object, ...], list[int]] = {}
    for place in range(first, last):
        places.setdefault(heard[place][1], []).append(place)
    following = first
    for ts, what in said:
        candidates = places.get(what, [])
        at = bisect_left(candidates, following)
        if at == len(candidates) or abs(times[candidates[at]] - ts) > CLOCKS:
            return False
        following = candidates[at] + 1
    return True


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

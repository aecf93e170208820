"""Recognises an input that says what another one said already: a copy of it, or the log of what was captured."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.kernels.columns import NO_TIME, SECOND, flags, micros, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OWN = ("source", "connection", "origin")
"""Columns that differ between two readings of the same thing: a set of captures may be given whole and in parts."""
SAME = ("direction", "type", "id", "payload")
"""What makes a message the same in a capture and in a log; an answer has its action from its call alone."""
FEWEST = 10
"""Messages from which on that is believed."""
CLOCKS = 300 * SECOND
"""Microseconds by which the clocks of two inputs may differ."""
Said = tuple[int, tuple[object, ...]]
"""When something was said, and what."""


@dataclass(frozen=True, eq=False)
class Part:
    """The base tables of an input, and what is compared of them."""

    tables: Mapping[str, pa.Table]

    @cached_property
    def span(self) -> tuple[int, int] | None:
        """The times of its first and its last message."""
        times = micros(self.tables["messages"]["ts"])
        times = times[times != NO_TIME]
        return (int(times.min()), int(times.max())) if len(times) else None

    @cached_property
    def captured(self) -> bool:
        """Whether it is a capture, which tells more than a log."""
        return bool(self.tables["sources"]["kind"][0].as_py() == "capture")

    @cached_property
    def connected(self) -> bool:
        """Whether it tells of connections, and not of messages alone."""
        return not flags(self.tables["connections"]["inferred"]).all()

    @cached_property
    def stations(self) -> set[str | None]:
        """The chargers that it tells of; None stands for those that it does not name."""
        return set(self.tables["messages"]["station"].unique().to_pylist())

    @cached_property
    def said(self) -> dict[str, list[Said]]:
        """What each station and its CSMS said."""
        messages = self.tables["messages"]
        called = pa.array(same(messages["type"], "call", "send"))
        actions = pc.if_else(called, messages["action"].cast(pa.string()), None).to_pylist()
        texts = zip(*(messages[name].to_pylist() for name in SAME), actions, strict=True)
        found: dict[str, list[Said]] = {}
        for station, ts, what in zip(
            messages["station"].to_pylist(), micros(messages["ts"]).tolist(), texts, strict=True
        ):
            found.setdefault(station, []).append((ts, what))
        return found


def told_once(parts: Iterable[Mapping[str, pa.Table]]) -> list[Mapping[str, pa.Table]]:
    """The base tables of several inputs; one that repeats another is left with an issue that says so.

    A copy is left out, and a log of which every message stands in another input. A capture is never left out for a log.
    """
    kept: list[Part] = []
    for part in map(Part, parts):
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
    for less, more in ((part, other), (other, part)):
        richer = more.captured or more.connected or not less.connected
        if not less.captured and richer and _repeats(less, more):
            return less
    return None


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
    """Whether all messages of an input stand in another, in order and at nearly the same time."""
    count = part.tables["messages"].num_rows
    if count < FEWEST or count > other.tables["messages"].num_rows or part.span is None or other.span is None:
        return False
    if part.span[0] < other.span[0] - CLOCKS or part.span[1] > other.span[1] + CLOCKS:
        return False
    if None in part.stations or not part.stations <= other.stations:
        return False
    return all(_within(said, other.said[station]) for station, said in part.said.items())


def _within(said: Sequence[Said], heard: Sequence[Said]) -> bool:
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
    other = twin.tables["sources"]["source"][0].as_py()
    return Part(repetition(part.tables["sources"].to_pylist(), other, part.tables["messages"].num_rows))


def repetition(sources: Sequence[Mapping[str, object]], other: str, count: int) -> dict[str, pa.Table]:
    """The base tables of inputs that say what another one says, in `count` messages: an issue that tells so."""
    source = sources[0]["source"]
    more = f" and {len(sources) - 1} more files of its set" if len(sources) > 1 else ""
    detail = f"{source}{more} says what {other} says; its {count} messages are counted once"
    issue = {"source": source, "kind": "repeated_input", "detail": detail, "count": count, "damage": False}
    return {
        **{name: schema.empty(name) for name in schema.names("base")},
        "sources": schema.from_rows("sources", [{**row, "messages": 0, "damaged": False} for row in sources]),
        "issues": schema.from_rows("issues", [issue]),
    }

"""What is said of the outages of a station: how often, how long, and why, grouped by cause."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analyzer.kernels.columns import SECOND
from analyzer.verdict.ranking import CANNOT_TELL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analyzer.kernels.columns import Ints
    from analyzer.plan import Cause

Row = dict[str, Any]
LISTED = 3
"""Up to so many outages of one cause are told with their times."""
BEATLESS = 1.2
"""A gap between Heartbeats is told where it is so many times longer than the outage in it."""
OTHERS = 3
"""How many causes beside the first are told."""


class Group(NamedTuple):
    """The outages of a station with the same first cause."""

    cause: str
    outages: Sequence[Row]
    ranked: Sequence[Row]


def told(outages: Sequence[Row], ranked: Sequence[Row], beats: Ints, causes: Mapping[str, Cause]) -> Row:
    """The sentences, remedy, owner, confidence and what is missing of a station's outages.

    `ranked` is the first cause of each outage, in the same order; `beats` are the times of its Heartbeats.
    """
    groups = _groups(outages, ranked)
    first = groups[0]
    known = [row["duration"] for row in outages if row["duration"] is not None]
    gone = "" if len(known) == len(outages) else "; it was not seen to come back"
    span = f", {length(sum(known))} in all" if known else ""
    dated = len({row["start"].date() for row in outages}) > 1
    sentences = [f"Offline {times(len(outages))}{span}{gone}."]
    sentences.append(_capital(_because(first, len(outages), beats, dated=dated)))
    others = [_other(group, beats, causes, dated=dated) for group in groups[1 : OTHERS + 1]]
    sentences += [_capital("; ".join(others)) + "."] if others else []
    best = max(first.ranked, key=lambda row: row["share"] or 0.0)
    return {
        "sentences": sentences,
        "remedy": _most(first.ranked, "remedy"),
        "owner": best["owner"],
        "confidence": _most(first.ranked, "confidence"),
        "missing": _most(first.ranked, "missing"),
    }


def _groups(outages: Sequence[Row], ranked: Sequence[Row]) -> list[Group]:
    """The outages by cause: what happened most first, what cannot be told after as many that can."""
    grouped: dict[str, list[int]] = {}
    for number, row in enumerate(ranked):
        grouped.setdefault(row["cause"], []).append(number)
    made = [
        Group(name, [outages[number] for number in numbers], [ranked[number] for number in numbers])
        for name, numbers in grouped.items()
    ]
    return sorted(made, key=lambda group: (-len(group.outages), group.cause == CANNOT_TELL))


def _because(group: Group, number: int, beats: Ints, *, dated: bool) -> str:
    """The sentence on the first cause."""
    share = "" if number == 1 else f"{len(group.outages)} of {number} times "
    reason = _reason(group)
    if group.cause == CANNOT_TELL:
        return f"{share}{'w' if share else 'W'}hy cannot be told: {reason}{_when(group, beats, dated=dated)}."
    return f"{share}{reason}{_when(group, beats, dated=dated)}."


def _other(group: Group, beats: Ints, causes: Mapping[str, Cause], *, dated: bool) -> str:
    """A clause on a further cause."""
    if group.cause == CANNOT_TELL:
        title = "why cannot be told"
    else:
        title = _reason(group) or causes[group.cause].title
    return f"{times(len(group.outages))} {title}{_when(group, beats, dated=dated)}"


def _reason(group: Group) -> str:
    """What most of the outages of a group have as their evidence, with the first piece of it alone."""
    pieces = [str(row["evidence_for"] or "") for row in group.ranked]
    chosen = [piece if group.cause == CANNOT_TELL else piece.split("; ")[0] for piece in pieces]
    return Counter(chosen).most_common(1)[0][0]


def _when(group: Group, beats: Ints, *, dated: bool) -> str:
    """When a few outages were, and for how long; nothing where there are many."""
    if len(group.outages) > LISTED:
        return ""
    return f" ({', '.join(_moment(row, beats, dated=dated) for row in group.outages)})"


def _moment(outage: Row, beats: Ints, *, dated: bool) -> str:
    start = outage["start"].astimezone(UTC)
    clock = f"{start:%Y-%m-%d %H:%M:%S}" if dated else f"{start:%H:%M:%S}"
    if outage["duration"] is None:
        return f"from {clock} on"
    return f"{clock} for {length(outage['duration'])}{_beatless(outage, beats)}"


def _beatless(outage: Row, beats: Ints) -> str:
    """The gap between Heartbeats that the outage lies in, where it is much longer: it is what people notice."""
    start, end = (round(outage[name].timestamp() * SECOND) for name in ("start", "end"))
    before, after = np.searchsorted(beats, start, "right") - 1, np.searchsorted(beats, end)
    if before < 0 or after == len(beats):
        return ""
    gap = (beats[after] - beats[before]) / SECOND
    if gap <= BEATLESS * outage["duration"]:
        return ""
    since = datetime.fromtimestamp(beats[before] / SECOND, UTC)
    return f", no Heartbeat for {length(gap)} from {since:%H:%M:%S}"


def _most(rows: Sequence[Row], name: str) -> str | None:
    return Counter(row[name] for row in rows).most_common(1)[0][0]


def times(number: int) -> str:
    """How often.

    >>> times(1), times(17)
    ('once', '17 times')
    """
    return "once" if number == 1 else f"{number} times"


def length(seconds: float) -> str:
    """A length of time in words.

    >>> length(22.9), length(234), length(647), length(60_000)
    ('23 s', '234 s', '11 min', '16.7 h')
    """
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""What is said of the outages of a station: how often, how long, and why, grouped by cause."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analyzer.kernels.columns import SECOND
from analyzer.verdict.ranking import CANNOT_TELL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.kernels.columns import Ints

Row = dict[str, Any]
LISTED = 3
"""Up to so many outages of one cause are told with their times."""
BEATLESS = 1.2
"""A gap between Heartbeats is told where it is so many times longer than the outage in it."""
NO_BEATS = np.empty(0, dtype=np.int64)
OTHERS = 3
"""How many causes beside the first are told."""


class Group(NamedTuple):
    """The outages of a station with the same first cause and the same owner."""

    cause: str
    outages: Sequence[Row]
    ranked: Sequence[Row]


def told(outages: Sequence[Row], ranked: Sequence[Row], beats: Ints) -> Row:
    """The sentences, remedy, owner, confidence and what is missing of a station's outages.

    `ranked` is the first cause of each outage, in the same order; `beats` are the times of its Heartbeats.
    """
    groups = _groups(outages, ranked)
    first = groups[0]
    known = [row["duration"] for row in outages if row["duration"] is not None]
    gone = "" if len(known) == len(outages) else "; it was not seen to come back"
    span = f", {length(sum(known))} in all" if len(outages) > 1 and known else ""
    dated = len({row["start"].date() for row in outages}) > 1
    others = [_clause(group, times(len(group.outages)), beats, dated=dated) for group in groups[1 : OTHERS + 1]]
    share = f"{len(first.outages)} of {len(outages)} times" if len(outages) > 1 else ""
    because = "; ".join([_clause(first, share, beats, dated=dated), *others])
    left = sum(len(group.outages) for group in groups[OTHERS + 1 :])
    return {
        "sentences": [
            f"Offline {times(len(outages))}{span}{gone}.",
            _capital(because) + (f"; {times(left)} for other causes." if left else "."),
        ],
        "remedy": _remedy(groups, dated=dated),
        "owner": _most(first.ranked, "owner"),
        "confidence": _most(first.ranked, "confidence"),
        "missing": _most(first.ranked, "missing"),
    }


def _remedy(groups: Sequence[Group], *, dated: bool) -> str | None:
    """The remedy of the first group, and that of the next with a known cause that has another."""
    first = _most(groups[0].ranked, "remedy")
    for group in groups[1:]:
        other = _most(group.ranked, "remedy")
        if first and other and other != first and group.cause != CANNOT_TELL:
            many = f"the {len(group.outages)} from" if len(group.outages) > 1 else "the one at"
            return f"{first} For {many} {_clock(group.outages[0], dated=dated)}: {_small(other)}"
    return first


def _groups(outages: Sequence[Row], ranked: Sequence[Row]) -> list[Group]:
    """The outages by cause: what happened most first, what cannot be told after as many that can.

    One cause with two owners is told as two: a reboot by order is another thing than one of the charger's own.
    """
    grouped: dict[tuple[str, str | None], list[int]] = {}
    for number, row in enumerate(ranked):
        grouped.setdefault((row["cause"], row["owner"]), []).append(number)
    made = [
        Group(name, [outages[number] for number in numbers], [ranked[number] for number in numbers])
        for (name, _), numbers in grouped.items()
    ]
    return sorted(made, key=lambda group: (-len(group.outages), group.cause == CANNOT_TELL))


def _clause(group: Group, share: str, beats: Ints, *, dated: bool) -> str:
    """How often a cause was the likeliest, why, and when."""
    evidence = _most(group.ranked, "evidence_for") or ""
    if group.cause == CANNOT_TELL:
        reason = f"the cause cannot be told, because {evidence.replace('; ', ', and ')}"
    else:
        reason = Counter(str(row["evidence_for"]).split("; ")[0] for row in group.ranked).most_common(1)[0][0]
    return f"{share} {reason}".strip() + _when(group, beats, dated=dated)


def _when(group: Group, beats: Ints, *, dated: bool) -> str:
    """When a few outages were, and for how long; nothing where there are many."""
    if len(group.outages) > LISTED:
        return ""
    longest = max(group.outages, key=lambda row: row["duration"] or 0.0)
    told = [
        _moment(outage, dated=dated) + _aside(outage, ranked, beats if outage is longest else NO_BEATS)
        for outage, ranked in zip(group.outages, group.ranked, strict=True)
    ]
    return ", " + " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def _moment(outage: Row, *, dated: bool) -> str:
    clock = _clock(outage, dated=dated)
    return f"from {clock} on" if outage["duration"] is None else f"at {clock} for {length(outage['duration'])}"


def _clock(outage: Row, *, dated: bool) -> str:
    start = outage["start"].astimezone(UTC)
    return f"{start:%Y-%m-%d %H:%M:%S}" if dated else f"{start:%H:%M:%S}"


def _aside(outage: Row, ranked: Row, beats: Ints) -> str:
    """What else is worth knowing of one outage: how long no Heartbeat came, and what speaks against its cause."""
    against = (ranked["evidence_against"] or "").split("; ")[0].split(":")[0]
    parts = [_beatless(outage, beats), f"though {against}" if against else ""]
    return f" ({', '.join(filter(None, parts))})" if any(parts) else ""


def _beatless(outage: Row, beats: Ints) -> str:
    """The gap between Heartbeats that the outage lies in, where it is much longer: it is what people notice."""
    if outage["end"] is None:
        return ""
    start, end = (round(outage[name].timestamp() * SECOND) for name in ("start", "end"))
    before, after = np.searchsorted(beats, start, "right") - 1, np.searchsorted(beats, end)
    if before < 0 or after == len(beats):
        return ""
    gap = (beats[after] - beats[before]) / SECOND
    if gap <= BEATLESS * outage["duration"]:
        return ""
    since = datetime.fromtimestamp(beats[before] / SECOND, UTC)
    return f"no Heartbeat for {length(gap)} from {since:%H:%M:%S}"


def _most(rows: Sequence[Row], name: str) -> str | None:
    chosen: str | None = Counter(row[name] for row in rows).most_common(1)[0][0]
    return chosen


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


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

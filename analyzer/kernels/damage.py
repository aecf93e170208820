"""Whether a part of the input was lost in a span of time: what is missing there may have been said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, SECOND, flags, micros

if TYPE_CHECKING:
    from analyzer.kernels.columns import Column, Flags, Ints


NOTICED_WITHIN = 120 * SECOND
"""A loss is noticed when the side that it is of speaks again: it stands so long behind what was lost, and longer where
the next answer comes later."""


def answer_lost(issues: pa.Table, calls: pa.Table, patience: float = 0.0) -> Flags:
    """The calls whose answer may be in a part of the input that was lost, if it came within `patience` seconds."""
    times, wait = micros(calls["ts"]), max(round(patience * SECOND), NOTICED_WITHIN)
    found = lost_between(issues, calls["connection"], calls["source"], times, times + wait)
    holes = issues.filter(issues["connection"].is_valid())
    found |= lost_between(holes, calls["connection"], calls["source"], times, _next_answer(calls, times))
    return found


def _next_answer(calls: pa.Table, times: Ints) -> Ints:
    """When the first answer after each of these times came on the connection of its call; the time itself without one."""
    answers = calls.select(["connection", "answered"]).filter(calls["answered"].is_valid())
    moments = micros(answers["answered"])
    # The first after a time is the last before it, backwards.
    hits = last_before(answers["connection"], -moments, calls["connection"], -(times + 1))
    return np.where(hits >= 0, np.append(moments, NO_TIME)[hits], times)


def lost_between(
    issues: pa.Table, names: Column, sources: Column, begins: Ints, ends: Ints, *, scope: str = "connection"
) -> Flags:
    """For each span of a connection, whether a part of the input was lost in it.

    `issues` is the table; a loss of no connection in particular is one of every connection of its source. `names` and
    `sources` tell the connection and the source of each span, `begins` and `ends` are in microseconds since the epoch,
    both included. With the `scope` station the names are of stations.
    """
    lost = issues.filter(pa.array(flags(issues["damage"]) & (micros(issues["ts"]) != NO_TIME)))
    found = np.zeros(len(begins), dtype=bool)
    known = np.asarray(lost[scope].is_valid(), dtype=bool)
    for of, column, wanted in ((known, scope, names), (~known, "source", sources)):
        rows = lost.filter(pa.array(of))
        times = micros(rows["ts"])
        hits = last_before(rows[column], times, wanted, ends)
        found[hits >= 0] |= times[hits[hits >= 0]] >= begins[hits >= 0]
    return found

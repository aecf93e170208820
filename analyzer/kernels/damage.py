"""Whether a part of the input was lost in a span of time: what is missing there may have been said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, flags, micros

if TYPE_CHECKING:
    from analyzer.kernels.columns import Column, Flags, Ints


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

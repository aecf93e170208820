"""Kernels over named events in any order: what was the last of a name before a time, and the first of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.columns import coded
from analyzer.kernels.sequences import latest

if TYPE_CHECKING:
    from analyzer.kernels.columns import Column, Ints


def last_before(names: Column, times: Ints, wanted: Column, moments: Ints) -> Ints:
    """For each wanted name and moment, the row of the last event of that name at or before that moment, or -1.

    Of events at one time the last row counts. What has no name has no events.

    >>> events, times = pa.array(["b", "a", "a"]), np.array([5, 20, 10])
    >>> last_before(events, times, pa.array(["a", "a", "b", "c"]), np.array([15, 9, 5, 99])).tolist()
    [2, -1, 0, -1]
    """
    order, groups, asked = _sorted(names, times, wanted)
    hits = latest(groups, times[order], asked, moments)
    return np.append(order, -1)[hits]


def first_of(names: Column, times: Ints, wanted: Column) -> Ints:
    """For each wanted name, the row of its first event, or -1.

    >>> first_of(pa.array(["b", "a", "a"]), np.array([5, 20, 10]), pa.array(["a", None, "c"])).tolist()
    [2, -1, -1]
    """
    order, groups, asked = _sorted(names, times, wanted)
    place = np.searchsorted(groups, asked)
    known = np.append(groups, -1)[place] == asked
    return np.where(known & (asked >= 0), np.append(order, -1)[place], -1)


def last_or_first(names: Column, times: Ints, wanted: Column, moments: Ints) -> Ints:
    """For each wanted name and moment, the row of the last event by then, or that of the first after it, or -1.

    >>> events, times = pa.array(["a", "a"]), np.array([10, 20])
    >>> last_or_first(events, times, pa.array(["a", "a", "b"]), np.array([25, 5, 25])).tolist()
    [1, 0, -1]
    """
    hits = last_before(names, times, wanted, moments)
    return np.where(hits < 0, first_of(names, times, wanted), hits)


def _sorted(names: Column, times: Ints, wanted: Column) -> tuple[Ints, Ints, Ints]:
    """The events of wanted names, sorted by name and time; the group of each, and of each wanted name."""
    known = coded(wanted)
    place = pc.fill_null(pc.index_in(names.cast(pa.string()), pa.array(known.names, pa.string())), -1)
    groups = np.asarray(place, dtype=np.int64)
    order = np.lexsort((times, groups))
    order = order[groups[order] >= 0]
    return order, groups[order], known.codes

"""Kernels over sorted sequences: gaps within groups, answers to calls, the value in force at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.kernels.columns import NO_TIME, SECOND

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints, Reals


def gaps(groups: Ints, times: Ints) -> Reals:
    """Seconds since the row before of the same group; NaN for the first of a group or where a time is missing.

    Rows must be sorted by group and time.

    >>> gaps(np.array([0, 0, 1]), np.array([0, 5_000_000, 9_000_000])).tolist()
    [nan, 5.0, nan]
    """
    found = np.full(len(times), np.nan)
    if len(times) > 1:
        known = (groups[1:] == groups[:-1]) & (times[1:] != NO_TIME) & (times[:-1] != NO_TIME)
        found[1:][known] = (times[1:][known] - times[:-1][known]) / SECOND
    return found


def answers(scopes: Ints, ids: Ints, asks: Flags) -> Ints:
    """For each row, the row of the answer to it, or -1.

    `scopes` says which calls and answers may belong together (a connection and who asks), `ids` are message ids as
    integers, `asks` is true for calls. Rows are in order of time. An answer belongs to the last call before it with
    its id, so a call that is repeated with its id is answered once, at its last repeat.

    >>> answers(np.zeros(4, int), np.array([7, 8, 7, 9]), np.array([True, True, False, False])).tolist()
    [2, -1, -1, -1]
    """
    order = np.lexsort((np.arange(len(ids)), ids, scopes))
    found = np.full(len(ids), -1, dtype=np.int64)
    if len(order) > 1:
        first, second = order[:-1], order[1:]
        pairs = asks[first] & ~asks[second] & (ids[first] == ids[second]) & (scopes[first] == scopes[second])
        found[first[pairs]] = second[pairs]
    return found


def latest(groups: Ints, times: Ints, wanted_groups: Ints, wanted_times: Ints) -> Ints:
    """For each wanted (group, time), the last row of that group at or before that time, or -1.

    Rows must be sorted by group and time.

    >>> latest(np.array([0, 0]), np.array([10, 20]), np.array([0, 0, 1]), np.array([15, 5, 30])).tolist()
    [0, -1, -1]
    """
    if not len(times) or not len(wanted_times):
        return np.full(len(wanted_times), -1, dtype=np.int64)
    ranks = np.unique(np.concatenate((times, wanted_times)), return_inverse=True)[1]
    span = len(ranks) + 1  # so a group and a rank are one sortable number
    place = (
        np.searchsorted(groups * span + ranks[: len(times)], wanted_groups * span + ranks[len(times) :], "right") - 1
    )
    return np.where((place >= 0) & (groups[place] == wanted_groups), place, -1)


def longest_run(flags: Flags) -> tuple[int, int]:
    """Start and length of the longest run of true values; (0, 0) where there is none.

    >>> longest_run(np.array([False, True, True, False, True]))
    (1, 2)
    """
    if not flags.any():
        return 0, 0
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best] - starts[best])


def busiest(times: Ints, span: int) -> slice:
    """Which of some sorted times lie in the span that holds the most of them.

    >>> busiest(np.array([0, 10, 11, 12, 30]), 5)
    slice(1, 4, None)
    """
    if not len(times):
        return slice(0, 0)
    counts = np.searchsorted(times, times + span, side="right") - np.arange(len(times))
    first = int(np.argmax(counts))
    return slice(first, first + int(counts[first]))

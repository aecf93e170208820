"""Kernels over meter values: energy from power, the resolution of a meter, registers that go back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.kernels.columns import SECOND

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints, Reals

STEPS = (1000.0, 100.0, 10.0, 1.0, 0.1, 0.01, 0.001)
"""What the last digit of a meter may stand for, in its canonical unit."""
HOUR = 3600 * SECOND
LONGEST_STRAY = 3
"""Readings in a row that may stray from a register's course and come back to it."""


def integral(groups: Ints, times: Ints, powers: Reals, size: int) -> Reals:
    """The energy of each group in Wh: the trapezoids under its power in W. Rows must be sorted by group and time.

    >>> integral(np.array([0, 0, 1]), np.array([0, 1_800_000_000, 0]), np.array([7000.0, 9000.0, 5.0]), 2).tolist()
    [4000.0, 0.0]
    """
    same = groups[1:] == groups[:-1]
    areas = np.where(same, (powers[1:] + powers[:-1]) / 2 * (times[1:] - times[:-1]) / HOUR, 0.0)
    return np.asarray(np.bincount(groups[1:], areas, size), dtype=np.float64)


def resolution(groups: Ints, values: Reals, size: int) -> Reals:
    """What the last digit of each group's values stands for: the largest power of ten that divides them all.

    >>> resolution(np.array([0, 0, 1]), np.array([128_000.0, 131_000.0, 361.25]), 2).tolist()
    [1000.0, 0.01]
    """
    own = np.full(len(values), STEPS[-1])
    for step in reversed(STEPS):
        scaled = values / step
        own[np.abs(scaled - np.rint(scaled)) < 1e-6 + 1e-12 * np.abs(scaled)] = step
    found = np.full(size, STEPS[0])
    np.minimum.at(found, groups, own)
    return found


def usual_rates(groups: Ints, times: Ints, values: Reals, size: int) -> Reals:
    """The median of the rates, per second, at which each group's values rise; 0 where they never do.

    Rows must be sorted by group and time.

    >>> usual_rates(np.zeros(4, int), np.array([0, 1, 2, 3]) * 1_000_000, np.array([0.0, 2, 4, 900]), 1).tolist()
    [2.0]
    """
    spans = (times[1:] - times[:-1]) / SECOND
    rising = (groups[1:] == groups[:-1]) & (spans > 0) & (values[1:] > values[:-1])
    rates, owners = ((values[1:] - values[:-1])[rising] / spans[rising]), groups[1:][rising]
    order = np.lexsort((rates, owners))
    counts = np.bincount(owners, minlength=size)
    found, known = np.zeros(size), counts > 0
    middle = np.cumsum(counts) - counts + (counts - 1) // 2
    found[known] = rates[order][middle[known]]
    return found


def falls(groups: Ints, times: Ints, values: Reals, tolerance: Reals, doubt: Reals) -> Flags:
    """Where a register stands lower than at the row before, and stays so. Rows must be sorted by group and time.

    Up to three readings that stray from its course and come back to it, below (a dip) or above (a spike), are no fall:
    the step that leads back is its depth and more, not one of the usual steps. How many usual steps it must exceed
    beside half of the depth is the `doubt` of each row: 1.5 decides for the likelier of the two. `tolerance` is per row.

    >>> hours = np.arange(5) * 3_600_000_000
    >>> falls(np.zeros(5, int), hours, np.array([100.0, 200, 50, 150, 250]), np.ones(5), np.full(5, 1.5)).tolist()
    [False, False, True, False, False]
    >>> falls(np.zeros(5, int), hours, np.array([100.0, 200, 0, 400, 500]), np.ones(5), np.full(5, 1.5)).any()
    np.False_
    """
    found = np.zeros(len(values), dtype=bool)
    if len(values) < 2:
        return found
    found[1:] = (groups[1:] == groups[:-1]) & (values[1:] < values[:-1] - tolerance[1:])
    rates = usual_rates(groups, times, values, int(groups.max()) + 1)
    rows = np.flatnonzero(found)
    stray = np.zeros(len(rows), dtype=bool)
    for length in range(1, LONGEST_STRAY + 1):
        for before, after, low in ((rows - 1, rows + length, True), (rows - length - 1, rows, False)):
            inside = (before >= 0) & (after < len(values))
            first, last = np.where(inside, before, 0), np.where(inside, after, 0)
            # The step that leads back to the course (after a dip) or away from it (into a spike).
            upper = np.where(inside, last if low else first + 1, 0)
            lower = np.maximum(upper - 1, 0)
            depth = values[first] - values[lower] if low else values[upper] - values[last]
            usual = rates[groups[last]] * (times[upper] - times[lower]) / SECOND
            back = (groups[first] == groups[last]) & (values[last] >= values[first] - tolerance[last])
            stray |= inside & back & (values[upper] - values[lower] > depth / 2 + doubt[rows] * usual)
    found[rows[stray]] = False
    return found

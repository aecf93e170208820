"""Kernels that find the period at which something is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analyzer.kernels.columns import Reals

USUAL = np.array(
    [5, 10, 15, 20, 30, 60, 90, 120, 180, 240, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400], float
)
"""Intervals that people configure, in seconds."""


def habit(gaps: Reals, fewest: int = 5) -> float:
    """The period that most gaps keep: the median of the densest 10 % band; NaN with fewer than `fewest` gaps.

    >>> habit(np.array([60.0, 60.2, 59.9, 60.1, 3.0, 180.0, 60.0]))
    60.0
    """
    ordered = np.sort(gaps[(gaps > 0) & ~np.isnan(gaps)])
    if len(ordered) < fewest:
        return float("nan")
    counts = np.searchsorted(ordered, ordered * 1.1, side="right") - np.arange(len(ordered))
    best = int(np.argmax(counts))
    return round(float(np.median(ordered[best : best + counts[best]])), 3)


def usual(period: float, tolerance: float = 0.05) -> float:
    """The interval that people configure nearest to a period, where it lies within the tolerance; else NaN.

    >>> usual(59.2), usual(47.0)
    (60.0, nan)
    """
    if np.isnan(period):
        return float("nan")
    nearest = float(USUAL[np.argmin(np.abs(USUAL - period))])
    return nearest if abs(nearest - period) <= tolerance * nearest else float("nan")

"""Kernels that find an idle cut-off: how long a connection may be quiet before something ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from analyzer.kernels.columns import Reals


class Window(NamedTuple):
    """The densest window of some values: its lowest value, the median in it, how many fall in it and their share."""

    low: float
    median: float
    count: int
    share: float


class Cutoff(NamedTuple):
    """The gap length that best tells fatal from surviving gaps.

    `youden` is P(gap >= cut | fatal) - P(gap >= cut | survived); the cut lies between `survived`, the longest
    surviving gap below it, and `fatal`, the shortest fatal gap at or above it.
    """

    youden: float
    survived: float
    fatal: float
    deaths: int


def densest_window(values: Reals, ratio: float = 1.02, slack: float = 1.0) -> Window:
    """The window [x, x * ratio + slack] that holds the most values.

    >>> densest_window(np.array([60.0, 60.1, 60.2, 200.0])).count
    3
    """
    ordered = np.sort(values[~np.isnan(values)])
    if not len(ordered):
        return Window(np.nan, np.nan, 0, 0.0)
    counts = np.searchsorted(ordered, ordered * ratio + slack, side="right") - np.arange(len(ordered))
    best = int(np.argmax(counts))
    inside = ordered[best : best + counts[best]]
    return Window(float(inside[0]), float(np.median(inside)), len(inside), len(inside) / len(ordered))


def cutoff(survived: Reals, fatal: Reals) -> Cutoff:
    """The cut between gaps that a connection survived and gaps that it died of, by Youden's J.

    >>> cutoff(np.array([10.0, 30.0, 59.0]), np.array([60.0, 60.1]))
    Cutoff(youden=1.0, survived=59.0, fatal=60.0, deaths=2)
    """
    if not len(fatal):
        return Cutoff(0.0, np.nan, np.nan, 0)
    lived, died = np.sort(survived), np.sort(fatal)
    at_least = 1 - np.searchsorted(died, died, side="left") / len(died)
    outlived = 1 - np.searchsorted(lived, died, side="left") / len(lived) if len(lived) else np.zeros(len(died))
    best = int(np.argmax(at_least - outlived))
    below = lived[lived < died[best]]
    longest = float(below[-1]) if len(below) else 0.0
    return Cutoff(float(at_least[best] - outlived[best]), longest, float(died[best]), len(died))

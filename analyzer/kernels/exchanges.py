"""Kernels that find a message which goes out at regular times, by the sizes of what is sent and answered alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analyzer.kernels.columns import SECOND
from analyzer.kernels.sequences import gaps

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints, Reals

MOST_PAIRS = 64
"""Pairs of sizes that are looked at, the most frequent first: a keep-alive is among them."""
SHARE = 0.75
"""The share of the times between two such messages that must be the same."""


class Exchange(NamedTuple):
    """A message that goes up at regular times and is answered: its size and the answer's, and the seconds between two.

    `rows` are those of the messages that came a period after the one before.
    """

    sent: int
    answered: int
    period: float
    rows: Ints


def regular(
    groups: Ints, times: Ints, sizes: Ints, up: Flags, *, fewest: int = 5, spread: float = 0.05
) -> list[Exchange]:
    """The exchanges of always the same two sizes that recur with one period, the most frequent first.

    `groups` are connections. Rows must be sorted by group and time. An exchange is a row that goes up with the next
    row, that goes down, less than half a period later. At least `fewest` of its periods, and three quarters of them,
    must agree so that their coefficient of variation stays below `spread`. Where the message is sent only if nothing
    else was for a while, the periods with nothing else between decide.

    >>> times = np.arange(12) // 2 * 60_000_000 + np.tile([0, 50_000], 6)
    >>> found = regular(np.zeros(12, int), times, np.tile([66, 88], 6), np.tile([True, False], 6))
    >>> [(each.sent, each.answered, each.period, len(each.rows)) for each in found]
    [(66, 88, 60.0, 5)]
    """
    first = np.flatnonzero(up[:-1] & ~up[1:] & (groups[1:] == groups[:-1]))
    if len(first) <= fewest:
        return []
    pairs, codes, counts = np.unique(
        np.stack((sizes[first], sizes[first + 1])), axis=1, return_inverse=True, return_counts=True
    )
    codes, asked = codes.reshape(-1), np.cumsum(up)
    found = []
    often = np.argsort(-counts, kind="stable")[:MOST_PAIRS]
    for code in often[counts[often] > fewest].tolist():
        rows = first[codes == code]
        between = gaps(groups[rows], times[rows])
        alone = np.append(0, np.diff(asked[rows])) == 1
        lone = np.where(alone, between, np.nan)
        periods = lone if np.count_nonzero(~np.isnan(lone)) >= fewest else between
        fits, period = _agreeing(periods, spread)
        delay = float(np.median(times[rows + 1] - times[rows])) / SECOND
        enough = np.count_nonzero(fits) >= max(fewest, SHARE * np.count_nonzero(~np.isnan(periods)))
        if enough and delay < period / 2:
            sent, answered = pairs[:, code].tolist()
            found.append(Exchange(sent, answered, round(period, 3), rows[fits]))
    return sorted(found, key=lambda each: -len(each.rows))


def _agreeing(periods: Reals, spread: float) -> tuple[Flags, float]:
    """Which periods lie in their densest band, and the median there.

    Values within 1 and 1 + 2 * spread times the lowest vary by less than `spread` (a coefficient of variation).
    """
    ordered = np.sort(periods[periods > 0])
    if not len(ordered):
        return np.zeros(len(periods), dtype=bool), float("nan")
    counts = np.searchsorted(ordered, ordered * (1 + 2 * spread), side="right") - np.arange(len(ordered))
    best = int(np.argmax(counts))
    band = ordered[best : best + counts[best]]
    return (periods >= band[0]) & (periods <= band[-1]), float(np.median(band))

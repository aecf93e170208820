"""Kernels that find an idle cut-off: how long a connection may be quiet before something ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analyzer.kernels.columns import SECOND
from analyzer.kernels.sequences import gaps

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints, Reals

FEWEST = 5
"""Fewest ends of connections that make a pattern: with two or three, chance does."""
SHARE = 0.6
"""The share of the ends that must come after the same quiet time."""
SURE, SURE_IN_A_RACE = 0.9, 0.7
"""The least Youden's J."""
RACE = 0.02
"""How near to the heartbeat interval, as a share of it, a cut-off is a race with it."""
SHORTEST = 5.0
"""Seconds of quiet below which nothing is called a cut-off."""
RATIO, SLACK = 1.02, 1.0
"""A window of quiet times reaches from its lowest to RATIO times it and SLACK seconds more."""
KNOWN = (
    (55, "Heroku's router"),
    (60, "nginx, an AWS load balancer or ocpp-go by default"),
    (100, "Cloudflare"),
    (110, "some chargers that hear nothing"),
    (240, "Azure's load balancer by default"),
    (350, "AWS's network load balancer or NAT gateway"),
    (900, "SteVe's ping interval"),
)
"""Timeouts in seconds that are found in the field, and whose they are."""

CLOCKS = {
    "any": "the last message of either side",
    "up": "the charger's last message",
    "down": "the CSMS's last message",
}
"""What the quiet before an end is counted from."""


class Window(NamedTuple):
    """The densest window of some values: its bounds, the median in it, how many fall in it and their share."""

    low: float
    high: float
    median: float
    members: int
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


def densest_window(values: Reals) -> Window:
    """The window [x, x * RATIO + SLACK] that holds the most values.

    >>> densest_window(np.array([60.0, 60.1, 60.2, 200.0])).members
    3
    """
    ordered = np.sort(values[~np.isnan(values)])
    if not len(ordered):
        return Window(np.nan, np.nan, np.nan, 0, 0.0)
    counts = np.searchsorted(ordered, ordered * RATIO + SLACK, side="right") - np.arange(len(ordered))
    best = int(np.argmax(counts))
    inside = ordered[best : best + counts[best]]
    low = float(inside[0])
    return Window(low, low * RATIO + SLACK, float(np.median(inside)), len(inside), len(inside) / len(ordered))


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


class Quiet(NamedTuple):
    """Quiet times of connections: how long in seconds, and when each was over in microseconds since the epoch."""

    lengths: Reals
    ends: Ints

    def within(self, first: int, last: int) -> Quiet:
        """Those that were over between two times."""
        inside = (self.ends >= first) & (self.ends <= last)
        return Quiet(self.lengths[inside], self.ends[inside])


class Pattern(NamedTuple):
    """An idle cut-off: where its ends lie, how it parts fatal from survived quiet, and the times it was seen between.

    `spread` is how far its ends stray from a whole number of seconds, which is what people configure.
    """

    window: Window
    cut: Cutoff
    first: int
    last: int
    spread: float


def quiet_times(groups: Ints, times: Ints) -> Quiet:
    """The quiet times between signs of life of the same group. Rows must be sorted by group and time.

    >>> quiet_times(np.array([0, 0, 1]), np.array([0, 5_000_000, 9_000_000])).lengths.tolist()
    [5.0]
    """
    lengths = gaps(groups, times)
    known = ~np.isnan(lengths)
    return Quiet(lengths[known], times[known])


def pattern(survived: Quiet, fatal: Quiet, interval: float, *, narrow: bool) -> Pattern | None:
    """The idle cut-off that fatal and survived quiet times show, or None.

    Two things make it: the quiet time before most ends lies in one window (`narrow`; not where an end is noticed only
    at the next message), and Youden's J tells it from what connections survived. The whole time is looked at, then
    the time in which such ends came: a proxy may be in the path for a part of the day. `interval` is the heartbeat
    interval: where the cut-off races with it, a beat sometimes wins, and J may be lower.
    """
    known = ~np.isnan(fatal.lengths)
    fatal = Quiet(fatal.lengths[known], fatal.ends[known])
    if len(fatal.lengths) < FEWEST:
        return None
    found = _in_span(survived, fatal, interval, narrow=narrow)
    if found is not None:
        return found
    first, last = _span(fatal, densest_window(_long(fatal.lengths)) if narrow else None)
    return _in_span(survived.within(first, last), fatal.within(first, last), interval, narrow=narrow)


def device(seconds: float) -> str | None:
    """What is known to cut off idle connections after this time, within 3 %.

    >>> device(60.4)
    'nginx, an AWS load balancer or ocpp-go by default'
    """
    return next((name for limit, name in KNOWN if abs(seconds - limit) <= 0.03 * limit), None)


def races(seconds: float, interval: float) -> bool:
    """Whether a cut-off comes at the heartbeat interval, so that any delay of a beat loses."""
    return abs(seconds - interval) <= RACE * interval


def counted(seconds: float, clock: str, interval: float | None, heard: Reals) -> tuple[float, str]:
    """The quiet time of a cut-off and what it is counted from, in words.

    In a race with the heartbeat interval a server counts from what it reads, where the figures do not say otherwise:
    `heard` are the quiet times of the charger before these ends.

    >>> counted(59.8, "any", 60.0, np.array([60.0, 60.1]))
    (60.05, "the charger's last message")
    """
    known = heard[~np.isnan(heard)]
    if clock != "down" and interval is not None and len(known) and all(races(age, interval) for age in known.tolist()):
        return float(np.median(known)), CLOCKS["up"]
    return seconds, CLOCKS[clock]


def _in_span(survived: Quiet, fatal: Quiet, interval: float, *, narrow: bool) -> Pattern | None:
    window = densest_window(_long(fatal.lengths))
    if len(fatal.lengths) < FEWEST:
        return None
    if narrow and (window.members < FEWEST or window.members / len(fatal.lengths) < SHARE):
        return None
    cut = cutoff(survived.lengths, fatal.lengths)
    if cut.youden < (SURE_IN_A_RACE if races(window.median, interval) else SURE) or cut.fatal < SHORTEST:
        return None
    first, last = _span(fatal, window if narrow else None)
    nearest = round(window.median)
    inside = fatal.lengths[(fatal.lengths >= window.low) & (fatal.lengths <= window.high)]
    return Pattern(window, cut, first, last, float(np.median(np.abs(inside - nearest))))


def _long(lengths: Reals) -> Reals:
    return lengths[lengths >= SHORTEST]


def _span(fatal: Quiet, window: Window | None) -> tuple[int, int]:
    """The times between which the ends in a window came, from the beginning of the first one's quiet."""
    inside = np.ones(len(fatal.ends), dtype=bool)
    if window is not None:
        inside = (fatal.lengths >= window.low) & (fatal.lengths <= window.high)
    if not inside.any():
        return 0, 0
    begins = fatal.ends[inside] - np.rint(fatal.lengths[inside] * SECOND).astype(np.int64)
    return int(begins.min()), int(fatal.ends[inside].max())

"""What the checks of attempts to connect share: what was seen of them, and which failures a charger got over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station
from analyzer.checks.websocket.ends import established
from analyzer.kernels.columns import NO_TIME, SECOND, micros, wholes
from analyzer.kernels.sequences import busiest

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags, Ints


def by_packets(connections: pa.Table) -> Flags:
    """The connections that packets show: they alone tell the charger's port, and what they do not show was not sent."""
    found: Flags = wholes(connections["client_port"]) >= 0
    return found


def overcome(connections: pa.Table, failed: Flags, within: float) -> Flags:
    """The failed attempts of a charger that was heard on another connection then, or on one that it began at once.

    So it is with a charger that tries several addresses (RFC 8305) or versions of TLS, or whose old connection lives.
    """
    came_up = established(connections) & ~failed
    times, heard = micros(connections["ts"]), micros(connections["last_up"])
    found = np.zeros(connections.num_rows, dtype=bool)
    for _, rows in by_station(connections):
        others = rows[came_up[rows]]
        for row in rows[failed[rows]].tolist():
            until = times[row] + round(within * SECOND)
            found[row] = ((times[others] <= until) & (heard[others] >= times[row])).any()
    found &= times != NO_TIME
    return found


def spans(outages: pa.Table) -> dict[str, tuple[Ints, Ints]]:
    """When the outages of each station began and ended."""
    starts, ends = micros(outages["start"]), micros(outages["end"])
    return {station: (starts[rows], ends[rows]) for station, rows in by_station(outages)}


def within_one(outages: tuple[Ints, Ints] | None, times: Ints) -> bool:
    """Whether all these times lie within one of a station's outages, of which the begins and the ends are given."""
    if outages is None:
        return False
    starts, ends = outages
    return bool(((starts <= times.min()) & (times.max() <= ends)).any())


def most_within(times: Ints, window: float) -> int:
    """How many of some sorted times lie within so many seconds, where the most of them do."""
    return len(times[busiest(times, round(window * SECOND))])

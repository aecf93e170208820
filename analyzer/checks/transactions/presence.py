"""How long a charger stayed connected after some moment: what it had queued it could have sent then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station
from analyzer.kernels.columns import NO_TIME, SECOND, micros, same

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints


class Presence:
    """The charger's last request and the outages of each station."""

    def __init__(self, calls: pa.Table, outages: pa.Table) -> None:
        up = calls.filter(pa.array(same(calls["direction"], "up")))
        times = micros(up["ts"])
        self._last = {station: int(times[rows].max()) for station, rows in by_station(up)}
        self._starts, self._ends = micros(outages["start"]), micros(outages["end"])
        self._outages = dict(by_station(outages))

    def last(self, station: str) -> int:
        """When the charger last requested something."""
        return self._last.get(station, NO_TIME)

    def offline(self, station: str) -> bool:
        """Whether the charger is offline at the end of the input."""
        return bool((self._ends[self._rows(station)] == NO_TIME).any())

    def longest(self, station: str, since: int) -> float:
        """The longest time in seconds that the charger was connected in one piece since a moment."""
        until = self.last(station)
        if until <= since:
            return 0.0
        rows = self._rows(station)
        starts, ends = self._starts[rows], self._ends[rows]
        ends = np.where(ends == NO_TIME, until, ends)
        cut = (starts < until) & (ends > since)
        begins = np.append(since, ends[cut])
        stops = np.append(starts[cut], until)
        return float((stops - begins).max()) / SECOND

    def _rows(self, station: str) -> Ints:
        return self._outages.get(station, np.zeros(0, dtype=np.int64))

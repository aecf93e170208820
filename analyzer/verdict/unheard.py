"""Chargers that fell silent before the input ends, without a word of how: no fault that is proven, and not fine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, same
from analyzer.kernels.sequences import gaps
from analyzer.kernels.watched import watched_until
from analyzer.ocpp.in_force import interval_in_force
from analyzer.verdict.offline import length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.kernels.columns import Ints, Reals

SHORTEST, INTERVALS, QUIETS = 300.0, 3, 2
"""A charger fell silent after so many seconds, heartbeat intervals, and times its longest quiet on a live connection."""
UNKNOWN_INTERVAL = 1200.0
"""The interval that counts where none is known."""


def unheard(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """Since when each charger was not heard any more, in words; those are left out that were heard to the end.

    What ends with its connection is an outage, and told as such.
    """
    connections, sources = tables["connections"], tables["sources"]
    stations = coded(connections["station"])
    heard, until = (np.full(len(stations.names), NO_TIME) for _ in range(2))
    known = stations.codes >= 0
    for name in ("ts", "last_up"):
        np.maximum.at(heard, stations.codes[known], micros(connections[name])[known])
    np.maximum.at(until, stations.codes[known], _ends(connections, sources)[known])
    interval, _ = interval_in_force(
        tables["settings"], pa.chunked_array([pa.array(stations.names, pa.string())]), heard
    )
    limit = np.maximum(INTERVALS * np.where(np.isnan(interval), UNKNOWN_INTERVAL, interval), SHORTEST)
    limit = np.maximum(limit, QUIETS * _longest_quiet(tables["messages"], stations.names))
    ended = _ended(tables)
    return {
        name: _told(int(heard[code]), int(until[code]))
        for code, name in enumerate(stations.names)
        if name not in ended and heard[code] != NO_TIME and (until[code] - heard[code]) / SECOND > limit[code]
    }


def _ends(connections: pa.Table, sources: pa.Table) -> Ints:
    """For each connection the end of the input that tells of it."""
    ends = watched_until(sources)
    return np.array([ends.get(name, NO_TIME) for name in connections["source"].to_pylist()], dtype=np.int64)


def _longest_quiet(messages: pa.Table, names: list[str]) -> Reals:
    """The longest time between two messages of each of these chargers on one connection."""
    up = messages.filter(pa.array(same(messages["direction"], "up")))
    connection, times, stations = coded(up["connection"]).codes, micros(up["ts"]), coded(up["station"])
    order = np.lexsort((times, connection))
    quiet, codes = np.nan_to_num(gaps(connection[order], times[order])), stations.codes[order]
    longest = np.zeros(len(stations.names) + 1)
    np.maximum.at(longest, codes, quiet)
    found = dict(zip(stations.names, longest, strict=False))
    return np.array([found.get(name, 0.0) for name in names], dtype=np.float64)


def _ended(tables: Mapping[str, pa.Table]) -> set[str]:
    """The chargers of which an outage was seen to begin and not to end."""
    outages = tables["outages"]
    return set(outages["station"].filter(outages["end"].is_null()).to_pylist())


def _told(heard: int, until: int) -> str:
    since, end = (datetime.fromtimestamp(moment / SECOND, UTC) for moment in (heard, until))
    clock = f"{since:%H:%M:%S}" if since.date() == end.date() else f"{since:%Y-%m-%d %H:%M:%S}"
    return f"not heard since {clock}, {length((until - heard) / SECOND)} before the input ends"

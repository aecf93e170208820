"""The server's read deadline equals the heartbeat interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.causes.idle import cut_off, races
from analyzer.kernels.idle import counted
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

SIDES = {"csms": "the CSMS closed the connection", "middle": "something between closed the connection"}


@cause(
    "read_deadline",
    "The server's read deadline equals the heartbeat interval",
    owner="CSMS",
    remedy="Raise the server's read timeout to three heartbeat intervals, and the idle timeout of a proxy in the path; "
    "or shorten the heartbeat interval to a third.",
)
def read_deadline(outages: pa.Table, idle_patterns: pa.Table) -> list[Clue]:
    """Connections end when the charger was quiet for just the heartbeat interval: a beat that is late loses the race.

    Speaks for it: one age at the ends, within 2 % of the interval, told apart from what connections survived.
    """
    fitting: dict[str, list[tuple[int, dict[str, Any], dict[str, Any]]]] = {}
    for number, outage, pattern in cut_off(outages, idle_patterns):
        if races(pattern):
            fitting.setdefault(outage["station"], []).append((number, outage, pattern))
    return [clue for ends in fitting.values() for clue in _of_station(ends)]


def _of_station(ends: Sequence[tuple[int, dict[str, Any], dict[str, Any]]]) -> Iterator[Clue]:
    pattern = ends[0][2]
    interval = pattern["interval"]
    heard = np.array([outage["idle_up"] for _, outage, _ in ends], dtype=np.float64)
    seconds, after = counted(pattern["seconds"], pattern["clock"], interval, heard)
    remedy = (
        f"Raise the server's read timeout to three heartbeat intervals ({3 * interval:g} s) or more, and the idle "
        f"timeout of a proxy in the path; or shorten the heartbeat interval to {max(interval / 3, 1):.0f} s."
    )
    for number, outage, _ in ends:
        by = SIDES.get(outage["end_side"], "the connection was ended")
        told = f"{by} {seconds:.1f} s after {after}, and the heartbeat interval is {interval:g} s too"
        yield Clue(number, 3.5, f"{told}, so any delay loses the race", remedy=remedy)
        yield Clue(number, 1.5, f"{pattern['count']} of {pattern['ends']} ends came after that quiet")

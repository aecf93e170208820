"""The server's read deadline equals the heartbeat interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.causes.idle import CLOCKS, fitting, races
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa


@cause(
    "read_deadline",
    "The server's read deadline equals the heartbeat interval",
    owner="CSMS",
    remedy="Raise the server's read timeout to three heartbeat intervals, or shorten the heartbeat interval to a third.",
)
def read_deadline(outages: pa.Table, idle_patterns: pa.Table) -> list[Clue]:
    """Connections end when the charger was quiet for just the heartbeat interval: a beat that is late loses the race.

    Speaks for it: one age at the ends, within 2 % of the interval, told apart from what connections survived.
    """
    clues = []
    for number, pattern, age in fitting(outages, idle_patterns, "hard"):
        if not races(pattern):
            continue
        by = "the CSMS" if outages["end_side"][number].as_py() == "csms" else "the server's side"
        clues += [
            Clue(
                number,
                3.5,
                f"{by} ended the connection {pattern['seconds']:.1f} s after {CLOCKS[str(pattern['clock'])]}, "
                f"and the heartbeat interval is {pattern['interval']:g} s too, so any delay loses the race",
            ),
            Clue(
                number, 1.5, f"{pattern['count']} of {pattern['ends']} ends came at that age, this one at {age:.1f} s"
            ),
        ]
    return clues

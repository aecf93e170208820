"""The charger lost its power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.causes.boots import boots_after, commanded, lost_power
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa

ORDERLY = frozenset({"close", "fin"})


@cause(
    "power_loss",
    "The charger lost its power",
    owner="site",
    remedy="Check the supply of the site: breaker, residual-current device, upstream cut; see whether its neighbours booted too.",
)
def power_loss(outages: pa.Table, boots: pa.Table, calls: pa.Table) -> list[Clue]:
    """The charger says after its boot that power was lost (OCPP 1.6 7.36 PowerLoss; 2.x boot reason PowerUp).

    A connection that ended in order speaks against it: a charger without power says no goodbye. So does a command.
    """
    kinds, sides = outages["end_kind"].to_pylist(), outages["end_side"].to_pylist()
    clues = []
    for number, boot in boots_after(outages, boots):
        if boot is None or not lost_power(boot):
            continue
        clues.append(Clue(number, 4.0, f"the charger booted: {boot['detail']}"))
        if kinds[number] in ORDERLY and sides[number] == "station":
            clues.append(Clue(number, -2.0, "the charger ended the connection in order"))
        else:
            clues.append(Clue(number, 0.5, "the connection ended without a word from the charger"))
        command = commanded(calls, str(boot["station"]), boot["ts"])
        if command:
            clues.append(Clue(number, -1.0, f"the CSMS had sent {command} before"))
    return clues

"""The charger lost its power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.causes.boots import boots_after, lost_power
from analyzer.causes.orders import orders_before
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

    A connection that ended in order speaks against it: a charger without power says no goodbye. So does an order of
    the CSMS just before: some chargers take any restart for a loss of power.
    """
    orders = orders_before(outages, calls)
    clues = []
    for number, outage, boot in boots_after(outages, boots):
        told = lost_power(boot) if boot is not None and boot["kind"] == "reboot" else None
        if told is None:
            continue
        clues.append(Clue(number, told[0], f"the charger lost its power: {told[1]}"))
        if outage["end_side"] == "station" and outage["end_kind"] in ORDERLY:
            clues.append(Clue(number, -2.0, "the charger ended the connection in order"))
        elif outage["end_side"] != "csms":
            clues.append(Clue(number, 0.5, "the connection ended without a word from the charger"))
        order = orders[number]
        if order:
            clues.append(Clue(number, -order.weight, order.words))
    return clues

"""The charger lost its power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.causes.boots import boots_after, lost_power, said_goodbye
from analyzer.causes.orders import orders_before
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa


@cause(
    "power_loss",
    "The charger lost its power",
    owner="site",
    remedy="Check the supply of the site: breaker, residual-current device, upstream cut; see whether its neighbours booted too.",
)
def power_loss(outages: pa.Table, boots: pa.Table, calls: pa.Table) -> list[Clue]:
    """The charger says after its boot that power was lost (OCPP 1.6 7.36 PowerLoss; 2.x boot reason PowerUp).

    A connection that ended in order speaks against it: a charger without power says no goodbye, and one to which the
    CSMS said it was alive. So does an order of the CSMS just before: some chargers take any restart for a loss of power,
    and some give PowerUp as the reason of each boot. That the CSMS ended the connection without a reason, or with the
    code for its own failures, speaks less against it: so it gives up a charger that fell silent.
    """
    orders = orders_before(outages, calls)
    clues = []
    for number, outage, boot in boots_after(outages, boots):
        told = lost_power(boot) if boot is not None and boot["kind"] == "reboot" else None
        if told is None:
            continue
        clues.append(Clue(number, told[0], f"the charger lost its power: {told[1]}"))
        clues.append(_end(number, outage))
        order = orders[number]
        if order:
            clues.append(Clue(number, -order.weight, order.words))
    return clues


def _end(number: int, outage: dict[str, Any]) -> Clue:
    """What the end of the connection says: the charger's silence speaks for a loss of power."""
    if said_goodbye(outage):
        return Clue(number, -4.0, "the connection was closed with a close frame")
    if outage["end_side"] == "csms":
        return Clue(number, -2.0, "the CSMS ended the connection")
    if outage["end_side"] == "station" and outage["end_kind"] == "fin":
        return Clue(number, -2.0, "the charger ended the connection in order")
    return Clue(number, 0.5, "the connection ended without a word from the charger")

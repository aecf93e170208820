"""The charger rebooted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.causes.boots import boots_after, commanded, lost_power
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa


@cause(
    "reboot",
    "The charger rebooted",
    owner="charger",
    remedy="Find out what made it reboot: a command, its firmware's log, its supply.",
)
def reboot(outages: pa.Table, boots: pa.Table, calls: pa.Table) -> list[Clue]:
    """A boot with evidence of a reboot ends the outage.

    Speaks for it: the boot's reason, a Reset or a change of configuration before it, message ids that start again.
    Speaks against it: the charger reconnects without a boot. A loss of power is its own cause.
    """
    clues = []
    for number, boot in boots_after(outages, boots):
        if boot is None:
            clues.append(Clue(number, -2.0, "the charger reconnected without a boot"))
            continue
        if boot["kind"] != "reboot":
            continue
        clues.append(Clue(number, 3.0, f"the charger booted: {boot['detail']}"))
        command = commanded(calls, str(boot["station"]), boot["ts"])
        if command:
            clues.append(Clue(number, 1.0, f"the CSMS had sent {command} before"))
        if lost_power(boot):
            clues.append(Clue(number, -1.5, "it lost its power"))
    return clues

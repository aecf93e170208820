"""What the causes that end in a boot share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from analyzer.kernels.columns import same

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOT_WITHIN = timedelta(seconds=180)
COMMAND_WITHIN = timedelta(minutes=10)
COMMANDS = ("Reset", "UpdateFirmware", "SignedUpdateFirmware", "ChangeConfiguration", "SetVariables")
POWER = ("PowerLoss", "PowerUp")


def boots_after(outages: pa.Table, boots: pa.Table) -> Iterator[tuple[int, dict[str, object] | None]]:
    """Each ended outage's row with the boot that followed it within three minutes, None where there was none."""
    booted = boots.to_pylist()
    for number, outage in enumerate(outages.select(["station", "start", "end"]).to_pylist()):
        start, end = outage["start"], outage["end"]
        if end is None:
            continue
        after = (
            row
            for row in booted
            if row["station"] == outage["station"] and row["ts"] and start <= row["ts"] <= end + BOOT_WITHIN
        )
        yield number, next(after, None)


def commanded(calls: pa.Table, station: str, moment: object) -> str | None:
    """What the CSMS had ordered in the ten minutes before, that makes chargers reboot."""
    orders = calls.filter(
        pa.array(same(calls["action"], *COMMANDS) & same(calls["direction"], "down") & same(calls["station"], station))
    )
    for row in reversed(orders.select(["ts", "action"]).to_pylist()):
        if row["ts"] and row["ts"] <= moment and moment - row["ts"] <= COMMAND_WITHIN:
            return str(row["action"])
    return None


def lost_power(boot: dict[str, object]) -> bool:
    """Whether the evidence for a reboot tells of lost power."""
    return any(word in str(boot["detail"]) for word in POWER)

"""What the causes that end in a boot share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from analyzer.kernels.columns import same

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOT_WITHIN = timedelta(seconds=180)
"""A boot this soon after the new connection belongs to the outage before it."""
LOST_POWER = {
    "PowerLoss": (4.0, "after its boot it ended a transaction with reason PowerLoss"),
    "PowerUp": (3.0, "it booted with reason PowerUp"),
}
"""What tells of lost power, and how surely: some chargers give PowerUp at each boot."""

GIVES_UP = 1011
"""The code of an error in the server, by which servers also close when nobody answers their keep-alive pings."""


def said_goodbye(outage: dict[str, Any]) -> bool:
    """Whether the connection before an outage was closed with a close frame by a side that was not just left alone."""
    return bool(outage["end_kind"] == "close" and outage["close_code"] != GIVES_UP)


def closed_by_csms(outage: dict[str, Any]) -> bool:
    """Whether the CSMS said goodbye."""
    return said_goodbye(outage) and outage["end_side"] == "csms"


def boots_after(outages: pa.Table, boots: pa.Table) -> Iterator[tuple[int, dict[str, Any], dict[str, Any] | None]]:
    """Each ended outage's row number, the outage, and the boot on the connection that ended it, None where none was.

    Of several boots within three minutes a reboot counts first.
    """
    following = outages["next_connection"].drop_null().cast(pa.string())
    booted: dict[object, list[dict[str, Any]]] = {}
    for row in boots.filter(pa.array(same(boots["connection"], *following.to_pylist()))).to_pylist():
        booted.setdefault(row["connection"], []).append(row)
    for number, outage in enumerate(outages.to_pylist()):
        end = outage["end"]
        if end is None:
            continue
        near = [
            row for row in booted.get(outage["next_connection"], ()) if row["ts"] and row["ts"] <= end + BOOT_WITHIN
        ]
        yield number, outage, next((row for row in near if row["kind"] == "reboot"), next(iter(near), None))


def lost_power(boot: dict[str, Any]) -> tuple[float, str] | None:
    """How surely the evidence for a reboot tells of lost power, and in which words; None where it does not."""
    return next((told for word, told in LOST_POWER.items() if word in str(boot["detail"])), None)

"""What the tests of causes share: the ranked causes of each outage in a trace, and lives of a charger to end."""

from __future__ import annotations

from typing import Any

from analyzer import engine
from analyzer.causes import causes
from analyzer.verdict.ranking import rank_causes
from tests.manuals import workspace

BOOT = """
08:00:00.2 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
08:00:00.3 CP1 < = {"currentTime": "2026-01-01T08:00:00Z", "interval": %d, "status": "Accepted"}
"""
LIVES = """
08:00:00x7/300s CP1 + ocpp1.6
08:00:01x7/300s CP1 > Heartbeat#a$(i)
08:00:01.1x7/300s CP1 < =#a$(i) {}
08:00:31x7/300s CP1 > Heartbeat#b$(i)
08:00:31.1x7/300s CP1 < =#b$(i) {}
"""
"""Seven connections, each with two heartbeats, the last at 31 s; a test says how they end."""


def lives(end: str, interval: int = 300) -> str:
    """Seven lives that end alike; the heartbeat interval is ordered at the first boot."""
    first, *rest = LIVES.strip().splitlines()
    return "\n".join([first, *(BOOT % interval).strip().splitlines(), *rest, end])


def ranked(text: str) -> list[list[dict[str, Any]]]:
    """The causes of each outage, the likeliest first."""
    space = workspace(text)
    outages = space.table("outages")
    rows = rank_causes(outages, causes(), engine.weigh(causes(), space)[0]).to_pylist()
    return [
        [row for row in rows if (row["station"], row["start"]) == key]
        for key in zip(outages["station"].to_pylist(), outages["start"].to_pylist(), strict=True)
    ]


def first(text: str) -> dict[str, Any]:
    """The likeliest cause of the only outage."""
    (outage,) = ranked(text)
    return outage[0]


def names(text: str) -> set[str]:
    """The likeliest causes of all outages."""
    return {outage[0]["cause"] for outage in ranked(text)}

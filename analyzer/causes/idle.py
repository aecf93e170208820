"""What the causes of idle cut-offs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from analyzer.kernels import idle
from analyzer.kernels.columns import same

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOCKS = {"any": "any message", "up": "the charger's last message", "down": "the CSMS's last message"}


def fitting(outages: pa.Table, patterns: pa.Table, kind: str) -> Iterator[tuple[int, dict[str, object], float]]:
    """Each outage that fits its station's pattern: its row, the pattern, and the quiet time before its end."""
    found = {row["station"]: row for row in patterns.filter(pa.array(same(patterns["kind"], kind))).to_pylist()}
    for number, outage in enumerate(outages.to_pylist()):
        pattern = found.get(outage["station"])
        if pattern is None or outage["boot"] == "reboot":
            continue
        age = outage[f"idle_{pattern['clock']}"]
        if (
            age is not None
            and age >= pattern["fatal"] * 0.999
            and (kind == "silent" or age <= pattern["seconds"] * idle.RATIO + idle.SLACK)
        ):
            yield number, pattern, age


def races(pattern: dict[str, object]) -> bool:
    """Whether the cut-off comes at the heartbeat interval, so that any delay of a beat loses."""
    interval, seconds = pattern["interval"], pattern["seconds"]
    return isinstance(interval, float) and isinstance(seconds, float) and idle.races(seconds, interval)

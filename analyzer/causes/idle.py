"""What the causes of idle cut-offs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from analyzer.kernels import idle
from analyzer.kernels.columns import same

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDINGS = frozenset({"close", "fin", "rst", "timeout", "lost"})
OTHER_REASONS = frozenset({1002, 1003, 1007, 1008, 1009, 1010, 1012, 1013})
"""Close codes that say another reason than idleness (RFC 6455 7.4.1)."""


def patterns_of(idle_patterns: pa.Table, kind: str) -> dict[str, dict[str, Any]]:
    """The pattern of each station that has one of this kind."""
    rows = idle_patterns.filter(pa.array(same(idle_patterns["kind"], kind))).to_pylist()
    return {row["station"]: row for row in rows}


def cut_off(outages: pa.Table, idle_patterns: pa.Table) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Each outage that fits its station's pattern of idle cut-offs: row number, outage and pattern.

    It must have come at that age, while the pattern was seen, and not by the charger's own will.
    """
    patterns = patterns_of(idle_patterns, "hard")
    for number, outage in enumerate(outages.to_pylist()):
        pattern = patterns.get(outage["station"])
        if pattern is None or not _may_be_cut(outage):
            continue
        age = outage[f"idle_{pattern['clock']}"]
        near = age is not None and pattern["fatal"] * 0.999 <= age <= pattern["seconds"] * idle.RATIO + idle.SLACK
        if near and pattern["start"] <= outage["noticed"] <= pattern["end"]:
            yield number, outage, pattern


def _may_be_cut(outage: dict[str, Any]) -> bool:
    return (
        outage["end_kind"] in ENDINGS
        and outage["end_side"] != "station"
        and outage["boot"] != "reboot"
        and outage["close_code"] not in OTHER_REASONS
    )


def races(pattern: dict[str, Any]) -> bool:
    """Whether the cut-off comes at the heartbeat interval, so that any delay of a beat loses."""
    return pattern["interval"] is not None and idle.races(pattern["seconds"], pattern["interval"])

"""Something between forgets quiet connections without telling anybody."""

from __future__ import annotations

import pyarrow as pa

from analyzer.kernels.columns import same
from analyzer.plan import Clue, cause

DEAD = ("replaced", "lost", "timeout", "rst", "open")


@cause(
    "silent_nat",
    "A NAT or firewall silently drops idle connections",
    owner="network",
    remedy="Send WebSocket pings well within that time; TCP keep-alive of two hours is too slow for mobile networks.",
)
def silent_nat(outages: pa.Table, idle_patterns: pa.Table) -> list[Clue]:
    """After a long quiet the first message is never answered, and the connection is given up.

    Speaks for it: quiet times that were always fatal, and shorter ones that were always survived.
    """
    found = {
        row["station"]: row for row in idle_patterns.filter(pa.array(same(idle_patterns["kind"], "silent"))).to_pylist()
    }
    clues = []
    for number, outage in enumerate(outages.to_pylist()):
        pattern = found.get(outage["station"])
        quiet = outage["idle_down"]
        if pattern is None or outage["end_kind"] not in DEAD or outage["boot"] == "reboot" or quiet is None:
            continue
        if quiet < pattern["fatal"]:
            continue
        clues += [
            Clue(
                number,
                3.0,
                f"the first message after {pattern['fatal']:.0f} s of quiet or more was never answered, "
                f"while quiet of {pattern['survived']:.0f} s was survived",
            ),
            Clue(number, 1.5, f"{pattern['count']} of {pattern['ends']} connections died so, without a word"),
        ]
    return clues

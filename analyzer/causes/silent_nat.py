"""Something between forgets quiet connections without telling anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.causes.idle import patterns_of
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa

DEAD = frozenset({"replaced", "open", "lost", "timeout", "rst"})


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
    patterns = patterns_of(idle_patterns, "silent")
    clues = []
    for number, outage in enumerate(outages.to_pylist()):
        pattern = patterns.get(outage["station"])
        if pattern is None or not _died_unheard(outage, pattern["fatal"]):
            continue
        fatal, survived = pattern["fatal"], pattern["survived"]
        lived = f", while {survived:.0f} s of quiet were survived" if survived else ""
        remedy = (
            f"Send WebSocket pings every {max((survived or fatal) / 2, 1):.0f} s or more often; "
            "TCP keep-alive of two hours, the default, is too slow."
        )
        clues += [
            Clue(
                number,
                3.0,
                f"the first message after {fatal:.0f} s of quiet or more was never answered{lived}",
                remedy=remedy,
            ),
            Clue(number, 1.5, f"{pattern['count']} of {pattern['ends']} connections died so, without a word"),
        ]
    return clues


def _died_unheard(outage: dict[str, Any], fatal: float) -> bool:
    """Whether the CSMS was last heard before so long a quiet, while the charger still spoke."""
    up, down = outage["idle_up"], outage["idle_down"]
    given_up = outage["end_kind"] in DEAD or outage["end_side"] == "station"
    return given_up and outage["boot"] != "reboot" and None not in {up, down} and down >= fatal and down > up

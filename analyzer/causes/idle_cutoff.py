"""Something between ends connections that are quiet for too long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.causes.idle import cut_off, races
from analyzer.kernels.idle import CLOCKS, device
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa


@cause(
    "idle_cutoff",
    "A server or proxy cuts off idle connections",
    owner="network",
    remedy="Send WebSocket pings at half that time or less, or raise the idle timeout of the server, proxy or load balancer.",
)
def idle_cutoff(outages: pa.Table, idle_patterns: pa.Table) -> list[Clue]:
    """Connections end after the same quiet time, which none survives (load balancers, proxies, servers).

    Speaks for it: most ends in one narrow window of quiet, and a known device with that timeout. A cut-off at the
    heartbeat interval is the cause `read_deadline`.
    """
    clues = []
    for number, outage, pattern in cut_off(outages, idle_patterns):
        if races(pattern):
            continue
        seconds, known = pattern["seconds"], device(pattern["seconds"])
        by = "the CSMS ended the connection" if outage["end_side"] == "csms" else "the connection was ended"
        timeout = f", which is the timeout of {known}" if known else ""
        clues += [
            Clue(
                number, 3.0, f"{by} {seconds:.1f} s after {CLOCKS[pattern['clock']]}{timeout}", remedy=_remedy(pattern)
            ),
            Clue(number, 1.5, f"{pattern['count']} of {pattern['ends']} ends came after that quiet"),
        ]
    return clues


def _remedy(pattern: dict[str, Any]) -> str:
    """What to do, with the seconds: pings at half the time that is survived, or a longer timeout."""
    seconds, interval = pattern["seconds"], pattern["interval"]
    above = f" above {3 * interval:.0f} s (three heartbeat intervals)" if interval and 3 * interval > seconds else ""
    return (
        f"Send WebSocket pings every {max(seconds / 2, 1):.0f} s or more often, "
        f"or raise the idle timeout of the server, proxy or load balancer{above}."
    )

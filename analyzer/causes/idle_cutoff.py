"""Something between ends connections that are quiet for too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.causes.idle import CLOCKS, fitting, races
from analyzer.kernels.idle import device
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
    for number, pattern, age in fitting(outages, idle_patterns, "hard"):
        if races(pattern):
            continue
        seconds = float(str(pattern["seconds"]))
        known = device(seconds)
        clues += [
            Clue(
                number,
                3.0,
                f"the connection ended {seconds:.1f} s after {CLOCKS[str(pattern['clock'])]}"
                + (f", the timeout of {known}" if known else ""),
            ),
            Clue(
                number, 1.5, f"{pattern['count']} of {pattern['ends']} ends came at that age, this one at {age:.1f} s"
            ),
        ]
    return clues

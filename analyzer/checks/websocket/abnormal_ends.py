"""Connections that mostly end without a goodbye."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence
from analyzer.checks.websocket.ends import abrupt, closed, cut_off, established, ordered_ends, rebooted
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import SECOND, micros, same
from analyzer.kernels.sequences import busiest
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags, Ints

DAY = 86_400 * SECOND

WORDS = {
    "fin": "TCP closed",
    "rst": "TCP reset",
    "timeout": "timed out",
    "replaced": "replaced by a new connection",
    "lost": "lost",
}


@check("WS10", "Abnormal ends dominate", severity="error")
def abnormal_ends(
    connections: pa.Table,
    calls: pa.Table,
    outages: pa.Table,
    idle_patterns: pa.Table,
    *,
    fewest: int = 3,
    warn_share: float = 0.2,
    fail_fewest: int = 5,
    fail_share: float = 0.6,
) -> pa.Table:
    """Most of the charger's connections ended without a WebSocket close frame.

    The day with the most of them counts: from `fewest` such ends and a share above `warn_share` of all ends on it is a
    warning, from `fail_fewest` and `fail_share` an error. A drop now and then is the way of networks.

    Why it matters: an end without a close frame means that a network, a box between or a server that died took the
        connection. Both sides may learn of it minutes later; what was on its way is lost or sent twice.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:17:00 CP1 - rst
        08:17:30 CP1 + ocpp1.6
        08:41:00 CP1 - fin by csms
        08:41:30 CP1 + ocpp1.6
        09:20:00 CP1 + ocpp1.6
        09:31:00 CP1 - 1006 by csms
        09:32:00 CP1 + ocpp1.6
        09:55:00 CP1 - timeout
    Near miss:
        08:00:00 CP1 + ocpp1.6
        08:17:00 CP1 - rst
        08:17:30 CP1 + ocpp1.6
        08:41:00 CP1 - fin by csms
        08:41:30 CP1 + ocpp1.6
        09:31:00 CP1 - 1001 by csms
        09:32:00 CP1 + ocpp1.6
    Confounder:
        # resets by command, and a log that does not say how connections ended
        08:00:00 CP1 + ocpp1.6
        08:10:00x3/600s CP1 < Reset#r$(i) {"type": "Hard"}
        08:10:00.2x3/600s CP1 > =#r$(i) {"status": "Accepted"}
        08:10:02x3/600s CP1 - rst
        08:11:00x3/600s CP1 + ocpp1.6
        08:00:00 CP2 + ocpp1.6
        08:10:00x5/600s CP2 - lost
        08:11:00x5/600s CP2 + ocpp1.6
    Not a fault when: the end follows a Reset or a firmware update that the charger accepted, or the charger rebooted,
        which the outage's cause and BT01 tell; an idle cut-off explains it, which WS11 and WS12 tell; it is the end of
        the input; the input does not tell how the connection ended, or the close frame would be within encrypted traffic.
    Likely causes: mobile network, NAT or load balancer; a server that is killed rather than stopped.
    What to do: look at the outages and their causes; look for a pattern (idle time, clock time, other chargers).
    Source: RFC 6455 7.1.5 and 7.1.7.
    """
    booted = ordered_ends(calls, connections) | rebooted(connections, outages)
    mine = ~booted & ~cut_off(connections, outages, idle_patterns)
    bad, good = abrupt(connections) & mine, closed(connections) & mine
    told = established(connections)
    untold = told & same(connections["end_kind"], "lost", "fin", "timeout") & mine
    kinds, ends = connections["end_kind"].to_pylist(), micros(connections["end"])
    findings = []
    for station, rows in by_station(connections):
        both = rows[(bad | good)[rows]]
        if not len(both):
            if untold[rows].any() or not told[rows].any():
                findings.append(not_judged(station, "the input does not tell how its connections ended"))
            elif booted[rows].any():
                other = " or an idle cut-off, which other checks tell" if (~mine & ~booted)[rows].any() else " alone"
                findings.append(not_judged(station, f"its connections ended by reboots{other}"))
            continue
        chosen, ended = _worst_day(both, ends, bad)
        share = len(chosen) / ended
        if len(chosen) < fewest or share <= warn_share:
            continue
        counted = Counter(WORDS[kinds[row]] for row in chosen.tolist())
        failed = len(chosen) >= fail_fewest and share > fail_share
        findings.append(
            Finding(
                station,
                f"{len(chosen)} of {ended} connections ended without a close frame: "
                + ", ".join(f"{count}x {word}" for word, count in counted.most_common()),
                start=int(ends[chosen].min()),
                end=int(ends[chosen].max()),
                value=100 * share,
                limit=100 * warn_share,
                unit="Percent",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE], "end", "end_origin"),
                severity=None if failed else "warning",
            )
        )
    return table(findings)


def _worst_day(rows: Ints, ends: Ints, bad: Flags) -> tuple[Ints, int]:
    """The abnormal ends of the day that has the most of them, and how many ends of either kind it has."""
    chosen = rows[bad[rows]]
    chosen = chosen[np.argsort(ends[chosen], kind="stable")]
    chosen = chosen[busiest(ends[chosen], DAY)]
    if not len(chosen):
        return chosen, len(rows)
    first = ends[chosen[0]]
    return chosen, int(((ends[rows] >= first) & (ends[rows] <= first + DAY)).sum())

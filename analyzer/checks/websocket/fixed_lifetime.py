"""Connections that end at the same age."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence
from analyzer.checks.websocket.close_codes import FAULTS
from analyzer.checks.websocket.ends import cut_off, ordered_ends, rebooted
from analyzer.checks.websocket.idle_cutoff import too_few, unwatched
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import flags, micros, reals, same, wholes
from analyzer.kernels.idle import densest_window
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags

SIDES = {"station": "the charger", "csms": "the CSMS", "middle": "something between"}
PLANNED = (1000, 1001)
"""Close codes of an end that is meant (RFC 6455 7.4.1)."""


@check("WS13", "Fixed lifetime of connections", severity="warning")
def fixed_lifetime(
    connections: pa.Table,
    outages: pa.Table,
    calls: pa.Table,
    idle_patterns: pa.Table,
    *,
    fewest: int = 5,
    share: float = 0.6,
    idle_share: float = 0.3,
    shortest: float = 60.0,
) -> pa.Table:
    """The charger's connections end at the same age, whether they are idle or not.

    `fewest` ends, and a `share` of all ends, lie within 2 % and a second of one age of `shortest` seconds or more, and
    the quiet before them is below `idle_share` of it (median). It is an information where the charger itself closed all
    of them with code 1000 or 1001: then it is planned.

    Why it matters: the charger goes offline by a clock that nobody set for it; a charging session may be cut off.
    Fires on:
        08:00:00x7/1860s CP1 + ocpp1.6
        08:10:00x7/1860s CP1 > Heartbeat#a$(i)
        08:10:00.1x7/1860s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:28:20x7/1860s CP1 > Heartbeat#b$(i)
        08:28:20.1x7/1860s CP1 < =#b$(i) {"currentTime": "$(now)"}
        08:30:00x7/1860s CP1 - fin by csms
    Near miss:
        # four ends of seven
        08:00:00x5/1860s CP1 + ocpp1.6
        08:28:20x5/1860s CP1 > Heartbeat#a$(i)
        08:28:20.1x5/1860s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:30:00x5/1860s CP1 - fin by csms
        11:00:00 CP1 + ocpp1.6
        11:05:00 CP1 - fin by csms
        11:06:00 CP1 + ocpp1.6
        11:16:00 CP1 - fin by csms
        11:17:00 CP1 + ocpp1.6
        11:42:00 CP1 - fin by csms
        11:43:00 CP1 + ocpp1.6
    Confounder:
        # a charger that says little: it is the quiet that ends the connection, which WS11 tells
        08:00:00x7/200s CP1 + ocpp1.6
        08:00:31x7/200s CP1 > Heartbeat#s$(i)
        08:00:31.1x7/200s CP1 < =#s$(i) {"currentTime": "$(now)"}
        08:02:31.1x7/200s CP1 - fin by csms
    Not a fault when: the charger was reset or rebooted; an idle cut-off explains the ends (WS11, WS12), or a close
        code tells of a fault (WS09); the connection's begin was not seen.
    Likely causes: a proxy or server that ends connections at a maximum age; a token or a mobile session that expires; a
        restart every night.
    What to do: raise the maximum age, or let the server close with 1001 at a quiet hour and the charger come back at once.
    Source: RFC 6455 7.4.1; the limits are this tool's own.
    """
    begun = connections["connection"].filter(pa.array(flags(connections["start_observed"]))).cast(pa.string())
    known = same(outages["connection"], *begun.to_pylist()) if len(begun) else np.zeros(outages.num_rows, dtype=bool)
    others = ordered_ends(calls, connections) | rebooted(connections, outages)
    others |= cut_off(connections, outages, idle_patterns)
    explained = connections["connection"].filter(pa.array(others)).cast(pa.string()).to_pylist()
    free = known & ~np.isin(wholes(outages["close_code"]), [*FAULTS])
    free &= ~same(outages["connection"], *explained) if explained else True
    age, quiet = reals(outages["lifetime"]), reals(outages["idle_any"])
    noticed = micros(outages["noticed"])
    findings = []
    for station, rows in by_station(outages):
        own = rows[free[rows] & ~np.isnan(age[rows])]
        window = densest_window(age[own][age[own] >= shortest])
        chosen = own[(age[own] >= window.low) & (age[own] <= window.high)]
        if len(chosen) < fewest or len(chosen) < share * len(own):
            continue
        if not np.median(np.nan_to_num(quiet[chosen], nan=np.inf)) < idle_share * window.median:
            continue
        ends = outages.take(pa.array(chosen))
        sides = Counter(SIDES[side] for side in ends["end_side"].to_pylist() if side)
        by = f", ended by {sides.most_common(1)[0][0]}" if len(sides) == 1 else ""
        findings.append(
            Finding(
                station,
                f"{len(chosen)} of {len(own)} connections lived {duration(window.median)}{by}, "
                f"though they had been quiet for {duration(float(np.median(quiet[chosen])))} only",
                start=int(noticed[chosen].min()),
                end=int(noticed[chosen].max()),
                value=window.median,
                unit="s",
                count=len(chosen),
                evidence=evidence(outages, chosen[:MAX_EVIDENCE], "noticed"),
                severity="info" if _planned(ends).all() else None,
            )
        )
    return table([*findings, *too_few(outages, fewest, findings), *unwatched(connections, findings)])


def _planned(ends: pa.Table) -> Flags:
    """The ends that the charger meant."""
    codes = np.isin(wholes(ends["close_code"]), PLANNED)
    found: Flags = same(ends["end_side"], "station") & same(ends["end_kind"], "close") & codes
    return found

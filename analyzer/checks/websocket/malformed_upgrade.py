"""Upgrades that break RFC 6455."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.checks.websocket.attempts import by_packets
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 200
"""Characters of what is wrong that are told."""


@check("WS07", "Malformed WebSocket upgrade", severity="error")
def malformed_upgrade(connections: pa.Table) -> pa.Table:
    """The request for a WebSocket, or the answer to it, lacks a header or holds a wrong one.

    It is a warning where both talked all the same on every such connection.

    Why it matters: a strict server refuses such a request, a strict charger such an answer; a proxy that strips headers
        does it to every charger behind it.
    Fires on:
        08:00:00 CP1 x 400 client_port=50001 authorization=none upgrade_faults=the%20request%20has%20no%20Sec-WebSocket-Key
    Near miss:
        08:00:00 CP1 + ocpp1.6 client_port=50001 authorization=none http_status=101
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # refused for another reason
        08:00:00x3/60s CP1 x 404 client_port=50001 authorization=none
    Not a fault when: the upgrade was not seen, as in logs and in captures that begin later or are encrypted.
    Likely causes: a proxy that does not pass Upgrade and Connection on; firmware that follows a draft.
    What to do: let the proxy speak HTTP/1.1 to the server and pass Upgrade, Connection and the Sec-WebSocket headers;
        update the firmware.
    Source: RFC 6455 4.1 and 4.2; lbbrhzn/ocpp issue 1984.
    """
    faulty = np.asarray(connections["upgrade_faults"].is_valid(), dtype=bool)
    requested = by_packets(connections) & np.asarray(connections["authorization"].is_valid(), dtype=bool)
    seen = faulty | requested
    times, talked = micros(connections["ts"]), micros(connections["last_up"]) != NO_TIME
    up = ~same(connections["end_kind"], "refused") & talked
    faults = connections["upgrade_faults"].to_pylist()
    findings = []
    for station, rows in by_station(connections):
        own = rows[seen[rows]]
        if not len(own):
            findings.append(not_judged(station, "no request for a WebSocket was seen with its headers"))
        chosen = own[faulty[own] & (times[own] != NO_TIME)]
        if not len(chosen):
            continue
        works = bool(up[chosen].all())
        told = Counter(faults[row] for row in chosen.tolist()).most_common(2)
        findings.append(
            Finding(
                station,
                f"{len(chosen)} of {plural(len(own), 'upgrade')} {'was' if len(chosen) == 1 else 'were'} malformed: "
                + "; ".join(f"{text[:SHOWN]}" + (f" ({count}x)" if len(told) > 1 else "") for text, count in told)
                + ("; both talk all the same" if works else ""),
                start=int(times[chosen].min()),
                end=int(times[chosen].max()),
                value=float(len(chosen)),
                limit=0.0,
                unit="upgrades",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                severity="warning" if works else None,
            )
        )
    return table(findings)

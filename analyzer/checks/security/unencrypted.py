"""Connections without TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.checks.security.clear import Told, in_clear, public
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import NO_TIME, micros
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa


@check("SC01", "Unencrypted connection", severity="warning")
def unencrypted(connections: pa.Table) -> pa.Table:
    """The charger talks to the CSMS without TLS (ws instead of wss).

    It is an error where either end has a public address, a warning in a private network.

    Why it matters: whoever is on the path reads the id tokens of customers, and can start, stop and reprogram the
        charger.
    Fires on:
        08:00:00 CP1 + ocpp1.6 scheme=ws client=10.0.0.7 server=10.0.0.1
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        08:00:00 CP1 + ocpp1.6 scheme=wss client=10.0.0.7 server=203.0.113.5
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # behind a proxy on the same host, which ends TLS; and a log that does not tell
        08:00:00 CP1 + ocpp1.6 scheme=ws client=127.0.0.1 server=127.0.0.1
        08:00:00 CP2 + ocpp1.6
    Not a fault when: nothing tells of the scheme, or both ends are the same host, where TLS may have ended before;
        neither is judged. A warning may be accepted where a VPN or a private APN carries the traffic.
    Likely causes: security profile 0 or 1; TLS ends at a proxy before the place of the capture.
    What to do: use wss (security profile 2 or 3); a private network alone is no encryption.
    Source: OCPP-J 1.6 6; security whitepaper 2.3; 2.0.1 A00.FR.201.
    """
    clear, far, times = in_clear(connections), public(connections), micros(connections["ts"])
    findings, told_of = [], Told(connections)
    for station, rows in by_station(connections):
        findings += told_of.unknown(station, rows)
        chosen = rows[clear[rows]]
        if not len(chosen):
            continue
        over = chosen[far[chosen]]
        moments = times[chosen][times[chosen] != NO_TIME]
        where = " over public addresses" if len(over) else ""
        shown = over if len(over) else chosen
        findings.append(
            Finding(
                station,
                f"The charger connects without encryption (ws){where}, {plural(len(chosen), 'time')}",
                start=int(moments.min()) if len(moments) else None,
                end=int(moments.max()) if len(moments) else None,
                value=float(len(chosen)),
                limit=0.0,
                unit="connections",
                count=len(chosen),
                evidence=evidence(connections, shown[:MAX_EVIDENCE]),
                severity="error" if len(over) else None,
            )
        )
    return table(findings)

"""Passwords that anybody on the path can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.checks.security.clear import Told, in_clear
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import NO_TIME, micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa


@check("SC02", "Credentials in the clear", severity="critical")
def clear_credentials(connections: pa.Table) -> pa.Table:
    """The charger sends its password over a connection without TLS.

    Why it matters: HTTP basic authentication is an encoding, not encryption. Who reads it once can be this charger,
        or stop it, from anywhere.
    Fires on:
        08:00:00 CP1 + ocpp1.6 scheme=ws client=10.0.0.7 server=203.0.113.5 authorization=basic
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        08:00:00 CP1 + ocpp1.6 scheme=wss client=10.0.0.7 server=203.0.113.5 authorization=basic
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # cleartext, but without a password: that is SC01's finding
        08:00:00 CP1 + ocpp1.6 scheme=ws client=10.0.0.7 server=203.0.113.5 authorization=none
    Not a fault when: the connection is encrypted; one within one host, where TLS may have ended before, is not judged.
    Likely causes: security profile 1; a URL with ws instead of wss.
    What to do: change to security profile 2 or 3, then set a new password (AuthorizationKey, BasicAuthPassword): the
        old one is known.
    Source: OCPP-J 1.6 6.2.2; security whitepaper 2.3; 2.0.1 A00.FR.206; RFC 7617 4.
    """
    exposed = in_clear(connections) & same(connections["authorization"], "basic")
    users, times = connections["user"].to_pylist(), micros(connections["ts"])
    findings, told_of = [], Told(connections)
    for station, rows in by_station(connections):
        findings += told_of.unknown(station, rows)
        chosen = rows[exposed[rows]]
        if not len(chosen):
            continue
        moments = times[chosen][times[chosen] != NO_TIME]
        names = sorted({users[row] for row in chosen.tolist() if users[row]})
        findings.append(
            Finding(
                station,
                "The charger sends its password over an unencrypted connection"
                + (f", as user {names[0]}" if names else "")
                + f", {plural(len(chosen), 'time')}",
                start=int(moments.min()) if len(moments) else None,
                end=int(moments.max()) if len(moments) else None,
                value=float(len(chosen)),
                limit=0.0,
                unit="connections",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
            )
        )
    return table(findings)

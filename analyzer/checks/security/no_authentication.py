"""Chargers that prove nothing of who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural, when
from analyzer.checks.security.clear import Told, public, within_host
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags

UNSEEN = "nothing tells whether the charger authenticates itself"


@check("SC03", "No authentication", severity="warning")
def no_authentication(connections: pa.Table, certificates: pa.Table) -> pa.Table:
    """The CSMS accepts the charger without a password and without a certificate.

    It is an error where either end has a public address, a warning in a private network.

    Why it matters: whoever knows the URL and the identity of a charger can be that charger: report sessions that never
        were, take its place, and learn what is sent to it.
    Fires on:
        08:00:00 CP1 + ocpp1.6 scheme=ws client=10.0.0.7 server=10.0.0.1 authorization=none
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        # CP1 shows a certificate of its own, CP2 has a password
        08:00:00 CP1 + ocpp2.0.1 scheme=wss client=10.0.0.7 server=10.0.0.1 authorization=none
        08:00:00 CP1 * certificate by csms subject=CN%3Dcsms.example issuer=CN%3DExample
        08:00:00 CP1 * certificate by station subject=CN%3DSN123 issuer=CN%3DExample
        08:00:00 CP2 + ocpp1.6 scheme=wss client=10.0.0.8 server=10.0.0.1 authorization=basic
    Confounder:
        # CP1 asks first how to authorize itself (RFC 7617 2); of CP2 it was not seen whether it showed a certificate, in a
        # session that was resumed; CP3 talks to a proxy on the same host, which may have asked for one
        08:00:00 CP1 x 401 scheme=ws client=10.0.0.7 server=10.0.0.1 authorization=none
        08:00:01 CP1 + ocpp1.6 scheme=ws client=10.0.0.7 server=10.0.0.1 authorization=basic
        08:00:00 CP2 + ocpp2.0.1 scheme=wss client=10.0.0.8 server=10.0.0.1 authorization=none
        08:00:00 CP3 + ocpp2.0.1 scheme=ws client=127.0.0.1 server=127.0.0.1 authorization=none
    Not a fault when: the request is refused, or was not seen; where TLS was not seen or may have ended before, a
        certificate may have been asked for. A warning may be accepted where a VPN or a private APN lets known chargers
        in alone, which OCPP-J 1.6 allows.
    Likely causes: security profile 0; a CSMS that does not insist on the password; a proxy that takes the header away.
    What to do: give the charger a password (AuthorizationKey, BasicAuthPassword) and let the CSMS insist on it, on an
        encrypted connection (security profile 2), or use certificates (security profile 3).
    Source: OCPP-J 1.6 6.1, 6.2.2; 2.0.1 A00.FR.202, 301, 401; security whitepaper A00.FR.301.
    """
    shown = _certified(connections, certificates, "up")
    told = same(connections["scheme"], "ws") | _certified(connections, certificates, "down")
    bare = told & ~within_host(connections) & same(connections["authorization"], "none") & ~shown
    proven = shown | (np.asarray(connections["authorization"].is_valid()) & ~same(connections["authorization"], "none"))
    accepted = np.zeros(connections.num_rows, dtype=bool)
    for name in ("upgraded", "last_up", "last_down"):
        accepted |= micros(connections[name]) != NO_TIME
    judged, at_fault = bare | proven, bare & accepted & ~same(connections["end_kind"], "refused")
    far, times = public(connections), micros(connections["ts"])
    findings, told_of = [], Told(connections)
    for station, rows in by_station(connections):
        if not judged[rows].any():
            findings += told_of.unknown(station, rows) or [not_judged(station, UNSEEN)]
        chosen = rows[at_fault[rows]]
        if not len(chosen):
            continue
        over = chosen[far[chosen]]
        start, end = when(times, chosen)
        findings.append(
            Finding(
                station,
                "The CSMS accepted the charger without a password and without a certificate"
                + (" over public addresses" if len(over) else "")
                + f", {plural(len(chosen), 'time')}",
                start=start,
                end=end,
                value=float(len(chosen)),
                limit=0.0,
                unit="connections",
                count=len(chosen),
                evidence=evidence(connections, (over if len(over) else chosen)[:MAX_EVIDENCE]),
                severity="error" if len(over) else None,
            )
        )
    return table(findings)


def _certified(connections: pa.Table, certificates: pa.Table, direction: str) -> Flags:
    """The connections on which a side showed a certificate."""
    names = certificates["connection"].cast("string").filter(same(certificates["direction"], direction))
    found = pc.is_in(connections["connection"].cast("string"), names.drop_null())
    return np.asarray(found, dtype=bool)

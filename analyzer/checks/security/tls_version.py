"""Connections with a version of TLS that is out of use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence, plural, when
from analyzer.checks.security.handshakes import NO_HANDSHAKE, unseen
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import coded, micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags, Ints


@check("SC04", "TLS older than 1.2", severity="error")
def tls_version(connections: pa.Table) -> pa.Table:
    """The two sides agreed on a version of TLS before 1.2.

    It is an error with OCPP 2.x, and with SSL; a warning with OCPP 1.6, or where the version of OCPP is not known.

    Why it matters: TLS 1.0 and 1.1 are withdrawn (RFC 8996), and servers and proxies drop them one after the other: such
        a charger loses its connection with an update of the server that has nothing to do with it.
    Fires on:
        08:00:00 CP1 + ocpp2.0.1 scheme=wss tls_version=1.1
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        08:00:00 CP1 + ocpp2.0.1 scheme=wss tls_version=1.2
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # the charger tries an old version first, and the server does not take it; and one of which no handshake was seen
        08:00:00 CP1 x tls scheme=wss tls_version=1.0
        08:00:01 CP1 + ocpp2.0.1 scheme=wss tls_version=1.3
        08:00:00 CP2 + ocpp2.0.1 scheme=wss
    Not a fault when: the handshake failed, or was not seen; without TLS it is SC01's matter. OCPP 1.6 allows TLS 1.0 and
        1.1 for chargers that know no other.
    Likely causes: an old TLS library in the charger; a server or proxy that is kept at old versions for old chargers.
    What to do: update the firmware; let the server offer TLS 1.2 and 1.3, and an address of its own for old chargers.
    Source: 2.0.1 A00.FR.313, 315, 416; security whitepaper A00.FR.312; RFC 8996.
    """
    versions = coded(connections["tls_version"])
    named = [name.strip().removeprefix("TLS").lstrip("v ") for name in versions.names]
    old = _by_name(versions.codes, [name in {"1.0", "1.1"} or _ssl(name) for name in named])
    broken = _by_name(versions.codes, [_ssl(name) for name in named])
    used = ~same(connections["end_kind"], "tls") & (versions.codes >= 0)
    modern, times = same(connections["version"], "2.0.1", "2.1"), micros(connections["ts"])
    findings = []
    for station, rows in by_station(connections):
        own = rows[used[rows]]
        if not len(own):
            findings.append(unseen(station, connections, rows, NO_HANDSHAKE))
        chosen = own[old[own]]
        if not len(chosen):
            continue
        start, end = when(times, chosen)
        names = ", ".join(sorted({versions.names[code] for code in versions.codes[chosen].tolist()}))
        # One charger speaks one version of OCPP: another connection, without encryption or decrypted, may tell which.
        worse = bool(modern[rows].any() or broken[chosen].any())
        findings.append(
            Finding(
                station,
                f"{len(chosen)} of {plural(len(own), 'TLS connection')} used version {names[:40]}",
                start=start,
                end=end,
                value=float(len(chosen)),
                limit=0.0,
                unit="connections",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                severity=None if worse else "warning",
            )
        )
    return table(findings)


def _ssl(name: str) -> bool:
    return name.upper().startswith("SSL")


def _by_name(codes: Ints, found: list[bool]) -> Flags:
    flags: Flags = np.array([*found, False], dtype=bool)[codes]
    return flags

"""Cipher suites that are weak or broken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence, plural, when
from analyzer.checks.security.handshakes import NO_HANDSHAKE, unseen
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import coded, micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

BROKEN = {
    "NULL": "it does not encrypt",
    "anon": "nobody is authenticated",
    "EXPORT": "its keys are short on purpose",
    "EXPORT40": "its keys are short on purpose",
    "RC4": "RC4 is broken (RFC 7465)",
    "RC2": "RC2 is broken",
    "DES": "DES keys are too short",
    "DES40": "DES keys are too short",
    "3DES": "3DES blocks are too short (RFC 9325 4.1)",
    "IDEA": "IDEA blocks are too short",
    "MD5": "MD5 is broken",
}
"""Parts of a suite's name (IANA) that no side may agree on any more, and why."""
AUTHENTICATED = frozenset({"GCM", "CCM", "POLY1305"})
_WORD = re.compile(r"[A-Za-z0-9]+")


@check("SC05", "Weak cipher suite", severity="warning")
def cipher(connections: pa.Table) -> pa.Table:
    """The two sides agreed on a cipher suite that is weak, or broken, which is an error.

    Broken is what does not encrypt or authenticate, or uses EXPORT keys, RC4, RC2, DES, 3DES, IDEA or MD5. Weak is, in
    TLS 1.2, a suite in CBC mode: OCPP names suites in GCM mode alone.

    Why it matters: who records such traffic may read it later. Servers and proxies drop such suites one after the other,
        and the charger that knows no other is offline then.
    Fires on:
        08:00:00 CP1 + ocpp1.6 scheme=wss tls_version=1.2 cipher=TLS_RSA_WITH_3DES_EDE_CBC_SHA
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        # a suite that OCPP names, though it has no forward secrecy; and two that are as good
        08:00:00 CP1 + ocpp2.0.1 scheme=wss tls_version=1.2 cipher=TLS_RSA_WITH_AES_128_GCM_SHA256
        08:00:00 CP2 + ocpp2.0.1 scheme=wss tls_version=1.3 cipher=TLS_CHACHA20_POLY1305_SHA256
        08:00:00 CP3 + ocpp2.0.1 scheme=wss tls_version=1.2 cipher=TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
    Confounder:
        # TLS 1.0 has no better suite, and OCPP 1.6 names this one for it: that is SC04's finding
        08:00:00 CP1 + ocpp1.6 scheme=wss tls_version=1.0 cipher=TLS_RSA_WITH_AES_128_CBC_SHA
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Not a fault when: the handshake failed, or was not seen; without TLS it is SC01's matter.
    Likely causes: an old TLS library in the charger; a server's list that puts old suites first.
    What to do: let the server prefer ECDHE suites in GCM mode and refuse the broken ones; update the firmware.
    Source: 2.0.1 A00.FR.318 to 320; security whitepaper A00.FR.317 to 319; RFC 9325 4.1, 4.2.
    """
    suites, times = coded(connections["cipher"]), micros(connections["ts"])
    faults = [fault(name) for name in suites.names]
    broken = np.array([bool(each) for each in faults] + [False], dtype=bool)[suites.codes]
    weak = np.array([_weak(name) for name in suites.names] + [False], dtype=bool)[suites.codes]
    bad = broken | (weak & same(connections["tls_version"], "1.2"))
    used = ~same(connections["end_kind"], "tls") & (suites.codes >= 0)
    findings = []
    for station, rows in by_station(connections):
        own = rows[used[rows]]
        if not len(own):
            findings.append(unseen(station, connections, rows, NO_HANDSHAKE))
        for code in np.unique(suites.codes[own[bad[own]]]).tolist():
            chosen = own[(suites.codes[own] == code) & bad[own]]
            start, end = when(times, chosen)
            why = faults[code] or "it is in CBC mode, which OCPP names for TLS 1.0 and 1.1 alone"
            findings.append(
                Finding(
                    station,
                    f"{len(chosen)} of {plural(len(own), 'TLS connection')} used {suites.names[code][:60]}: {why}",
                    start=start,
                    end=end,
                    value=float(len(chosen)),
                    limit=0.0,
                    unit="connections",
                    count=len(chosen),
                    evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                    severity="error" if faults[code] else None,
                    subject=suites.names[code],
                )
            )
    return table(findings)


def fault(suite: str) -> str:
    """Why a cipher suite is broken, empty where it is not.

    >>> fault("TLS_ECDHE_RSA_WITH_RC4_128_SHA"), fault("TLS_AES_128_GCM_SHA256")
    ('RC4 is broken (RFC 7465)', '')
    """
    return next((BROKEN[word] for word in _WORD.findall(suite) if word in BROKEN), "")


def _weak(suite: str) -> bool:
    words = _WORD.findall(suite)
    return "CBC" in words and not AUTHENTICATED.intersection(words)

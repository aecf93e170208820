"""Servers that send their own certificate alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence, plural, when
from analyzer.checks.security.chains import LONGEST, common_name, shown
from analyzer.checks.security.handshakes import NO_CERTIFICATE, unseen
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import NO_TIME, coded, micros, same, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags

UNTRUSTED = ("fatal alert 42 ", "fatal alert 46 ", "fatal alert 48 ")
"""How the alerts begin that speak of a chain: bad_certificate, certificate_unknown, unknown_ca (RFC 8446 6.2)."""


@check("SC08", "Chain of certificates incomplete", severity="warning")
def chain(connections: pa.Table, certificates: pa.Table, transport: pa.Table) -> pa.Table:
    """The CSMS sent its own certificate without the one of its issuer.

    It is a warning where the handshake failed, and nothing tells of another reason: an alert of the charger, or the end of
    the certificate. It is information where the charger connects all the same: then it has the issuer's certificate,
    because that is a root or was installed.

    Why it matters: a charger knows roots, not what stands between. Browsers fetch the missing certificate, chargers do
        not: so it works at the desk and fails in the field.
    Fires on:
        08:00:00 CP1 x tls scheme=wss server_name=csms.example
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20R3
        08:00:00.3 CP1 * tls by station detail=fatal%20alert%2048%20unknown_ca
    Near miss:
        08:00:00 CP1 + ocpp1.6 scheme=wss
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20R3
        08:00:00.2 CP1 * certificate by csms position=1 subject=CN%3DExample%20R3 issuer=CN%3DExample%20Root
    Confounder:
        # a certificate that signed itself has no chain; and a charger may send its own alone: the CSMS knows its issuer
        08:00:00 CP1 + ocpp1.6 scheme=wss
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3Dcsms.example
        08:00:00.3 CP1 * certificate by station position=0 subject=CN%3DSN1234 issuer=CN%3DExample%20Devices
    Not a fault when: the issuer is a root that the charger has, as in a private authority of one level. TLS 1.3 and
        resumed sessions hide certificates: nothing is judged then.
    Likely causes: a server that was given `cert.pem` in place of `fullchain.pem`; an authority that changed its
        intermediate certificate.
    What to do: let the server send the chain up to the root, without the root (nginx: ssl_certificate with the full
        chain).
    Source: RFC 5246 7.4.2; RFC 8446 4.4.2; 2.0.1 A00.FR.308; security whitepaper A00.FR.307.
    """
    known, times, lone = shown(certificates, renewed=True), micros(certificates["ts"]), _lone(certificates)
    failed = _of(certificates, connections.filter(same(connections["end_kind"], "tls")))
    refused = failed & ~_of(certificates, _other_alerts(transport)) & _valid(certificates)
    findings = []
    for station, rows in by_station(connections):
        leaves = [each for each in known.get(station, ()) if each.direction == "down" and not each.position]
        if not any(each.subject and each.issuer for each in leaves):
            findings.append(unseen(station, connections, rows, NO_CERTIFICATE))
        for each in leaves:
            chosen = each.rows[lone[each.rows]]
            if not len(chosen) or each.own_issuer or not each.subject or not each.issuer:
                continue
            start, end = when(times, chosen)
            issuer = (common_name(each.issuer) or each.issuer)[:LONGEST]
            findings.append(
                Finding(
                    station,
                    f"{each.whose} came without the one of its issuer {issuer}, {plural(len(chosen), 'time')}; "
                    + _outcome(int(refused[chosen].sum()), int(failed[chosen].sum())),
                    start=start,
                    end=end,
                    value=1.0,
                    limit=2.0,
                    unit="certificates",
                    count=len(chosen),
                    evidence=evidence(certificates, chosen[:MAX_EVIDENCE]),
                    severity=None if refused[chosen].any() else "info",
                    subject=each.subject,
                )
            )
    return table(findings)


def _lone(certificates: pa.Table) -> Flags:
    """The leaves of the CSMS that no other certificate of their connection stands behind."""
    down = same(certificates["direction"], "down")
    connection, position = coded(certificates["connection"]).codes, wholes(certificates["position"], 0)
    longer = np.unique(connection[down & (position > 0)])
    alone: Flags = down & (position == 0) & ~np.isin(connection, longer)
    return alone


def _of(certificates: pa.Table, others: pa.Table) -> Flags:
    """The certificates of the connections that the other rows tell of."""
    return same(certificates["connection"], *others["connection"].cast("string").drop_null().to_pylist())


def _other_alerts(transport: pa.Table) -> pa.Table:
    """The fatal alerts of chargers that speak of something else than the chain."""
    fatal = same(transport["kind"], "tls") & same(transport["direction"], "up")
    texts = [f"{text or ''} " for text in transport["detail"].to_pylist()]
    other = [text.startswith("fatal alert") and not text.startswith(UNTRUSTED) for text in texts]
    return transport.filter(fatal & np.array(other, dtype=bool))


def _valid(certificates: pa.Table) -> Flags:
    """The certificates that were valid when they were shown, as far as that is known."""
    times, start, end = (micros(certificates[name]) for name in ("ts", "start", "end"))
    valid: Flags = ((end == NO_TIME) | (times <= end)) & (times >= start)
    return valid


def _outcome(refused: int, failed: int) -> str:
    """What became of the connections."""
    if refused:
        return f"{plural(refused, 'handshake')} failed"
    return "the handshake failed for another reason" if failed else "the charger connects all the same"

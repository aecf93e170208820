"""Certificates for another name than the one that the charger asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural, when
from analyzer.checks.security.chains import LONGEST, common_name, shown
from analyzer.checks.security.handshakes import NO_CERTIFICATE, unseen
from analyzer.checks.security.host_names import host_of, matches
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import coded, micros
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.checks.security.chains import Certificate
    from analyzer.kernels.columns import Coded


@check("SC07", "Certificate for another name", severity="error")
def name_mismatch(connections: pa.Table, certificates: pa.Table) -> pa.Table:
    """The certificate of the CSMS is not for the name that the charger asked for.

    The name is the one in the ClientHello (SNI), else the host of the HTTP request. The common name counts beside the
    names that RFC 9525 takes alone, for OCPP asks for it. A wildcard stands for one label; an address for itself.

    Why it matters: a charger that verifies the name refuses the connection. One that does not would talk to anybody who
        has any valid certificate.
    Fires on:
        08:00:00 CP1 x tls scheme=wss server_name=ocpp.csms.example
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example names=csms.example%20www.csms.example issuer=CN%3DExample%20CA
    Near miss:
        # a wildcard; an address; a common name alone
        08:00:00 CP1 + ocpp1.6 scheme=wss server_name=OCPP.csms.example
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example names=csms.example%20*.csms.example
        08:00:00 CP2 + ocpp1.6 scheme=wss host=203.0.113.5:8443
        08:00:00.2 CP2 * certificate by csms position=0 subject=CN%3Dcsms.example names=csms.example%20203.0.113.5
        08:00:00 CP3 + ocpp1.6 scheme=wss server_name=csms.example
        08:00:00.2 CP3 * certificate by csms position=0 subject=CN%3Dcsms.example,O%3DExample
    Confounder:
        # the charger's own certificate bears its serial number, and that of the authority the authority's name; of CP2
        # nothing tells what it asked for
        08:00:00 CP1 + ocpp2.0.1 scheme=wss server_name=csms.example
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example names=csms.example
        08:00:00.2 CP1 * certificate by csms position=1 subject=CN%3DExample%20CA
        08:00:00.3 CP1 * certificate by station position=0 subject=CN%3DSN1234
        08:00:00 CP2 + ocpp2.0.1 scheme=wss server=203.0.113.5
        08:00:00.2 CP2 * certificate by csms position=0 subject=CN%3Dcsms.example names=csms.example
    Not a fault when: nothing tells the name that was asked for, or the certificate: TLS 1.3 and resumed sessions hide it.
    Likely causes: an address in the charger's URL where the certificate has a name; a server that was renamed; a server
        with several certificates that does not know this name (SNI); a captive portal or a proxy in between.
    What to do: enter the name of the certificate in the charger; or issue one with this name as subjectAltName and
        common name.
    Source: 2.0.1 A00.FR.309, 412, 510; security whitepaper A00.FR.308; RFC 9525 6.3; RFC 6066 3.
    """
    hosts = coded(_asked(connections))
    place = pc.index_in(certificates["connection"].cast(pa.string()), connections["connection"].cast(pa.string()))
    asked = np.append(hosts.codes, -1)[np.asarray(pc.fill_null(place, -1), dtype=np.int64)]
    known, times = shown(certificates, renewed=True), micros(certificates["ts"])
    findings = []
    for station, rows in by_station(connections):
        leaves = [each for each in known.get(station, ()) if each.direction == "down" and not each.position]
        if not leaves:
            findings.append(unseen(station, connections, rows, NO_CERTIFICATE))
        elif not any((asked[each.rows] >= 0).any() for each in leaves):
            findings.append(not_judged(station, "nothing tells the name that the charger asked for"))
        for each in leaves:
            for code in np.unique(asked[each.rows]).tolist():
                host = _mismatch(each, hosts, code)
                if not host:
                    continue
                chosen = each.rows[asked[each.rows] == code]
                start, end = when(times, chosen)
                findings.append(
                    Finding(
                        station,
                        f"The charger asked for {host[:LONGEST]} and was shown a certificate for {_told(each)}, "
                        f"{plural(len(chosen), 'time')}",
                        start=start,
                        end=end,
                        value=float(len(chosen)),
                        limit=0.0,
                        unit="connections",
                        count=len(chosen),
                        evidence=evidence(certificates, chosen[:MAX_EVIDENCE]),
                        subject=f"{host} {each.subject}",
                    )
                )
    return table(findings)


def _asked(connections: pa.Table) -> pa.ChunkedArray | pa.Array:
    """The name that each connection asked for, null where it is not known."""
    return pc.coalesce(connections["server_name"].cast(pa.string()), connections["host"].cast(pa.string()))


def _mismatch(certificate: Certificate, hosts: Coded, code: int) -> str:
    """The host that the certificate is not for; empty where it is, or where nothing can be told."""
    names = _names(certificate)
    host = host_of(hosts.names[code]) if code >= 0 else ""
    return host if names and not any(matches(name, host) for name in names) else ""


def _names(certificate: Certificate) -> list[str]:
    common = common_name(certificate.subject)
    return [*(certificate.names or "").split(), *([common] if common else [])]


def _told(certificate: Certificate) -> str:
    names = list(dict.fromkeys(_names(certificate)))
    return ", ".join(name[:LONGEST] for name in names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

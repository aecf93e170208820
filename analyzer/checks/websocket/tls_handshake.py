"""TLS handshakes that fail."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.checks.websocket.attempts import by_packets, overcome, spans, within_one
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, flags, micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.kernels.columns import Ints

SIDES = {"up": ("charger", "server"), "down": ("server", "charger")}
"""The side that sends in a direction, and the other."""
SIDE_OF = {"station": "up", "csms": "down"}
SHOWN = 80
"""Characters of a name that a side gave."""
ALERT = re.compile(r"fatal alert ([0-9]{1,3})\b ?(\w*)")
MEANINGS = {
    40: "no common cipher suite or setting",
    42: "{} is broken or for another name",
    43: "{} is of a kind that is not supported",
    44: "{} was revoked",
    45: "{} has expired, or the clock is wrong",
    46: "{} is not accepted",
    48: "the issuer of {} is not trusted: its root is missing, or an intermediate was not sent",
    49: "access denied",
    70: "no common version of TLS",
    71: "the ciphers offered are too weak",
    86: "a downgrade was refused",
    112: "there is no server of the name that was asked for",
    113: "the status (OCSP) of {} is bad",
    116: "the charger showed no certificate",
    120: "no common application protocol",
}
"""TLS alerts (RFC 8446 6.2) and what they mean between charger and CSMS."""


class Failure(NamedTuple):
    """How a handshake failed: who broke it off (up: the charger), by which alert, after the server's hello or not."""

    side: str | None
    alert: int | None
    name: str
    greeted: bool

    @property
    def words(self) -> str:
        """The failure in words."""
        if self.side is None:
            return "it ended without an alert"
        who, other = SIDES[self.side]
        if self.alert is not None:
            meaning = MEANINGS.get(self.alert, "").format(f"the {other}'s certificate")
            return f"the {who} sent alert {self.alert} {self.name}".rstrip() + (f": {meaning}" if meaning else "")
        if not self.greeted:
            after = "before the server's hello" if self.side == "up" else "after the charger's hello"
        elif self.side == "up":
            after = "after the server's hello, so it does not accept its certificate"
        else:
            after = "after the charger's answer"
        return f"the {who} broke off without an alert {after}"


@check("WS03", "TLS handshake failed", severity="error")
def tls_handshake(
    connections: pa.Table,
    transport: pa.Table,
    certificates: pa.Table,
    outages: pa.Table,
    *,
    fail_count: int = 3,
    at_once: float = 10.0,
    short_outage: float = 600.0,
) -> pa.Table:
    """The charger and the server did not agree on TLS.

    The alert, and who sent it, tells why. A charger that breaks off after the server's hello without an alert did not
    accept the certificate. It is an error where the last attempt failed, or `fail_count` or more did; else, or where all
    lie within one outage of `short_outage` seconds at most, a warning.

    Why it matters: the charger cannot come online. Where a root certificate expires, a whole fleet goes at once.
    Fires on:
        08:00:00x3/60s CP1 x tls scheme=wss client_port=50001 server_name=csms.example.com tls_version=1.2
        08:00:00.2 CP1 * tls by station detail=fatal%20alert%2048%20unknown_ca
    Near miss:
        # a warning is no failure (RFC 6066 3): the connection comes up
        08:00:00 CP1 + ocpp1.6 scheme=wss client_port=50001 tls_version=1.2
        08:00:00.1 CP1 * tls by csms detail=warning%20alert%20112%20unrecognized_name
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # a charger that offers the newest version first and at once an older one
        08:00:00 CP1 x tls scheme=wss client_port=50001
        08:00:01 CP1 + ocpp1.6 scheme=wss client_port=50002 tls_version=1.2
        08:00:02 CP1 > Heartbeat
        08:00:02.1 CP1 < = {"currentTime": "$(now)"}
    Not a fault when: the charger was heard on another connection at that time, or on one that it began within `at_once`
        seconds. A log does not tell of TLS and is not judged.
    Likely causes: a root certificate that expired or is missing in the charger; a server that does not send its
        intermediate certificates; a charger with a wrong clock; a name that the certificate does not hold; TLS that is
        too old.
    What to do: let the server send its whole chain; bring the charger's roots up to date; set its clock before it
        connects; compare the versions and names of both sides.
    Source: RFC 8446 6; RFC 5246 7.2; OCPP 2.0.1 A00.FR.308 to A00.FR.316; SmartEVSE-3.5 issue 363; libocpp issue 1156.
    """
    failures = _failures(connections, transport)
    failed = np.array([name in failures for name in connections["connection"].to_pylist()], dtype=bool)
    counted = failed & ~overcome(connections, failed, at_once)
    begun = same(connections["scheme"], "wss") & flags(connections["start_observed"])
    encrypted = failed | (by_packets(connections) & begun)
    seen = encrypted | (by_packets(connections) & same(connections["scheme"], "ws"))
    times = micros(connections["ts"])
    short = spans(outages.filter(pc.less_equal(outages["duration"], short_outage)))
    findings = []
    for station, rows in by_station(connections):
        own = rows[encrypted[rows]]
        if not seen[rows].any():
            findings.append(not_judged(station, "the input does not tell of TLS"))
        own = own[np.argsort(times[own], kind="stable")]
        chosen = own[counted[own] & (times[own] != NO_TIME)]
        if not len(chosen):
            continue
        last = bool(counted[own[-1]])
        error = (last or len(chosen) >= fail_count) and not within_one(short.get(station), times[chosen])
        findings.append(
            Finding(
                station,
                _summary(connections, certificates, failures, chosen, len(own)),
                start=int(times[chosen[0]]),
                end=int(times[chosen[-1]]),
                value=float(len(chosen)),
                limit=0.0,
                unit="handshakes",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                severity=None if error else "warning",
            )
        )
    return table(findings)


def _failures(connections: pa.Table, transport: pa.Table) -> Mapping[str, Failure]:
    """The handshakes that failed, by connection. A fatal alert in clear is one of a handshake: later ones are encrypted."""
    alerts: dict[str, tuple[str | None, int, str]] = {}
    ends: dict[str, str] = {}
    for row in transport.filter(pa.array(same(transport["kind"], "tls", "fin", "rst"))).to_pylist():
        alert = ALERT.match(row["detail"] or "") if row["kind"] == "tls" else None
        if alert:
            alerts.setdefault(row["connection"], (row["direction"], int(alert[1]), alert[2]))
        elif row["kind"] != "tls" and row["direction"]:
            ends.setdefault(row["connection"], row["direction"])
    never_up = ~np.asarray(connections["upgraded"].is_valid(), dtype=bool)
    columns = ["connection", "end_kind", "end_side", "tls_version"]
    failures = {}
    for row, without in zip(connections.select(columns).to_pylist(), never_up.tolist(), strict=True):
        name, greeted = row["connection"], row["tls_version"] is not None
        if name in alerts and (without or row["end_kind"] == "tls"):
            failures[name] = Failure(*alerts[name], greeted)
        elif row["end_kind"] == "tls":
            failures[name] = Failure(SIDE_OF.get(row["end_side"]) or ends.get(name), None, "", greeted)
    return failures


def _summary(
    connections: pa.Table, certificates: pa.Table, failures: Mapping[str, Failure], chosen: Ints, attempts: int
) -> str:
    names = connections["connection"].take(pa.array(chosen)).to_pylist()
    kinds = Counter(failures[name].words for name in names)
    told = ", ".join(f"{count}x {words}" if len(kinds) > 1 else words for words, count in kinds.most_common(2))
    first = connections.slice(int(chosen[0]), 1).to_pylist()[0]
    asked = f"the charger asked for {first['server_name'][:SHOWN]}" if first["server_name"] else ""
    version = f"TLS {first['tls_version']}" if first["tls_version"] else ""
    parts = [
        f"{len(chosen)} of {plural(attempts, 'TLS handshake')} failed: {told}",
        asked,
        version,
        _shown(certificates, names),
    ]
    return "; ".join(filter(None, parts))


def _shown(certificates: pa.Table, names: list[str]) -> str:
    """The certificate that the server showed in these handshakes, in words; empty where none was seen."""
    leaves = same(certificates["connection"], *names) & same(certificates["direction"], "down")
    for row in certificates.filter(pa.array(leaves)).to_pylist():
        if not row["position"]:
            until = f", valid until {row['end']:%d %b %Y}" if row["end"] else ""
            expired = " (expired)" if row["end"] and row["ts"] and row["end"] < row["ts"] else ""
            subject, issuer = (str(row[name])[:SHOWN] for name in ("subject", "issuer"))
            return f"the server's certificate is for {subject}, issued by {issuer}{until}{expired}"
    return ""

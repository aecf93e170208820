"""Chargers that offer no OCPP subprotocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, coded, micros
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

KNOWN = frozenset({"ocpp1.2", "ocpp1.5", "ocpp1.6", "ocpp2.0", "ocpp2.0.1", "ocpp2.1"})


@check("WS05", "No OCPP subprotocol offered by the charger", severity="error")
def subprotocol(connections: pa.Table) -> pa.Table:
    """The charger's request for a WebSocket named no version of OCPP in Sec-WebSocket-Protocol.

    It is a warning where the server talked to it all the same on every such connection.

    Why it matters: the subprotocol is how both sides agree on the version. Strict servers refuse such a charger, or
        accept it and close at once.
    Fires on:
        08:00:00 CP1 +
        08:00:00.2 CP1 - 1002 by csms "no subprotocol"
        08:01:00 CP1 + chat
        08:01:00.2 CP1 - 1002 by csms "no subprotocol"
    Near miss:
        # one of those offered is known
        08:00:00 CP1 + vendor.x,ocpp1.6 subprotocol=ocpp1.6
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # the request was not seen: the log begins later
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Not a fault when: the request was not seen, as in most logs and in captures that begin later or are encrypted.
    Likely causes: firmware that does not follow OCPP-J; a proxy that strips the header.
    What to do: update the firmware; let the proxy pass Sec-WebSocket-Protocol in both directions.
    Source: OCPP-J 1.6 3.1.2 ("MUST"); 2.0.1 part 4 3.1.2; RFC 6455 4.1.
    """
    offered = coded(connections["offered"])
    strange = np.array([not names_ocpp(text) for text in offered.names] + [False], dtype=bool)[offered.codes]
    talked = micros(connections["last_up"]) != NO_TIME
    times = micros(connections["ts"])
    findings = []
    for station, rows in by_station(connections):
        own = rows[offered.codes[rows] >= 0]
        chosen = own[strange[own]]
        if not len(own):
            findings.append(not_judged(station, "no request for a WebSocket was seen"))
        if not len(chosen):
            continue
        texts = sorted({offered.names[code] for code in offered.codes[chosen].tolist()})
        said = ", ".join(f"only {text[:40]}" if text else "none at all" for text in texts[:3])
        works = bool(talked[chosen].all())
        findings.append(
            Finding(
                station,
                f"The charger offered no OCPP subprotocol in {len(chosen)} of {plural(len(own), 'request')} ({said})"
                + ("; the server talks to it all the same" if works else ""),
                start=int(times[chosen].min()),
                end=int(times[chosen].max()),
                value=float(len(chosen)),
                limit=0.0,
                unit="requests",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                severity="warning" if works else None,
            )
        )
    return table(findings)


def names_ocpp(offered: str) -> bool:
    """Whether a version of OCPP is among offered subprotocols."""
    return any(token.strip().lower() in KNOWN for token in offered.split(","))

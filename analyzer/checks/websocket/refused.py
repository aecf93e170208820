"""Upgrades to WebSocket that the server refused."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.checks.websocket.attempts import spans, within_one
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, SECOND, Flags, flags, micros, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

SWITCHING = 101
UNAUTHORIZED = 401
SERVER_ERROR = 500
MEANINGS = {
    301: "redirected, which chargers do not follow",
    302: "redirected, which chargers do not follow",
    307: "redirected, which chargers do not follow",
    308: "redirected, which chargers do not follow",
    400: "bad upgrade or subprotocol",
    401: "credentials refused",
    403: "forbidden or blocked",
    404: "identity or path unknown",
    426: "WebSocket version or upgrade refused",
    429: "too many attempts",
    500: "the CSMS failed",
    502: "the proxy found no CSMS",
    503: "the CSMS is down or full",
    504: "the proxy got no answer of the CSMS",
}


@check("WS04", "WebSocket upgrade refused", severity="error")
def refused(
    connections: pa.Table,
    outages: pa.Table,
    *,
    fail_count: int = 3,
    challenge: float = 10.0,
    short_outage: float = 600.0,
) -> pa.Table:
    """The server answered the charger's request for a WebSocket with another HTTP status than 101.

    It is an error where the last attempt was refused, or `fail_count` or more were; else a warning. Where all were
    refused within one outage of `short_outage` seconds at most it is a warning, and an information where the server said
    by 5xx that it was down: that is how a restart of the CSMS looks.

    Why it matters: the charger cannot come online at all; what it does meanwhile is stored at best.
    Fires on:
        08:00:00 CP1 x 401
        08:01:00 CP1 x 401
        08:03:00 CP1 x 404
    Near miss:
        08:00:00 CP1 + ocpp1.6 http_status=101
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # the server asks for credentials (RFC 7617 2), and the charger sends them
        08:00:00 CP1 x 401
        08:00:00.4 CP1 + ocpp1.6 http_status=101 authorization=basic
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
    Not a fault when: a single 401 is followed within `challenge` seconds by an attempt that is accepted.
    Likely causes: 401, 403: wrong or missing password; 404: wrong URL or an identity that the CSMS does not know;
        400, 426: a proxy in between, or no common subprotocol; 429: the charger retries too fast; 5xx: the CSMS or the
        load balancer before it is down.
    What to do: compare URL, identity and password of the charger with the CSMS; look at the CSMS's and the proxy's log
        of these times; let the charger wait longer between attempts.
    Source: OCPP-J 1.6 3.2; 2.0.1 part 4 3.2; RFC 6455 4.2.2.
    """
    status, upgraded = wholes(connections["http_status"]), micros(connections["upgraded"]) != NO_TIME
    known = ((status > 0) | upgraded) & ~flags(connections["inferred"])
    fault = (status > 0) & (status != SWITCHING)
    times = micros(connections["ts"])
    short = spans(outages.filter(pc.less_equal(outages["duration"], short_outage)))
    findings = []
    for station, rows in by_station(connections):
        own = rows[known[rows]]
        own = own[np.argsort(times[own], kind="stable")]
        if not len(own):
            findings.append(not_judged(station, "no answer to an upgrade was seen"))
            continue
        own = own[~_challenged(status[own], times[own], challenge)]
        chosen = own[fault[own]]
        if not len(chosen):
            continue
        last, once = fault[own[-1]], within_one(short.get(station), times[chosen])
        failed = last or (len(chosen) >= fail_count and not once)
        restarted = once and bool((status[chosen] >= SERVER_ERROR).all())
        counted = Counter(status[chosen].tolist())
        said = ", ".join(f"{count}x {code} ({MEANINGS.get(code, 'refused')})" for code, count in counted.most_common(3))
        findings.append(
            Finding(
                station,
                f"The server refused {len(chosen)} of {plural(len(own), 'attempt')} to connect: {said}"
                + ("; the last one too" if last and len(own) > 1 else ""),
                start=int(times[chosen].min()),
                end=int(times[chosen].max()),
                value=float(len(chosen)),
                limit=0.0,
                unit="attempts",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                severity=None if failed else "info" if restarted else "warning",
            )
        )
    return table(findings)


def _challenged(status: np.ndarray, times: np.ndarray, within: float) -> Flags:
    """A 401 that is followed at once by an accepted attempt: the server asked for credentials and got them."""
    found = np.zeros(len(status), dtype=bool)
    accepted = (status[1:] == SWITCHING) | (status[1:] < 0)
    found[:-1] = (status[:-1] == UNAUTHORIZED) & accepted & (np.diff(times) <= within * SECOND)
    return found

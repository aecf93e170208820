"""The CSMS refused the charger's attempts to connect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa

MEANING = {
    400: "bad request: upgrade or subprotocol",
    401: "credentials",
    403: "forbidden",
    404: "unknown identity or path",
    426: "WebSocket version",
    429: "too many attempts",
    502: "no backend behind the proxy",
    503: "no backend, or overloaded",
    504: "the backend did not answer the proxy",
}


@cause(
    "refused",
    "The CSMS refused the upgrade",
    owner="CSMS",
    remedy="Look up the HTTP status in the CSMS's or proxy's log: identity and path in the URL, password, backends up.",
)
def refused(outages: pa.Table, connections: pa.Table) -> list[Clue]:
    """Attempts to connect during the outage were answered with another HTTP status than 101 (OCPP-J 1.6 3.2)."""
    attempts = [
        row
        for row in connections.select(["station", "ts", "http_status", "end_kind"]).to_pylist()
        if row["end_kind"] == "refused"
    ]
    clues = []
    for number, outage in enumerate(outages.select(["station", "start", "end"]).to_pylist()):
        inside = [
            row["http_status"]
            for row in attempts
            if row["station"] == outage["station"]
            and row["ts"] >= outage["start"]
            and (outage["end"] is None or row["ts"] <= outage["end"])
        ]
        if not inside:
            continue
        status = max(set(inside), key=inside.count)
        told = f"{len(inside)} attempts refused, mostly with HTTP {status} ({MEANING.get(status, 'see the server')})"
        clues += [
            Clue(number, 2.0 + min(2.0, 0.5 * len(inside)), told),
            Clue(number, 0.5, "the network path was up: the server answered"),
        ]
    return clues

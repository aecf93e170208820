"""The CSMS refused the charger's attempts to connect."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from analyzer.kernels.columns import same
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

IDENTITY = ("configuration", "Correct the identity, path or password of the charger, or register it in the CSMS.")
SERVER = ("CSMS", "Look in the CSMS's and proxy's log why no backend took the connection at that time.")
MEANING: dict[int | None, tuple[str, tuple[str, str]]] = {
    400: ("bad request: upgrade or subprotocol", ("", "")),
    401: ("credentials", IDENTITY),
    403: ("forbidden", IDENTITY),
    404: ("unknown identity or path", IDENTITY),
    426: ("WebSocket version", ("", "")),
    429: ("too many attempts", ("", "")),
    500: ("an error in the server", SERVER),
    502: ("no backend behind the proxy", SERVER),
    503: ("no backend, or overloaded", SERVER),
    504: ("the backend did not answer the proxy", SERVER),
}
"""What a status means (RFC 9110 15), and whose it is to mend."""
UNAUTHORIZED, CHALLENGE = 401, timedelta(seconds=10)
"""A single 401 before an attempt that succeeds is the server asking for credentials (RFC 7617 2)."""


@cause(
    "refused",
    "The CSMS refused the upgrade",
    owner="CSMS",
    remedy="Look up the HTTP status in the CSMS's or proxy's log: identity and path in the URL, password, backends up.",
)
def refused(outages: pa.Table, connections: pa.Table) -> list[Clue]:
    """Attempts to connect during the outage were answered with another HTTP status than 101 (OCPP-J 1.6 3.2)."""
    rows = connections.filter(pa.array(same(connections["end_kind"], "refused")))
    attempts: dict[object, list[dict[str, Any]]] = {}
    for row in rows.select(["station", "ts", "http_status"]).to_pylist():
        attempts.setdefault(row["station"], []).append(row)
    clues = []
    for number, outage in enumerate(outages.select(["station", "start", "end"]).to_pylist()):
        inside = _inside(attempts.get(outage["station"], ()), outage["start"], outage["end"])
        if not inside or _is_challenge(inside, outage["end"]):
            continue
        status, times = Counter(row["http_status"] for row in inside).most_common(1)[0]
        meaning, (owner, remedy) = MEANING.get(status, ("see the server", ("", "")))
        mostly = "" if times == len(inside) else "mostly "
        said = f"HTTP {status} ({meaning})" if status else "an unknown status"
        attempt = "1 attempt to connect was" if len(inside) == 1 else f"{len(inside)} attempts to connect were"
        clues += [
            Clue(number, 1.5 + min(2.0, 0.5 * len(inside)), f"{attempt} refused, {mostly}with {said}", owner, remedy),
            Clue(number, 0.5, "the network path was up: the server answered"),
        ]
    return clues


def _inside(attempts: Sequence[dict[str, Any]], start: datetime, end: datetime | None) -> Sequence[dict[str, Any]]:
    first = bisect_left(attempts, start, key=lambda row: row["ts"])
    last = len(attempts) if end is None else bisect_left(attempts, end, key=lambda row: row["ts"])
    return attempts[first:last]


def _is_challenge(attempts: Sequence[dict[str, Any]], end: datetime | None) -> bool:
    only = attempts[0] if len(attempts) == 1 else None
    return bool(only and end and only["http_status"] == UNAUTHORIZED and end - only["ts"] <= CHALLENGE)

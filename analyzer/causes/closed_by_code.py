"""One side closed the connection and said why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa

# RFC 6455 7.4.1 and the IANA registry: the weight says how much a code tells.
CODES = {
    1000: (1.2, "normal closure"),
    1001: (1.5, "going away: a restart or a shutdown"),
    1002: (3.0, "protocol error"),
    1003: (3.0, "a type of data that it cannot accept"),
    1007: (3.0, "text that is not UTF-8"),
    1008: (3.0, "policy: credentials, or the identity is in use"),
    1009: (3.0, "a message too big"),
    1010: (2.5, "a missing extension"),
    1011: (3.0, "an error in the server"),
    1012: (3.5, "a restart of the service"),
    1013: (3.0, "overload: try again later"),
    1014: (3.0, "a bad gateway"),
}
SIDES = {"station": "the charger", "csms": "the CSMS", "middle": "something between"}


@cause(
    "closed_by_code",
    "One side closed the connection with a status code",
    owner="CSMS",
    remedy="Look at the last messages before the close, and in the log of the side that closed, for what the code says.",
)
def closed_by_code(outages: pa.Table) -> list[Clue]:
    """A close frame was sent: its code says what its sender objected to (RFC 6455 7.4)."""
    clues = []
    for number, row in enumerate(outages.select(["end_kind", "end_side", "close_code"]).to_pylist()):
        if row["end_kind"] != "close" or row["close_code"] is None:
            continue
        private = (2.5, "a private code") if row["close_code"] >= 4000 else (1.5, "a code that no standard names")
        weight, meaning = CODES.get(row["close_code"], private)
        side = SIDES.get(row["end_side"], "one side")
        clues.append(Clue(number, weight, f"{side} closed with code {row['close_code']}: {meaning}"))
    return clues

"""One side closed the connection and said why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa

# RFC 6455 7.4.1 and the IANA registry: the weight says how much a code tells.
CODES = {
    1000: (1.2, "normal closure"),
    1001: (1.5, "going away: a restart or a shutdown"),
    1002: (3.0, "protocol error"),
    1003: (3.0, "a type of data that it cannot accept"),
    1005: (1.2, "no status given"),
    1007: (3.0, "text that is not UTF-8"),
    1008: (3.0, "policy: credentials, or the identity is in use"),
    1009: (3.0, "a message too big"),
    1010: (2.5, "a missing extension"),
    1011: (3.0, "an error in the server"),
    1012: (3.5, "a restart of the service"),
    1013: (3.0, "overload: try again later"),
    1014: (3.0, "a bad gateway"),
}
BLAMES_OTHER = frozenset({1002, 1003, 1007, 1009})
"""Codes by which a side objects to what the other sent."""
SAYS_LITTLE = frozenset({1000, 1001, 1005})
SIDES = {"station": "the charger", "csms": "the CSMS", "middle": "something between"}
OWNERS = {"station": "charger", "csms": "CSMS", "middle": "network"}
OTHERS = {"station": "CSMS", "csms": "charger", "middle": "network"}
PRIVATE = 4000
LONGEST_REASON = 80


@cause(
    "closed_by_code",
    "One side closed the connection with a status code",
    owner="CSMS",
    remedy="Look at the last messages before the close, and in the log of the side that closed, for what the code says.",
)
def closed_by_code(outages: pa.Table, connections: pa.Table) -> list[Clue]:
    """A close frame was sent: its code says what its sender objected to (RFC 6455 7.4)."""
    told = connections.filter(connections["close_reason"].is_valid()).select(["connection", "close_reason"])
    reasons = dict(zip(told["connection"].to_pylist(), told["close_reason"].to_pylist(), strict=True))
    clues = []
    for number, row in enumerate(outages.to_pylist()):
        code, side = row["close_code"], row["end_side"]
        if row["end_kind"] != "close" or code is None:
            continue
        private = (2.5, "a private code") if code >= PRIVATE else (1.5, "a code that no standard names")
        weight, meaning = CODES.get(code, private)
        closer = SIDES.get(side, "one side")
        owner = (OTHERS if code in BLAMES_OTHER else OWNERS).get(side, "")
        clues.append(Clue(number, weight, f"{closer} closed with code {code}: {meaning}", owner, _remedy(code, side)))
        if reasons.get(row["connection"]):
            clues.append(Clue(number, 0.5, f'it gave the reason "{reasons[row["connection"]][:LONGEST_REASON]}"'))
        elif code in SAYS_LITTLE:
            clues.append(Clue(number, 0.0, f"why {closer} closed, from its own log"))
    return clues


def _remedy(code: int, side: Any) -> str:  # noqa: ANN401 - a value out of Arrow
    """What to do where the code alone tells too little: ask the side that closed."""
    if code not in SAYS_LITTLE or side not in SIDES:
        return ""
    return f"Look in the log of {SIDES[side]} for why it closed the connection."

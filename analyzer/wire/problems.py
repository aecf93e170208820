"""What was wrong with the input."""

from __future__ import annotations

from dataclasses import dataclass

COMMENT = "comment"
"""The kind of what is no problem: words that somebody wrote into the capture."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the input, which reading went past.

    `kind` is one word, `detail` a few. `ts` is in microseconds since the epoch. `damage` says that bytes of the input
    were lost: a truncated file, a corrupt block. `count` is how often it happened, `connection` where, and `from_station`
    whose bytes they are, None where that is neither side's or not known.
    """

    kind: str
    detail: str
    ts: int | None = None
    packet: int | None = None
    damage: bool = False
    count: int = 1
    connection: int | None = None
    from_station: bool | None = None

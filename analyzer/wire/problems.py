"""What was wrong with the input."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

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


class Repeats:
    """The problems of one connection: of each kind and side the first is told, and how many more there were at its end."""

    def __init__(self, connection: int) -> None:
        self._connection = connection
        self._counts: Counter[tuple[str, bool]] = Counter()

    def has(self, kind: str) -> bool:
        """Whether there was a problem of this kind."""
        return any(known == kind for known, _ in self._counts)

    def take(self, problem: Problem, *, from_station: bool) -> Iterator[Problem]:
        """Give a problem if it is the first of its kind and side."""
        self._counts[problem.kind, from_station] += 1
        if self._counts[problem.kind, from_station] == 1:
            yield dataclasses.replace(problem, connection=self._connection, from_station=from_station)

    def rest(self, ts: int, packet: int) -> Iterator[Problem]:
        """Give the others together."""
        for (kind, from_station), count in self._counts.items():
            if count > 1:
                side = "station" if from_station else "csms"
                detail = f"the same by the {side} {count - 1} times more"
                yield Problem(kind, detail, ts, packet, False, count - 1, self._connection, from_station)

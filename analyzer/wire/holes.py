"""Tells the holes of one connection: each by itself, and where they are very many those of a minute together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.events import Hole

MAX_HOLES = 1000
"""Holes of a connection that are told each by itself."""
TOGETHER = 60_000_000
"""Microseconds whose holes are told together beyond that."""


class Holes:
    """The holes of one connection. Each minute that has some is told by its first and its last one at least.

    In what is encrypted nothing can be read with or without them: there the first is told, and how many there are.
    """

    def __init__(self, connection: int) -> None:
        self._connection = connection
        self._told = 0
        self._since = 0
        self._waiting = 0
        self._last: Problem | None = None

    def take(self, hole: Hole, side: str, *, encrypted: bool) -> Iterator[Problem]:
        """Take the next hole; what is told of it, or of those before it."""
        detail = f"{hole.bytes} bytes of the {side} are missing: {hole.why}"
        damage = hole.lost and not encrypted
        problem = Problem("hole", detail, hole.ts, hole.packet, damage, 1, self._connection, hole.from_client)
        near = self._told >= MAX_HOLES and abs(hole.ts - self._since) < TOGETHER
        if near or (encrypted and self._told):
            self._waiting, self._last = self._waiting + 1, problem
            return
        yield from self.rest()
        self._told, self._since = self._told + 1, hole.ts
        yield problem

    def rest(self) -> Iterator[Problem]:
        """Tell those that wait, at the place of the last one."""
        if self._last is not None:
            last, count = self._last, self._waiting
            detail = last.detail if count == 1 else f"{count} holes more, the last one: {last.detail}"
            yield Problem("hole", detail, last.ts, last.packet, last.damage, count, self._connection, last.from_station)
        self._waiting, self._last = 0, None

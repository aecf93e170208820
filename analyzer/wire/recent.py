"""Recognises a packet that was captured twice: on two interfaces, or behind a mirror port."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.wire.link import Segment

JUST_NOW = 1_000
"""Microseconds within which the same segment is one packet captured twice; no sender repeats so soon (RFC 6298)."""
REMEMBERED = 16
"""Segments of a direction compared for that."""


class Recent:
    """The last segments of one direction."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: list[tuple[int, int, int, int]] = []

    def repeats(self, segment: Segment) -> bool:
        """Whether the same segment was seen a moment ago; it is remembered."""
        shape = (segment.sequence, segment.flags, len(segment.payload))
        twice = any(shape == seen[1:] and abs(segment.ts - seen[0]) <= JUST_NOW for seen in self._seen)
        self.remember(segment.ts, *shape)
        return twice

    def remember_all(self, seen: list[tuple[int, int, int, int]]) -> None:
        """Take note of the time, sequence number, flags and length of segments with bytes."""
        self._seen = [*self._seen, *seen][-REMEMBERED:]

    def remember(self, ts: int, sequence: int, flags: int, length: int) -> None:
        """Take note of a segment with bytes."""
        self._seen.append((ts, sequence, flags, length))
        del self._seen[:-REMEMBERED]

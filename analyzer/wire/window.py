"""Notices a receiver that takes no more bytes for a while (RFC 9293 3.8.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.link import ACK, RST

if TYPE_CHECKING:
    from analyzer.wire.link import Segment


class Closed(NamedTuple):
    """A window that was zero: the segment that closed it, and for how many seconds."""

    segment: Segment
    duration: float


class Window:
    """The window that one side offers."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since: Segment | None = None

    @property
    def closed(self) -> bool:
        """Whether it is zero."""
        return self._since is not None

    def watch(self, segment: Segment) -> Closed | None:
        """Take the next segment; a window that it opens again. A RST tells nothing of windows."""
        if segment.flags & RST or not segment.flags & ACK:
            return None
        if segment.window == 0:
            self._since = self._since or segment
            return None
        return self.end(segment.ts)

    def end(self, ts: int) -> Closed | None:
        """The window, if it was zero until now."""
        since, self._since = self._since, None
        return None if since is None else Closed(since, (ts - since.ts) / 1e6)

"""Puts the lines of a log back in the order of their times, where several threads wrote them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from analyzer.sources.events import Event, Ignored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TOLERANCE = 2_000_000
"""Microseconds by which threads get in one another's way. What goes back further is a clock that was set."""
MAX_WAITING = 10_000


class Order:
    """The order of one log; afterwards, how many lines were out of it and which was the first of them."""

    def __init__(self) -> None:
        self.late = 0
        self.first_late: int | None = None
        self.set_back = 0
        self.first_set_back: int | None = None

    def restored(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events in the order of their times; those without one stay behind the one before them."""
        waiting: deque[tuple[int, Event]] = deque()
        newest: int | None = None
        for event in events:
            ts = None if isinstance(event, Ignored) else event.ts
            if ts is None or newest is None or ts >= newest:
                newest = ts if ts is not None else newest
                waiting.append((newest or 0, event))
            elif newest - ts <= TOLERANCE:
                self.late += 1
                self.first_late = self.first_late or event.origin
                _insert(waiting, ts, event)
            else:
                self.set_back += 1
                self.first_set_back = self.first_set_back or event.origin
                yield from (one for _, one in waiting)
                waiting.clear()
                newest = ts
                waiting.append((ts, event))
            while waiting and (len(waiting) > MAX_WAITING or waiting[0][0] < (newest or 0) - TOLERANCE):
                yield waiting.popleft()[1]
        yield from (one for _, one in waiting)


def _insert(waiting: deque[tuple[int, Event]], ts: int, event: Event) -> None:
    at = len(waiting)
    while at and waiting[at - 1][0] > ts:
        at -= 1
    waiting.insert(at, (ts, event))

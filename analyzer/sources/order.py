"""Puts the lines of a log back in the order of their times, where several threads wrote them."""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING

from analyzer.sources.events import Event, Ignored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TOLERANCE = 2_000_000
"""Microseconds by which threads get in one another's way. What goes back further is a clock that was set."""
MAX_WAITING = 10_000
Placed = tuple[int, int, Event]
"""An event by its time, and by its number where several have the same."""


class Order:
    """The order of one log; afterwards, how many lines were out of it and which was the first of them."""

    def __init__(self) -> None:
        self.late = 0
        self.first_late: int | None = None
        self.set_back = 0
        self.first_set_back: int | None = None

    def restored(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events in the order of their times; those without one stay behind the one before them."""
        waiting: deque[Placed] = deque()
        late: list[Placed] = []
        newest: int | None = None
        for number, event in enumerate(events):
            ts = None if isinstance(event, Ignored) else event.ts
            if ts is None or newest is None or ts >= newest:
                newest = ts if ts is not None else newest
                waiting.append((newest or 0, number, event))
            elif newest - ts <= TOLERANCE:
                self.late += 1
                self.first_late = self.first_late or event.origin
                heapq.heappush(late, (ts, number, event))
            else:
                self.set_back += 1
                self.first_set_back = self.first_set_back or event.origin
                yield from _all(waiting, late)
                newest = ts
                waiting.append((ts, number, event))
            oldest = (newest or 0) - TOLERANCE
            while len(waiting) + len(late) > MAX_WAITING or waiting[0][0] < oldest or (late and late[0][0] < oldest):
                yield heapq.heappop(late)[2] if late and late[0] < waiting[0] else waiting.popleft()[2]
        yield from _all(waiting, late)


def _all(waiting: deque[Placed], late: list[Placed]) -> Iterator[Event]:
    """All that waits, which is forgotten then."""
    yield from [event for _, _, event in sorted([*waiting, *late])]
    waiting.clear()
    late.clear()

"""One TCP connection as it is followed, and the order in which its events are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from analyzer.wire.events import Data
from analyzer.wire.ordering import HELD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.events import Ended, Event
    from analyzer.wire.link import Segment
    from analyzer.wire.ordering import Half

MAX_DEFERRED = 4_096
"""Events of a connection kept back while one of its sides waits for missing bytes."""

Endpoint = tuple[str, int]
Key = tuple[Endpoint, Endpoint]


@dataclass(slots=True)
class Flow:
    """One TCP connection: a pair of endpoints may have several, one after another.

    `begun` is when it was first seen, `asked` the time of its SYN until its handshake is over, `reporter` who said that
    the server cannot be reached, `late` what came behind the RST that ended it.
    """

    number: int
    client: Endpoint
    server: Endpoint
    upper: Half
    lower: Half
    ts: int
    packet: int
    begun: int
    undecided: list[Segment] = field(default_factory=list)
    decided: bool = True
    ignored: bool = False
    closing: Ended | None = None
    stray: Segment | None = None
    deferred: list[Event] = field(default_factory=list)
    asked: int | None = None
    round_trip: float | None = None
    reporter: str | None = None
    late: list[Segment] = field(default_factory=list)

    def half(self, source: Endpoint) -> Half:
        """The direction of what this endpoint sends."""
        return self.upper if source == self.client else self.lower

    @property
    def held(self) -> int:
        """Bytes that wait for others, roughly."""
        undecided = sum(len(segment.payload) + HELD for segment in self.undecided)
        deferred = sum(len(event.data) if isinstance(event, Data) else HELD for event in self.deferred)
        return self.upper.held + self.lower.held + undecided + deferred


def release(flow: Flow, events: list[Event], *, everything: bool = False) -> Iterator[Event]:
    """Give events, but none of one side while the other waits for missing bytes: else an answer precedes its call."""
    waiting = not everything and (flow.upper.waiting or flow.lower.waiting)
    if not flow.deferred and not waiting:
        yield from events
        return
    flow.deferred += events
    if not waiting or len(flow.deferred) > MAX_DEFERRED:
        deferred, flow.deferred = flow.deferred, []
        yield from _in_time_order(deferred)


def _in_time_order(events: list[Event]) -> list[Event]:
    """Both sides by time; each side stays in the order of its stream."""
    latest = {True: 0, False: 0}
    keyed: list[tuple[int, Event]] = []
    for event in events:
        side = bool(getattr(event, "from_client", True))
        latest[side] = max(latest[side], event.ts)
        keyed.append((latest[side], event))
    return [event for _, event in sorted(keyed, key=itemgetter(0))]

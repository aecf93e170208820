"""The one entry to a capture: from its bytes to connections, messages and problems."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, BinaryIO

from analyzer.wire.aside import Aside
from analyzer.wire.conversation import Conversation
from analyzer.wire.events import Ended, Opened
from analyzer.wire.items import Connection, Item, Totals, WireControl, WireMessage, WireTransport
from analyzer.wire.link import CUT_HEADER, Segment, Unknown, dissect
from analyzer.wire.problems import COMMENT, Problem
from analyzer.wire.records import Record
from analyzer.wire.sequence import Sequence, alone
from analyzer.wire.streams import MAX_FLOWS, Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from analyzer.wire.events import Event

__all__ = ["Connection", "Item", "Problem", "Totals", "WireControl", "WireMessage", "WireTransport", "read_capture"]

PROGRESS_EVERY = 1 << 20
"""Bytes between two reports of progress."""
WEIGHED_EVERY = 64 << 20
"""Bytes between two looks at what is held."""
MAX_HELD = 256 << 20
"""Bytes that all connections together may hold while they wait for missing bytes or for the rest of something."""


def read_capture(
    stream: BinaryIO,
    *,
    ports: frozenset[int] = frozenset(),
    dissector: str = "fast",
    progress: Callable[[int], None] | None = None,
    following: Callable[[int | None], BinaryIO | None] = alone,
) -> Iterator[Item]:
    """What a capture holds, in bounded memory; the last item is its `Totals`. Bad data gives problems, no exception.

    A capture may be of several files: `following` gives the one that goes on behind another, as `Sequence` says. Then
    the last items are the `Totals` of each.

    `ports` are server ports that are surely of interest; none is needed. With dissector `scapy` all packets go through
    Scapy, which is slow and knows every encapsulation; with `fast` only those that are not plain Ethernet, VLAN, Linux
    cooked, raw or loopback. `progress` is told how many bytes were read.
    """
    return _Reading(ports, dissector).read(Sequence(stream, following), progress)


class _Reading:
    """One capture being read."""

    def __init__(self, ports: frozenset[int], dissector: str) -> None:
        self._ports = ports
        self._bytes = 0
        self._streams = Streams(ports)
        self._conversations: dict[int, Conversation] = {}
        self._aside = Aside(ports)
        self._weighed = 0
        self._relieved = 0
        self._complaints: Counter[tuple[str, bool]] = Counter()
        self._slow = dissector == "scapy"
        self._scapy: Callable[[Record], list[Segment] | None] | None = None

    def read(self, sequence: Sequence, progress: Callable[[int], None] | None) -> Iterator[Item]:
        told = 0
        for record in sequence.records():
            if isinstance(record, Record):
                self._bytes += len(record.data)
                yield from self._take(record)
                if progress and self._bytes - told >= PROGRESS_EVERY:
                    told = self._bytes
                    progress(told)
                if self._bytes - self._weighed >= WEIGHED_EVERY:
                    self._weighed = self._bytes
                    yield from self._relieve()
            elif isinstance(record, Problem):
                yield from self._complain(record)
        yield from self._follow(self._streams.finish())
        yield from self._finish()
        yield from sequence.parts

    def _take(self, record: Record) -> Iterator[Item]:
        found = Unknown.UNKNOWN if self._slow else dissect(record)
        segments = self._dissect_slowly(record) if isinstance(found, Unknown) else [found]
        for segment in segments:
            if isinstance(segment, Segment):
                yield from self._follow(self._streams.feed(segment))
            elif isinstance(segment, Problem):
                yield from self._complain(segment)

    def _dissect_slowly(self, record: Record) -> Iterable[Segment | None]:
        if self._scapy is None:
            from analyzer.wire.scapy_dissection import Dissection

            self._scapy = Dissection().dissect
        return self._scapy(record) or [None]

    def _follow(self, events: Iterable[Event]) -> Iterator[Item]:
        for event in events:
            if isinstance(event, Opened):
                expected = event.server_port in self._ports
                self._conversations[event.flow] = Conversation(event, expected=expected)
                continue
            conversation = self._conversations.get(event.flow)
            if conversation is None:
                continue
            spoke = conversation.speaks_ocpp
            yield from conversation.take(event)
            if conversation.speaks_ocpp and not spoke:
                self._aside.speaks_ocpp(conversation.connection)
            if isinstance(event, Ended):
                del self._conversations[event.flow]
                if conversation.worth_a_look:
                    yield from self._aside.take(conversation)
            elif conversation.interesting is False:
                self._streams.ignore(event.flow)
                del self._conversations[event.flow]

    def _relieve(self) -> Iterator[Item]:
        """Give up the connections that hold most, where all together hold too much."""
        held = Counter(self._streams.held())
        for number, conversation in self._conversations.items():
            held[number] += conversation.held
        total = held.total()
        if total <= MAX_HELD:
            return
        for number, size in held.most_common():
            if total <= MAX_HELD // 2:
                return
            total -= size
            self._relieved += 1
            yield from self._follow(self._streams.give_up(number))

    def _complain(self, problem: Problem) -> Iterator[Problem]:
        """Give a problem of packets the first time; what is damage of the file or a comment on it each time.

        The other repeats come at the end.
        """
        bounded = problem.kind == CUT_HEADER or not (problem.damage or problem.kind == COMMENT)
        self._complaints[problem.kind, problem.damage] += bounded
        if not bounded or self._complaints[problem.kind, problem.damage] == 1:
            yield problem

    def _finish(self) -> Iterator[Item]:
        """Give the connections without OCPP, and the repeated problems."""
        yield from self._aside.finish()
        for (kind, damage), count in self._complaints.items():
            if count > 1:
                yield Problem(kind, f"the same {count - 1} times more", damage=damage, count=count - 1)
        if self._streams.forgotten:
            detail = f"more than {MAX_FLOWS} connections at once; those silent longest were given up"
            yield Problem("too_many_connections", detail, count=self._streams.forgotten)
        if self._relieved:
            detail = (
                f"more than {MAX_HELD >> 20} MiB waited for missing bytes or the rest of a message; "
                f"the {self._relieved} connections that held most were given up there"
            )
            yield Problem("too_much_held", detail, damage=True, count=self._relieved)

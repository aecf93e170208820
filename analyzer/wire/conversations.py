"""The one entry to a capture: from its bytes to connections, messages and problems."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, BinaryIO

from analyzer.wire.conversation import Conversation
from analyzer.wire.events import Ended, Opened, Transport
from analyzer.wire.items import Connection, Item, Totals, WireControl, WireMessage, WireTransport
from analyzer.wire.link import Segment, Unknown, dissect
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record, read_records
from analyzer.wire.streams import MAX_FLOWS, Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from analyzer.wire.events import Event

__all__ = ["Connection", "Item", "Problem", "Totals", "WireControl", "WireMessage", "WireTransport", "read_capture"]

PROGRESS_EVERY = 1 << 20
"""Bytes between two reports of progress."""
MAX_SILENT = 10_000
"""Connections without a byte that are remembered until it is known whether their server speaks OCPP."""


def read_capture(
    stream: BinaryIO,
    *,
    ports: frozenset[int] = frozenset(),
    dissector: str = "fast",
    progress: Callable[[int], None] | None = None,
) -> Iterator[Item]:
    """What a capture holds, in bounded memory; the last item is its `Totals`. Bad data gives problems, no exception.

    `ports` are server ports that are surely of interest; none is needed. With dissector `scapy` all packets go through
    Scapy, which is slow and knows every encapsulation; with `fast` only those that are not plain Ethernet, VLAN, Linux
    cooked, raw or loopback. `progress` is told how many bytes were read.
    """
    return _Reading(ports, dissector).read(stream, progress)


class _Reading:
    """One capture being read."""

    def __init__(self, ports: frozenset[int], dissector: str) -> None:
        self._ports = ports
        self._totals = Totals()
        self._streams = Streams(ports)
        self._conversations: dict[int, Conversation] = {}
        self._silent: list[list[Item]] = []
        self._servers: set[tuple[str, int]] = set()
        self._complaints: Counter[str] = Counter()
        self._slow = dissector == "scapy"
        self._scapy: Callable[[Record], list[Segment] | None] | None = None

    def read(self, stream: BinaryIO, progress: Callable[[int], None] | None) -> Iterator[Item]:
        told = 0
        for record in read_records(stream):
            if isinstance(record, Record):
                self._count(record)
                yield from self._take(record)
                if progress and self._totals.bytes - told >= PROGRESS_EVERY:
                    told = self._totals.bytes
                    progress(told)
            elif isinstance(record, Problem):
                yield from self._complain(record)
        yield from self._follow(self._streams.finish())
        yield from self._finish()

    def _count(self, record: Record) -> None:
        totals = self._totals
        totals.packets += 1
        totals.bytes += len(record.data)
        totals.first_ts = record.ts if totals.first_ts is None else min(totals.first_ts, record.ts)
        totals.last_ts = record.ts if totals.last_ts is None else max(totals.last_ts, record.ts)

    def _take(self, record: Record) -> Iterator[Item]:
        found = Unknown.UNKNOWN if self._slow else dissect(record)
        segments = self._dissect_slowly(record) if isinstance(found, Unknown) else [found]
        for segment in segments:
            if isinstance(segment, Segment):
                self._totals.tcp_segments += 1
                yield from self._follow(self._streams.feed(segment))
            elif isinstance(segment, Problem):
                yield from self._complain(segment)
            else:
                self._totals.other_packets += 1

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
            if isinstance(event, Transport) and event.kind == "duplicate":
                self._totals.duplicates += 1
            yield from conversation.take(event)
            if isinstance(event, Ended):
                self._close(conversation)
            elif conversation.interesting is False:
                self._streams.ignore(event.flow)
                del self._conversations[event.flow]

    def _close(self, conversation: Conversation) -> None:
        """Count a connection that has ended."""
        connection = conversation.connection
        del self._conversations[connection.number]
        totals = self._totals
        totals.messages += connection.messages
        if conversation.interesting:
            totals.tls_connections += connection.tls
            totals.websocket_connections += not connection.tls
            totals.ocpp_connections += conversation.speaks_ocpp
            self._servers.add((connection.server, connection.server_port))
        elif conversation.silent and connection.handshake_seen and len(self._silent) < MAX_SILENT:
            self._silent.append(list(conversation.give_all()))

    def _complain(self, problem: Problem) -> Iterator[Problem]:
        """Give a problem of packets the first time; the repeats are given together at the end."""
        self._complaints[problem.kind] += not problem.damage
        if problem.damage or self._complaints[problem.kind] == 1:
            yield problem

    def _finish(self) -> Iterator[Item]:
        """Give the attempts that failed at servers that speak WebSocket or TLS, the repeated problems, and the totals."""
        for items in self._silent:
            first = items[0]
            server = (first.server, first.server_port) if isinstance(first, Connection) else None
            if server in self._servers or (server and server[1] in self._ports):
                yield from items
        for kind, count in self._complaints.items():
            if count > 1:
                yield Problem(kind, f"the same {count - 1} times more", count=count - 1)
        if self._streams.forgotten:
            detail = f"more than {MAX_FLOWS} connections at once; those silent longest were given up"
            yield Problem("too_many_connections", detail, count=self._streams.forgotten)
        self._totals.tcp_connections = self._streams.opened
        yield self._totals

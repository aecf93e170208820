"""The one entry to a capture: from its bytes to connections, messages and problems."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from analyzer.wire import flows
from analyzer.wire.aside import Aside
from analyzer.wire.batches import Batch
from analyzer.wire.conversation import Conversation
from analyzer.wire.events import Ended, Opened
from analyzer.wire.headers import Headers
from analyzer.wire.icmp import Report, report
from analyzer.wire.items import (
    Connection,
    Item,
    Totals,
    WireCertificate,
    WireControl,
    WireLookup,
    WireMessage,
    WireMessages,
    WireTransport,
)
from analyzer.wire.link import FIN, OF_PACKETS, RST, SYN, UDP, Datagram, Segment, Unknown, dissect
from analyzer.wire.lookups import Lookups
from analyzer.wire.problems import COMMENT, Problem
from analyzer.wire.records import Secrets
from analyzer.wire.runs import Run, pass_over, reach, read_run
from analyzer.wire.sequence import Sequence, alone
from analyzer.wire.streams import MAX_FLOWS, Streams
from analyzer.wire.tls.keylog import KeyLog, Keys
from analyzer.wire.tls.shelf import Shelf, WireRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from analyzer.wire.events import Event
    from analyzer.wire.flows import Group, Sorted
    from analyzer.wire.headers import Segments
    from analyzer.wire.records import Record

__all__ = [
    "Connection", "Item", "Problem", "Totals", "WireCertificate", "WireControl", "WireLookup", "WireMessage",
    "WireRecords", "WireTransport", "read_capture",
]  # fmt: skip

WEIGHED_EVERY = 64 << 20
"""Bytes between two looks at what is held."""
MAX_HELD = 256 << 20
"""Bytes that all connections together may hold while they wait for missing bytes or for the rest of something."""


def read_capture(
    stream: BinaryIO,
    *,
    ports: frozenset[int] = frozenset(),
    dissector: str = "fast",
    keylog: KeyLog | None = None,
    progress: Callable[[int], None] | None = None,
    together: bool = False,
    following: Callable[[int | None], BinaryIO | None] = alone,
) -> Iterator[Item]:
    """What a capture holds, in bounded memory; the last item is its `Totals`. Bad data gives problems, no exception.

    A capture may be of several files: `following` gives the one that goes on behind another, as `Sequence` says. Then
    the last items are the `Totals` of each.

    `ports` are server ports that are surely of interest; none is needed. With dissector `scapy` all packets go through
    Scapy, which is slow and knows every encapsulation; with `fast` only those that are not plain Ethernet, VLAN, Linux
    cooked, raw or loopback. TLS is decrypted with the secrets of `keylog` and those within the capture. `progress` is
    told how many bytes were read. With `together` many messages of a connection may come as one item.
    """
    for item in _Reading(ports, dissector, keylog).read(Sequence(stream, following), progress):
        if isinstance(item, WireMessages) and not together:
            yield from item.one_by_one()
        else:
            yield item


class _Reading:
    """One capture being read."""

    def __init__(self, ports: frozenset[int], dissector: str, keylog: KeyLog | None) -> None:
        self._ports = ports
        self._keys = Keys(keylog)
        self._shelf = Shelf()
        self._bytes = 0
        self._headers = Headers()
        self._streams = Streams(ports)
        self._conversations: dict[int, Conversation] = {}
        self._aside = Aside(ports)
        self._lookups = Lookups()
        self._weighed = 0
        self._relieved = 0
        self._complaints: Counter[tuple[str, bool]] = Counter()
        self._slow = dissector == "scapy"
        self._scapy: Callable[[Record], list[Segment | Datagram | Problem] | None] | None = None

    def read(self, sequence: Sequence, progress: Callable[[int], None] | None) -> Iterator[Item]:
        self._keys.may_grow = sequence.may_bring_secrets
        for found in sequence.batches():
            if isinstance(found, Batch):
                self._bytes += int(found.captured.sum())
                yield from self._take(found)
                if progress:
                    progress(self._bytes)
                if self._bytes - self._weighed >= WEIGHED_EVERY:
                    self._weighed = self._bytes
                    yield from self._relieve()
            elif isinstance(found, Secrets):
                self._keys.add(found.data)
            else:
                yield from self._complain(found)
        yield from self._follow(self._streams.finish(sequence.last_ts))
        yield from self._finish()
        yield from sequence.parts

    def _take(self, batch: Batch) -> Iterator[Item]:
        """Take the packets of a batch, connection by connection."""
        segments, others = self._headers.read(batch)
        if self._slow:
            segments, others = segments.at(np.zeros(0, dtype=np.int64)), np.arange(len(batch.begins))
        found: list[tuple[int, Segment | Report]] = []
        for row in others.tolist():
            for each in self._dissect(batch.record(row)):
                if isinstance(each, Problem):
                    yield from self._complain(each)
                elif each is not None:
                    found.append((row, each))
        yield from self._take_segments(batch, segments, found)

    def _dissect(self, record: Record) -> Iterable[Segment | Report | Problem | None]:
        """What a packet tells of a connection; what it tells of a name is kept for the end."""
        for each in self._found(record):
            if not isinstance(each, Datagram):
                yield each
            elif each.protocol == UDP:
                self._lookups.take(each)
            else:
                yield report(each)

    def _found(self, record: Record) -> Iterable[Segment | Datagram | Problem | None]:
        found = Unknown.UNKNOWN if self._slow else dissect(record)
        if not isinstance(found, Unknown):
            return [found]
        if self._scapy is None:
            from analyzer.wire.scapy_dissection import Dissection

            self._scapy = Dissection().dissect
        return self._scapy(record) or [None]

    def _take_segments(
        self, batch: Batch, segments: Segments, found: list[tuple[int, Segment | Report]]
    ) -> Iterator[Item]:
        known = len(segments.row)
        if found:
            segments = segments.with_more(self._headers.columns(found))
        sorted_, groups = flows.sort(segments, batch.ts, known, batch.data)
        for group in groups:
            yield from self._take_group(batch, sorted_, group, found, known)

    def _take_group(
        self, batch: Batch, segments: Sorted, group: Group, found: list[tuple[int, Segment | Report]], known: int
    ) -> Iterator[Item]:
        """Take the segments of a connection: runs at once, the others one by one."""
        low, high = self._headers.endpoint(group.low), self._headers.endpoint(group.high)
        at = group.start
        while at < group.stop:
            flow = self._streams.find(low, high)
            unclean = bisect_left(segments.unclean, at)
            stop = min(segments.unclean[unclean], group.stop) if unclean < len(segments.unclean) else group.stop
            if flow is not None and flow.ignored and not segments.flags[at] & (SYN | FIN | RST):
                at = max(stop, at + 1)
                continue
            if flow is not None and not flow.ignored and stop > at:
                conversation = self._conversations.get(flow.number)
                if conversation is not None and conversation.interesting:
                    stop = reach(flow, segments, at, stop, client_is_low=flow.client == low)
                    if stop > at:
                        filled = segments.filled[bisect_left(segments.filled, at) : bisect_left(segments.filled, stop)]
                        run = Run(at, stop, filled, flow.client == low)
                        yield from read_run(conversation, batch.data, segments, run, batch.number, self._follow)
                        pass_over(flow, segments, run, batch)
                        at = stop
                        continue
            place = segments.place[at]
            segment = found[place - known][1] if place >= known else dissect(batch.record(segments.row[at]))
            if isinstance(segment, Segment):
                yield from self._follow(self._streams.feed(segment))
            elif isinstance(segment, Report):
                yield from self._follow(self._streams.report(segment))
            at += 1

    def _follow(self, events: Iterable[Event]) -> Iterator[Item]:
        for event in events:
            if isinstance(event, Opened):
                expected = event.server_port in self._ports
                self._conversations[event.flow] = Conversation(
                    event, expected=expected, keys=self._keys, shelf=self._shelf
                )
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
                self._aside.count_cut_off(conversation)
                kept = conversation.worth_a_look and (yield from self._aside.take(conversation))
                if not kept:
                    self._shelf.drop(event.flow)
            elif conversation.interesting is False:
                self._streams.ignore(event.flow)
                self._shelf.drop(event.flow)
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
        bounded = problem.kind in OF_PACKETS or not (problem.damage or problem.kind == COMMENT)
        self._complaints[problem.kind, problem.damage] += bounded
        if not bounded or self._complaints[problem.kind, problem.damage] == 1:
            yield problem

    def _finish(self) -> Iterator[Item]:
        """Give the connections without OCPP, and the repeated problems."""
        yield from self._aside.finish()
        yield from self._keys.problems()
        yield from self._lookups.finish()
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

"""Picks the packets of one connection out of a capture."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from analyzer.wire.batches import Batch, read_batches
from analyzer.wire.headers import Headers
from analyzer.wire.icmp import Report, report
from analyzer.wire.items import Totals
from analyzer.wire.link import UDP, Datagram, Segment, Unknown, dissect
from analyzer.wire.records import Secrets
from analyzer.wire.scapy_dissection import Dissection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analyzer.wire.headers import Ints
    from analyzer.wire.records import Record

Endpoint = tuple[str, int]
MAX_WAITING = 256
"""Fragmented packets of which the fragments are kept until it is known whose they are; the oldest are given up."""
MAX_FRAGMENTS = 1024
"""Fragments that are kept of one packet."""


Ends = tuple[Endpoint, Endpoint]


class Wanted(NamedTuple):
    """A connection: its two ends, and the span of time, in microseconds, in which they are its own."""

    ends: Ends
    since: int
    until: int


def select(stream: BinaryIO, wanted: Wanted) -> Iterator[Record | Secrets | Totals]:
    """The packets of a connection in the order of the capture, the capture's TLS secrets, and at last its totals.

    A packet belongs to it where one of the segments in it does, whatever it is wrapped in, where it is a fragment of such
    a one, and where it is an ICMP error about one.
    """
    selection, totals = _Selection(wanted), Totals()
    for found in read_batches(stream):
        if isinstance(found, Batch):
            totals.packets += len(found.begins)
            totals.bytes += int(found.captured.sum())
            yield from selection.take(found)
        elif isinstance(found, Secrets):
            yield found
    yield totals


class _Selection:
    """One capture being looked through."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._headers = Headers()
        self._dissection: Dissection | None = None
        self._waiting: OrderedDict[object, list[Record]] = OrderedDict()

    def take(self, batch: Batch) -> list[Record]:
        """The packets of a batch that are wanted, and the fragments before it that are now known to be."""
        segments, others = self._headers.read(batch)
        rows = segments.row[self._between(segments.source, segments.destination)]
        known = [batch.record(row) for row in rows.tolist() if self._in_time(int(batch.ts[row]))]
        more = [each for row in others.tolist() for each in self._look_at(batch.record(row))]
        return sorted([*known, *more], key=lambda record: record.number)

    def _between(self, source: Ints, destination: Ints) -> Ints:
        """The places of the segments between the two ends."""
        client, server = (self._headers.endpoint_of(*end) for end in self._wanted.ends)
        forth, back = (source == client) & (destination == server), (source == server) & (destination == client)
        return np.flatnonzero(forth | back)

    def _in_time(self, ts: int) -> bool:
        return self._wanted.since <= ts < self._wanted.until

    def _look_at(self, record: Record) -> Iterable[Record]:
        """The packet, with the fragments before it that it makes whole, where it is wanted."""
        found = dissect(record)
        if not isinstance(found, Unknown):
            return [record] if self._is_wanted(found, record.ts) else []
        if self._dissection is None:
            self._dissection = Dissection()
        inside = self._dissection.dissect(record) or ()
        wanted = any(self._is_wanted(each, record.ts) for each in inside)
        packet = self._dissection.fragment
        if packet is None:
            return [record] if wanted else []
        together = [*self._waiting.pop(packet, []), record]
        if inside:
            return together if wanted else []
        self._waiting[packet] = together[:MAX_FRAGMENTS]
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popitem(last=False)
        return []

    def _is_wanted(self, found: object, ts: int) -> bool:
        if isinstance(found, Datagram):
            found = None if found.protocol == UDP else report(found)
        if not isinstance(found, Segment | Report):
            return False
        ends = {(found.source, found.source_port), (found.destination, found.destination_port)}
        return ends == set(self._wanted.ends) and self._in_time(ts)

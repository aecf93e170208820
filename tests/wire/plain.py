"""Reads a capture packet by packet, without columns: the reference that the reading of whole batches must agree with."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from analyzer.wire.conversations import _Reading
from analyzer.wire.icmp import Report
from analyzer.wire.link import Segment
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record, Secrets
from analyzer.wire.sequence import Sequence, alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analyzer.wire.items import Item
    from analyzer.wire.tls.keylog import KeyLog


def read_plainly(
    stream: BinaryIO,
    *,
    ports: frozenset[int] = frozenset(),
    dissector: str = "fast",
    keylog: KeyLog | None = None,
    following: Callable[[int | None], BinaryIO | None] = alone,
    together: bool = False,
) -> Iterator[Item]:
    """What `read_capture` gives, found packet by packet."""
    del together
    reading, sequence = _Reading(ports, dissector, keylog), Sequence(stream, following)
    reading._keys.may_grow = sequence.may_bring_secrets
    for record in sequence.records():
        if isinstance(record, Secrets):
            reading._keys.add(record.data)
        elif isinstance(record, Problem):
            yield from reading._complain(record)
        else:
            yield from _take(reading, record)
    yield from reading._follow(reading._streams.finish(sequence.last_ts))
    yield from reading._finish()
    yield from sequence.parts


def _take(reading: _Reading, record: Record) -> Iterator[Item]:
    for found in reading._dissect(record):
        if isinstance(found, Segment):
            yield from reading._follow(reading._streams.feed(found))
        elif isinstance(found, Report):
            yield from reading._follow(reading._streams.report(found))
        elif isinstance(found, Problem):
            yield from reading._complain(found)

"""Reads a capture packet by packet, without columns: the reference that the reading of whole batches must agree with."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from analyzer.wire.batches import gather
from analyzer.wire.conversations import _may_bring_secrets, _Reading
from analyzer.wire.icmp import Report
from analyzer.wire.link import Segment
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record, Secrets, read_records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.items import Item
    from analyzer.wire.tls.keylog import KeyLog


def read_plainly(
    stream: BinaryIO,
    *,
    ports: frozenset[int] = frozenset(),
    dissector: str = "fast",
    keylog: KeyLog | None = None,
    together: bool = False,
) -> Iterator[Item]:
    """What `read_capture` gives, found packet by packet."""
    del together
    reading = _Reading(ports, dissector, keylog)
    reading._keys.may_grow = _may_bring_secrets(stream)
    for record in read_records(stream):
        if isinstance(record, Problem):
            yield from reading._complain(record)
        if isinstance(record, Secrets):
            reading._keys.add(record.data)
        if not isinstance(record, Record):
            continue
        reading._count(*gather([record]))  # type: ignore[arg-type]
        for segment in reading._dissect(record):
            if isinstance(segment, Segment):
                yield from reading._follow(reading._streams.feed(segment))
            elif isinstance(segment, Report):
                yield from reading._follow(reading._streams.report(segment))
            elif isinstance(segment, Problem):
                yield from reading._complain(segment)
    yield from reading._follow(reading._streams.finish(reading._totals.last_ts))
    yield from reading._finish()

"""Reads the records of a capture many at a time: whole chunks of the file, with the places of their packets as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.wire.records import CLASSIC, MODIFIED, Record, Secrets, bounded, read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from analyzer.wire.problems import Problem

Ints = npt.NDArray[np.int64]

CHUNK = 16 << 20
"""Bytes that are read at once: larger ones cost memory, smaller ones the overhead of NumPy for each connection."""
ROOM = 64
"""Bytes behind the last packet of a batch, so that a header may be looked at before it is known to be whole."""
GATHERED = 16_384
"""Records that are gathered into a batch where they were read one by one."""


class Batch(NamedTuple):
    """Packets in the order of the capture: their bytes in one buffer, and of each one where it begins and what it is."""

    data: bytes
    number: int
    begins: Ints
    captured: Ints
    original: Ints
    ts: Ints
    link_types: Ints
    interfaces: Ints

    def record(self, row: int) -> Record:
        """One packet of it."""
        begin, size = int(self.begins[row]), int(self.captured[row])
        return Record(
            self.number + row,
            int(self.ts[row]),
            int(self.link_types[row]),
            self.data[begin : begin + size],
            int(self.original[row]),
            int(self.interfaces[row]),
        )


def read_batches(stream: BinaryIO) -> Iterator[Batch | Secrets | Problem]:
    """What `read_records` reads, many packets at a time."""
    from analyzer.wire.garbage import SECTION_HEADER
    from analyzer.wire.lookahead import Lookahead
    from analyzer.wire.pcap_batches import read_packets
    from analyzer.wire.pcapng_batches import read_blocks

    ahead = Lookahead(stream)
    magic = ahead.ahead(4)
    if magic in CLASSIC and magic not in MODIFIED:
        yield from bounded(read_packets(ahead))
    elif magic == SECTION_HEADER:
        yield from bounded(read_blocks(ahead))
    else:
        yield from gather(read_ahead(ahead))


def gather(records: Iterable[Batch | Record | Secrets | Problem]) -> Iterator[Batch | Secrets | Problem]:
    """Records that were read one by one as batches; what stands between them keeps its place."""
    waiting: list[Record] = []
    size = 0
    for record in records:
        if isinstance(record, Record):
            waiting.append(record)
            size += len(record.data)
        if waiting and (not isinstance(record, Record) or len(waiting) >= GATHERED or size >= CHUNK):
            yield _batch(waiting)
            waiting, size = [], 0
        if not isinstance(record, Record):
            yield record
    if waiting:
        yield _batch(waiting)


def _batch(records: Sequence[Record]) -> Batch:
    captured = np.array([len(record.data) for record in records], dtype=np.int64)
    columns = [[record.original_length, record.ts, record.link_type, record.interface] for record in records]
    original, ts, link_types, interfaces = np.array(columns, dtype=np.int64).T
    data = b"".join([*(record.data for record in records), bytes(ROOM)])
    return Batch(
        data, records[0].number, np.cumsum(captured) - captured, captured, original, ts, link_types, interfaces
    )

"""Reads the records of a capture many at a time: whole chunks of the file, with the places of their packets as columns."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from analyzer.wire.records import CLASSIC, MAX_PACKET, Classic, Record, classic, read_classic, read_records, take

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from analyzer.wire.problems import Problem
    from analyzer.wire.records import Secrets

Ints = npt.NDArray[np.int64]
CHUNK = 16 << 20
"""Bytes that are read at once: larger ones cost memory and page faults, smaller ones the overhead of NumPy."""
ROOM = 64
"""Bytes behind the last packet of a batch, so that a header may be looked at before it is known to be whole."""
GATHERED = 4096
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
    head = take(stream, 24)
    if len(head) == 24 and head[:4] in CLASSIC:
        yield from _read_classic(stream, classic(head))
    else:
        yield from gather(read_records(_joined(head, stream)))


def gather(records: Iterable[Record | Secrets | Problem]) -> Iterator[Batch | Secrets | Problem]:
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


def _read_classic(stream: BinaryIO, form: Classic) -> Iterator[Batch | Secrets | Problem]:
    number, rest, ts = 0, b"", None
    more = True
    while more:
        chunk = take(stream, CHUNK)
        size = len(rest) + len(chunk)
        data = b"".join([rest, chunk, bytes(ROOM)])
        heads, end = _walk(data, size, form.order)
        if heads:
            batch = _columns(data, np.array(heads, dtype=np.int64), number + 1, form)
            number, ts = number + len(heads), int(batch.ts[-1])
            yield batch
        rest = data[end:size]
        # A record that is not whole though there is more than any may have is a corrupt one.
        more = len(chunk) == CHUNK and len(rest) < 16 + MAX_PACKET
    if rest:
        yield from gather(read_classic(_joined(rest, stream), form, number, ts))


def _walk(data: bytes, size: int, order: str) -> tuple[list[int], int]:
    """Where the headers of whole records stand, and where the next one does; a length beyond reason ends it."""
    length_at = struct.Struct(order + "I").unpack_from
    heads: list[int] = []
    found = heads.append
    at = 0
    while at + 16 <= size:
        (length,) = length_at(data, at + 8)
        following = at + 16 + length
        if following > size or length > MAX_PACKET:
            break
        found(at)
        at = following
    return heads, at


def _columns(data: bytes, heads: Ints, number: int, form: Classic) -> Batch:
    words = np.ndarray((len(data) - 3,), form.order + "u4", data, 0, (1,))
    seconds, fraction, captured, original = (words[heads + place].astype(np.int64) for place in (0, 4, 8, 12))
    ts = seconds * 1_000_000 + fraction // form.divisor
    same = np.zeros(len(heads), dtype=np.int64)
    return Batch(data, number, heads + 16, captured, original, ts, same + form.link_type, same)


def _joined(head: bytes, rest: BinaryIO) -> BinaryIO:
    """A stream with bytes put back that were read from it."""
    return cast("BinaryIO", io.BufferedReader(_Joined(head, rest)))


class _Joined(io.RawIOBase):
    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data, self._head = self._head[: len(view)], self._head[len(view) :]
        data = data or self._rest.read(len(view)) or b""
        view[: len(data)] = data
        return len(data)

"""Reads the records of a classic pcap file many at a time; what `pcap` would doubt is left to it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from analyzer.wire import batches
from analyzer.wire.batches import ROOM, Batch, gather
from analyzer.wire.garbage import MAX_LENGTH, NEAR
from analyzer.wire.pcap import FILE_HEADER, Layout, go_on, layout_of, read_packets as read_plainly
from analyzer.wire.records import MAX_PACKET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.batches import Ints
    from analyzer.wire.lookahead import Lookahead
    from analyzer.wire.problems import Problem
    from analyzer.wire.records import Secrets

HEADER = 16


def read_packets(stream: Lookahead) -> Iterator[Batch | Secrets | Problem]:
    """The packets of a pcap file from its beginning."""
    head = stream.ahead(FILE_HEADER)
    if len(head) < FILE_HEADER:
        yield from gather(read_plainly(stream))
        return
    stream.skip(FILE_HEADER)
    layout = layout_of(head)
    while batch := _next_batch(stream, layout):
        yield batch
    yield from gather(go_on(stream, layout))


def _next_batch(stream: Lookahead, layout: Layout) -> Batch | None:
    """The next packets that are beyond doubt: each is, where the header behind it is what one expects."""
    data, at, end = stream.window(batches.CHUNK)
    heads = np.array(_walk(data, at, end, layout.order), dtype=np.int64)
    if len(heads) < 2:
        return None
    words = np.ndarray((len(data) - 3,), layout.order + "u4", data, 0, (1,))
    seconds, fraction, captured, original = (words[heads + place].astype(np.int64) for place in (0, 4, 8, 12))
    possible = (fraction < 1_000_000_000) & ((seconds | fraction | captured | original) != 0)
    likely = possible & (captured <= MAX_LENGTH) & (original <= MAX_PACKET)
    sure = possible[:-1] & likely[1:] & (np.abs(np.diff(seconds)) <= NEAR) & (captured <= original)[:-1]
    # Behind each packet there is room, so that a header may be looked at before it is known to be whole.
    sure &= heads[1:] + ROOM <= len(data)
    count = len(sure) if sure.all() else int(np.argmin(sure))
    if not count:
        return None
    stream.skip(int(heads[count]) - at)
    return _columns(data, layout, *(each[:count] for each in (heads, seconds, fraction, captured, original)))


def _walk(data: bytes, at: int, end: int, order: str) -> list[int]:
    """Where headers of records stand, each where the one before says; the record of the last may not be whole."""
    length_at = struct.Struct(order + "I").unpack_from
    heads: list[int] = []
    found = heads.append
    last = end - HEADER
    while at <= last:
        found(at)
        (length,) = length_at(data, at + 8)
        if length > MAX_PACKET:
            break
        at += HEADER + length
    return heads


def _columns(
    data: bytes, layout: Layout, heads: Ints, seconds: Ints, fraction: Ints, captured: Ints, original: Ints
) -> Batch:
    ts = seconds * 1_000_000 + fraction // layout.divisor
    same = np.zeros(len(heads), dtype=np.int64)
    first = layout.number + 1
    layout.number, layout.ts = layout.number + len(heads), int(ts[-1])
    return Batch(data, first, heads + HEADER, captured, original, ts, same + layout.link_type, same)

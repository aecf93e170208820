"""Reads the packets of a pcapng file many at a time; what is no plain packet is left to `pcapng`, block by block."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from analyzer.wire import batches
from analyzer.wire.batches import ROOM, Batch, gather
from analyzer.wire.garbage import ORDERS, SECTION_HEADER
from analyzer.wire.pcapng import (
    ENHANCED_PACKET,
    MAX_BLOCK,
    Section,
    begin_section,
    read_block,
    read_blocks as read_plainly,
)
from analyzer.wire.records import MAX_PACKET, MAX_TIME, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.batches import Ints
    from analyzer.wire.lookahead import Lookahead
    from analyzer.wire.problems import Problem
    from analyzer.wire.records import Secrets

FIXED = 28
"""Bytes of an enhanced packet block before the packet."""
SHORT = 64 << 10
"""Bytes that are looked at in any case."""
MAX_TICKS = 10**12
"""Ticks of a second up to which a time can be computed in 64 bits."""


def read_blocks(stream: Lookahead) -> Iterator[Batch | Secrets | Problem]:
    """The packets of a pcapng file from its beginning."""
    section = Section()
    yield from gather(_found(stream, section))
    yield from gather(read_plainly(stream, section))


def _found(stream: Lookahead, section: Section) -> Iterator[Batch | Record | Secrets | Problem]:
    """Batches of packets and the other blocks between them, up to the first that is not whole or not right."""
    reach = batches.CHUNK
    while True:
        plain = _is_plain(stream, section)
        batch = _next_batch(stream, section, reach) if plain else None
        if batch is None and plain:
            # What cannot be read at once is followed by more of its kind: looking far ahead each time is quadratic.
            if reach >= batches.CHUNK:
                return
            reach *= 4
        elif batch is not None:
            # Where other blocks stand between few packets, looking far ahead would be work for nothing.
            used = int(batch.begins[-1] - batch.begins[0])
            reach = min(reach * 4, batches.CHUNK) if used > reach // 2 else max(used * 2, SHORT)
            yield batch
        head = stream.ahead(12)
        first = head[:4] == SECTION_HEADER
        if len(head) < 12 or (first and head[8:] not in ORDERS):
            return
        order = ORDERS[head[8:]] if first else section.order
        kind, length = struct.unpack(order + "II", head[:8])
        right = 12 <= length <= MAX_BLOCK and not length % 4 and not (first and length < FIXED)
        if not right or stream.fill(length) < length or stream.ahead(length, length - 4) != head[4:8]:
            return
        body = stream.ahead(length - 4, 8)
        stream.skip(length)
        if first:
            begin_section(section, order)
        yield from read_block(section, kind, body)


def _is_plain(stream: Lookahead, section: Section) -> bool:
    """Whether the next block looks like that of a packet without options."""
    head = stream.unpack(struct.Struct(section.order + "IIIIII"))
    return head is not None and head[0] == ENHANCED_PACKET and head[1] == FIXED + 4 + (head[5] + 3) // 4 * 4


def _next_batch(stream: Lookahead, section: Section, reach: int) -> Batch | None:
    """The packets that come next without another block between them; None where another one comes first."""
    data, begin, stop = stream.window(reach)
    heads, end = _walk(data, begin, min(stop, len(data) - ROOM), section.order)
    if not heads:
        return None
    at = np.array([*heads, end], dtype=np.int64)
    words = np.ndarray((len(data) - 3,), section.order + "u4", data, 0, (1,))
    length = np.diff(at)
    at = at[:-1]
    index, high, low, captured, original = (words[at + place].astype(np.int64) for place in (8, 12, 16, 20, 24))
    padded = (captured + 3) // 4 * 4
    # What has options is left to be read by itself; so is what is wrong in any way.
    right = (words[at + length - 4] == length) & (padded + FIXED + 4 == length) & (captured <= MAX_PACKET)
    right &= (index < len(section.interfaces)) & (high < 1 << 31)
    count = len(right) if right.all() else int(np.argmin(right))
    ts = _times(section, index[:count], (high << 32 | low)[:count])
    count = count if ts is None else _in_range(ts)
    if not count or ts is None:
        return None
    stream.skip((int(at[count]) if count < len(at) else end) - begin)
    first = section.number + 1
    section.number, section.ts = section.number + count, int(ts[count - 1])
    link_types = np.array([interface.link_type for interface in section.interfaces], dtype=np.int64)[index[:count]]
    begins, earlier = at[:count] + FIXED, index[:count] + section.earlier
    return Batch(data, first, begins, captured[:count], original[:count], ts[:count], link_types, earlier)


def _walk(data: bytes, at: int, end: int, order: str) -> tuple[list[int], int]:
    """Where enhanced packet blocks stand, one behind the other and whole, and where the next block does."""
    head_at = struct.Struct(order + "II").unpack_from
    heads: list[int] = []
    found = heads.append
    while at + FIXED + 4 <= end:
        kind, length = head_at(data, at)
        if kind != ENHANCED_PACKET or not FIXED + 4 <= length <= MAX_BLOCK or length % 4 or at + length > end:
            break
        found(at)
        at += length
    return heads, at


def _times(section: Section, index: Ints, ticks: Ints) -> Ints | None:
    """The times in microseconds; None where an interface counts in what is too fine for that."""
    ts = np.zeros(len(ticks), dtype=np.int64)
    for number in np.unique(index).tolist():
        interface = section.interfaces[number]
        if interface.ticks > MAX_TICKS or abs(interface.offset) > MAX_TICKS:
            return None
        own = index == number
        seconds, rest = np.divmod(ticks[own], interface.ticks)
        ts[own] = (seconds + interface.offset) * 1_000_000 + rest * 1_000_000 // interface.ticks
    return ts


def _in_range(ts: Ints) -> int:
    """How many times from the first on are possible."""
    right = (ts >= 0) & (ts < MAX_TIME)
    return len(ts) if right.all() else int(np.argmin(right))

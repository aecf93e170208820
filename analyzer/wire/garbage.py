"""Finds where the records of a capture go on behind bytes that are none."""

from __future__ import annotations

import functools
import re
import struct
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.lookahead import CHUNK

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.wire.lookahead import Lookahead
    from analyzer.wire.pcap import Layout

MAX_LENGTH = 512 << 10
"""Bytes of a packet or block that is believed in the midst of garbage: the largest that TCP offload makes."""
NEAR = 30 * 24 * 3600
"""Seconds that the packet behind garbage may be away from the one before it."""
NEAR_HALVES = NEAR // 65_536 + 1
"""The same in units of the upper half of a record's seconds."""
RECORDS, BLOCKS = 3, 2
"""Records or blocks one behind the other that are needed to believe the first; fewer where the file ends.

A block tells its length twice, so fewer are needed.
"""
LONGEST_HEAD = 24
"""Bytes of the longest header that a pattern looks at."""

BLOCK_KINDS = frozenset({1, 2, 3, 4, 5, 6, 10})
"""The blocks of a pcapng file that are looked for: what is rarer is not believed in the midst of garbage."""
SECTION_HEADER = b"\x0a\x0d\x0d\x0a"
"""The kind of a section's block, which reads the same in both byte orders."""
ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
"""The byte order of a section by its magic number."""


class Shape(NamedTuple):
    """What a header looks like: a pattern of bytes, which stands `ahead` bytes behind the header's begin."""

    pattern: re.Pattern[bytes]
    ahead: int


def pass_over(stream: Lookahead, find: Callable[[int, int], int | None]) -> tuple[int, bool]:
    """Skip bytes up to the next record; how many, and whether the stream ended before one was found.

    `find` looks for a record from one offset to another. At least one byte is skipped, and no more is held than is
    looked at.
    """
    skipped, start = 0, 1
    while True:
        at_hand = stream.fill(CHUNK)
        found = find(start, at_hand)
        if found is not None:
            return skipped + stream.skip(found), False
        if at_hand < CHUNK:
            return skipped + stream.skip(at_hand), True
        skipped += stream.skip(at_hand - LONGEST_HEAD)
        start = 0


def next_record(stream: Lookahead, layout: Layout, start: int, end: int) -> int | None:
    """The offset of the first record of a classic pcap that is to be believed between two offsets."""
    near = None if layout.ts is None else layout.ts // 1_000_000
    shape = _record_shape(layout.order, near and near >> 16, nanoseconds=layout.divisor == 1000)
    return _first(stream, shape, start, end, lambda at: _records_stand(stream, layout, at, near))


def next_block(stream: Lookahead, order: str, start: int, end: int) -> int | None:
    """The offset of the first block of a pcapng that is to be believed between two offsets."""
    return _first(stream, _block_shape(order), start, end, lambda at: _blocks_stand(stream, order, at))


def _first(stream: Lookahead, shape: Shape, start: int, end: int, believed: Callable[[int], bool]) -> int | None:
    begin = start + shape.ahead
    while (at := stream.search(shape.pattern, begin, end)) is not None:
        if believed(at - shape.ahead):
            return at - shape.ahead
        begin = at + 1
    return None


def _records_stand(stream: Lookahead, layout: Layout, at: int, near: int | None) -> bool:
    """Whether plausible records follow one another from an offset on, up to the end of the file at most."""
    header, limit = layout.header, 1_000_000 * layout.divisor
    for number in range(RECORDS):
        values = stream.unpack(header, at)
        if values is None:
            return stream.fill(at) == at or number > 1
        seconds, fraction, captured, original = values
        near = seconds if near is None else near
        if abs(seconds - near) > NEAR or fraction >= limit or not 0 < captured <= original <= MAX_LENGTH:
            return False
        at += header.size + captured
        if stream.fill(at) < at:
            return number > 0
    return True


def _blocks_stand(stream: Lookahead, order: str, at: int) -> bool:
    """Whether whole blocks follow one another from an offset on, up to the end of the file at most."""
    for number in range(BLOCKS):
        head = stream.ahead(at + 12, at)
        if len(head) < 12:
            return not head or number > 0
        order, length = _block_head(order, head)
        if length is None:
            return False
        if stream.fill(at + length) < at + length:
            return number > 0
        if stream.ahead(at + length, at + length - 4) != head[4:8]:
            return False
        at += length
    return True


def _block_head(order: str, head: bytes) -> tuple[str, int | None]:
    """The byte order from a block on, and its length; None where it is not to be believed."""
    order = ORDERS.get(head[8:], order) if head[:4] == SECTION_HEADER else order
    length = struct.unpack(order + "I", head[4:8])[0]
    return order, length if 12 <= length <= MAX_LENGTH and length % 4 == 0 else None


@functools.lru_cache(maxsize=64)
def _record_shape(order: str, near: int | None, *, nanoseconds: bool) -> Shape:
    """What a record's header looks like near a time, of which `near` is the upper half of the seconds."""
    low, high = (0, 65_535) if near is None else (max(near - NEAR_HALVES, 0), min(near + NEAR_HALVES, 65_535))
    times = []
    for top in range(low >> 8, (high >> 8) + 1) if near is not None else ():
        second = _among(low & 255 if top == low >> 8 else 0, high & 255 if top == high >> 8 else 255)
        times.append(second + _among(top, top) if order == "<" else _among(top, top) + second)
    upper = b"(?:" + b"|".join(times or [b".."]) + b")"
    if order == "<":
        fraction = b"...[\0-\x3b]" if nanoseconds else b"..[\0-\x0f]\0"
        return Shape(re.compile(upper + fraction + b"(?!\0{4})(?:..[\0-\x08]\0){2}", re.DOTALL), 2)
    fraction = b"[\0-\x3b]..." if nanoseconds else b"\0[\0-\x0f].."
    return Shape(re.compile(upper + b".." + fraction + b"(?!\0{4})(?:\0[\0-\x08]..){2}", re.DOTALL), 0)


def _among(low: int, high: int) -> bytes:
    """The pattern of a byte from one value to another."""
    return b"[\\x%02x-\\x%02x]" % (low, high)


@functools.lru_cache(maxsize=2)
def _block_shape(order: str) -> Shape:
    """What the header of a block looks like: its kind, and a length that is a multiple of 4."""
    kinds = b"[" + b"".join(re.escape(bytes([kind])) for kind in sorted(BLOCK_KINDS)) + b"]"
    fours = b"[" + b"".join(re.escape(bytes([low])) for low in range(0, 256, 4)) + b"]"
    usual = kinds + b"\0\0\0" + fours + b".[\0-\x08]\0" if order == "<" else b"\0\0\0" + kinds + b"\0[\0-\x08]." + fours
    return Shape(re.compile(SECTION_HEADER + b"|" + usual, re.DOTALL), 0)

"""Sorts the segments of a batch by connection, and tells which of them are just what was expected next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analyzer.wire.link import ACK, FIN, RST, SYN
from analyzer.wire.websocket import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.headers import Flags, Ints, Segments

PLAIN_TEXT = 0x80 | TEXT
"""The first byte of a text in one frame, without extension (RFC 6455 5.2)."""
MASKED = 0x80
TWO_BYTES = 126
"""What the second byte tells where the length is in the two that follow; no shorter one is written so."""
SHORT_HEADER = 4
"""Bytes of a frame's header with such a length, the mask left out."""
NUMBERS = 1 << 32
"""TCP counts bytes modulo this (RFC 9293 3.4)."""


class Sorted(NamedTuple):
    """The segments of a batch, those of a connection together, each connection's in the order of the capture.

    As lists, for they are walked one by one. `place` is where each stood before; `forth` tells that the source is the
    lesser endpoint of the two; `text` where in the batch the text begins that fills a segment in one frame, negative
    where it is masked, 0 where it is filled otherwise. `filled` are those with bytes. `unclean` are those that do more than to carry bytes on or
    to acknowledge: what is clean is whole, with the window open, and right behind the one before it of its direction, if
    there is one in the batch.
    """

    place: list[int]
    row: list[int]
    ts: list[int]
    forth: list[bool]
    sequence: list[int]
    acknowledgement: list[int]
    flags: list[int]
    begin: list[int]
    length: list[int]
    ttl: list[int]
    text: list[int]
    filled: list[int]
    unclean: list[int]


class Group(NamedTuple):
    """The segments of one connection: their places, and its endpoints, the lesser one first."""

    start: int
    stop: int
    low: int
    high: int


def sort(segments: Segments, ts: Ints, known: int, data: bytes) -> tuple[Sorted, list[Group]]:
    """The segments of a batch sorted by connection, and the connections in the order in which they speak; those behind the first `known` are never clean."""
    low, high = np.minimum(segments.source, segments.destination), np.maximum(segments.source, segments.destination)
    forth = segments.source < segments.destination
    order = np.lexsort((segments.row, high, low))
    clean = _clean(segments)
    clean[known:] = False
    direction = np.lexsort((segments.row, forth, high, low))
    clean[direction] &= _expected(segments, direction, low, high, forth)
    filled, unclean = np.flatnonzero(segments.length[order] > 0), np.flatnonzero(~clean[order])
    made = Sorted(
        order.tolist(),
        segments.row[order].tolist(),
        ts[segments.row[order]].tolist(),
        forth[order].tolist(),
        segments.sequence[order].tolist(),
        segments.acknowledgement[order].tolist(),
        segments.flags[order].tolist(),
        segments.begin[order].tolist(),
        segments.length[order].tolist(),
        segments.ttl[order].tolist(),
        np.where(order < known, _texts(segments, data)[order], 0).tolist(),
        filled.tolist(),
        unclean.tolist(),
    )
    groups = _groups(low[order], high[order])
    return made, sorted(groups, key=lambda group: made.row[group.start])


def _texts(segments: Segments, data: bytes) -> Ints:
    """Where the text begins that fills a segment in one frame (RFC 6455 5.2), negative where it is masked, else 0."""
    octets = np.frombuffer(data, np.uint8)
    begin = np.minimum(segments.begin, len(data) - SHORT_HEADER)
    second = octets[begin + 1].astype(np.int64)
    told, masked = second & 0x7F, second >= MASKED
    wide = told == TWO_BYTES
    length = np.where(wide, octets[begin + 2].astype(np.int64) << 8 | octets[begin + 3], told)
    text = begin + 2 + 2 * wide + 4 * masked
    right = (octets[begin] == PLAIN_TEXT) & (told <= TWO_BYTES) & (~wide | (length >= TWO_BYTES))
    right &= (text + length == segments.begin + segments.length) & (segments.missing == 0)
    return np.where(right, np.where(masked, -text, text), 0)


def _clean(segments: Segments) -> Flags:
    usual = (segments.flags & (SYN | FIN | RST | ACK)) == ACK
    clean: Flags = usual & (segments.missing == 0) & (segments.window > 0)
    return clean


def _expected(segments: Segments, order: Ints, low: Ints, high: Ints, forth: Flags) -> Flags:
    """Whether each segment, in this order, is right behind the one before it of its direction, or the first of it."""
    begin = segments.sequence[order]
    end = (begin + segments.length[order]) % NUMBERS
    follows = np.ones(len(order), dtype=bool)
    follows[1:] = begin[1:] == end[:-1]
    for column in (low, high, forth):
        sorted_column = column[order]
        follows[1:] |= sorted_column[1:] != sorted_column[:-1]
    return follows


def _groups(low: Ints, high: Ints) -> Iterator[Group]:
    if not len(low):
        return
    starts = np.flatnonzero(np.append(True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])))
    stops = np.append(starts[1:], len(low))
    yield from map(Group, starts.tolist(), stops.tolist(), low[starts].tolist(), high[starts].tolist())

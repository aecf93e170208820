"""Finds the records in the bytes of one direction of TLS, also behind a loss (RFC 8446 5.1, RFC 5246 6.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
KINDS = frozenset({CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA})
HEADER = 5
"""Bytes of a record's header: kind, version, length."""
MAX_RECORD = (1 << 14) + 2048
"""Bytes of a record: the content and what TLS 1.2 allows encryption to add (RFC 5246 6.2.3)."""
SHORTEST_SEALED = HEADER + 17
"""Bytes of the shortest encrypted record: one of content, which may be its kind, and a tag of 16."""
MAX_SKIPPED = 4096
"""Records that a loss may have swallowed, as far as they are looked for."""
BEGINNING = re.compile(rb"[\x14-\x17]\x03[\x01-\x04][\x00-\x48]", re.DOTALL)


class Record(NamedTuple):
    """One record; `body` is None where it was not kept or is not whole. The time and packet are of its last byte.

    `skipped` records at most may be missing before it. `sure` is false where its header was found by searching.
    """

    kind: int
    version: int
    length: int
    body: bytes | None
    skipped: int
    sure: bool
    ts: int
    packet: int


def looks_like_tls(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether bytes begin with the header of a TLS record."""
    return (
        len(data) >= at + HEADER
        and data[at] in KINDS
        and data[at + 1] == 3
        and data[at + 2] <= 4
        and 0 < int.from_bytes(data[at + 3 : at + 5], "big") <= MAX_RECORD
    )


class RecordReader:
    """The records of one direction. `keeping` tells whether those of application data are kept, or only counted."""

    def __init__(self, *, keeping: bool) -> None:
        self.keeping = keeping
        self._data = bytearray()
        self._left = 0
        self._header = (0, 0, 0)
        self._searching = False
        self._skipped = 0
        self._refused = False

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of a record."""
        return len(self._data)

    def skip(self, count: int) -> bool:
        """Pass over bytes within a record that is not kept; False where they reach to its end or beyond it."""
        if count >= self._left:
            return False
        self._left -= count
        return True

    def seal(self, data: bytes) -> list[int] | None:
        """The lengths of the records that these bytes complete, if they hold nothing but application data not kept.

        None, and nothing is taken, where anything else is among them.
        """
        left, (kind, version, length) = self._left, self._header
        if self.keeping or self._data or self._searching or self._skipped or (left and kind != APPLICATION_DATA):
            return None
        at, size, found = 0, len(data), list[int]()
        while left <= size - at:
            if left:
                at += left
                found.append(length)
            if at == size:
                left = 0
                break
            if not looks_like_tls(data, at) or data[at] != APPLICATION_DATA:
                return None
            _, version, length = _header(data, at)
            left = HEADER + length
        self._left, self._header = max(left - (size - at), 0), (APPLICATION_DATA, version, length)
        return found

    def feed(self, data: bytes, ts: int, packet: int) -> Iterator[Record]:
        """Take the next bytes, which this packet brought."""
        if self._left:
            if len(data) < self._left:
                self._left -= len(data)
                return
            data, self._left = data[self._left :], 0
            yield self._record(self._header, None, ts, packet, sure=True)
        self._data += data
        at = 0
        while (start := self._begin(at)) is not None:
            at = start
            kind, version, length = header = _header(self._data, at)
            end = at + HEADER + length
            keep = self.keeping or kind != APPLICATION_DATA
            if end > len(self._data):
                if not keep:
                    self._left, self._header, self._searching = end - len(self._data), header, False
                    at = len(self._data)
                break
            if self._searching and len(self._data) >= end + HEADER and not looks_like_tls(self._data, end):
                at += 1
                continue
            body = bytes(self._data[at + HEADER : end]) if keep else None
            sure, self._searching = not self._searching, False
            yield self._record((kind, version, length), body, ts, packet, sure=sure)
            if self._refused:
                self._refused, self._searching, end = False, True, at + 1
            at = end
        else:
            at = max(at, len(self._data) - HEADER + 1) if self._searching else at
        del self._data[:at]

    def refuse(self, record: Record) -> None:
        """Take back a record that was found by searching and is none; the search goes on behind its beginning."""
        self._refused, self._skipped = True, record.skipped

    def lose(self, count: int, ts: int, packet: int) -> Iterator[Record]:
        """Take note that bytes are missing here. If a record goes on behind them, only this one is lost."""
        left = self._left
        if not left and not self._searching and looks_like_tls(self._data):
            self._header = _header(self._data, 0)
            left = HEADER + self._header[2] - len(self._data)
        self._data.clear()
        self._left = max(left - count, 0)
        if left > count:
            return
        if left:
            yield self._record(self._header, None, ts, packet, sure=True)
        if left < count:
            self._lose_way((count - left) // SHORTEST_SEALED + 2)

    def _begin(self, at: int) -> int | None:
        """Where the next record begins, None where it is not told yet."""
        data = self._data
        if not self._searching:
            if len(data) < at + HEADER:
                return None
            if looks_like_tls(data, at):
                return at
            self._lose_way(2)
        while (found := BEGINNING.search(data, at)) is not None:
            at = found.start()
            if len(data) < at + HEADER:
                return None
            if looks_like_tls(data, at):
                return at
            at += 1
        return None

    def _lose_way(self, skipped: int) -> None:
        self._searching = True
        self._skipped = min(self._skipped + skipped, MAX_SKIPPED)

    def _record(self, header: tuple[int, int, int], body: bytes | None, ts: int, packet: int, *, sure: bool) -> Record:
        skipped, self._skipped = self._skipped, 0
        return Record(*header, body, skipped, sure, ts, packet)


def _header(data: bytes | bytearray, at: int) -> tuple[int, int, int]:
    return data[at], data[at + 1] << 8 | data[at + 2], int.from_bytes(data[at + 3 : at + 5], "big")

"""A stream that can be looked into ahead, a pipe too: bytes stay until they are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import re
    import struct

CHUNK = 1 << 20
"""Bytes that are read at once."""


class Lookahead:
    """Looks ahead in a stream. Offsets count from the first byte that was not skipped.

    `data` are bytes of the stream that were read already, so that reading can go on in the middle of a file.
    """

    def __init__(self, stream: BinaryIO, data: bytes = b"") -> None:
        self._stream = stream
        self._data = data
        self._at = 0
        self._ended = False

    def fill(self, size: int) -> int:
        """Have `size` bytes at hand, fewer only where the stream ends; how many there are, which may be more."""
        held = len(self._data) - self._at
        if held < size and not self._ended:
            # As much is read as is held, so that small steps with much held do not copy it again and again.
            wanted = max(size - held, held, CHUNK)
            more = take(self._stream, wanted)
            self._ended = len(more) < wanted
            self._data, self._at = self._data[self._at :] + more, 0
            held += len(more)
        return held

    def ahead(self, size: int, start: int = 0) -> bytes:
        """The bytes from `start` up to `size`, which stay."""
        self.fill(size)
        return self._data[self._at + start : self._at + size]

    def window(self, size: int) -> tuple[bytes, int, int]:
        """The bytes at hand, where the next one stands in them and where those end that were asked for; not a copy."""
        held = min(self.fill(size), size)
        return self._data, self._at, self._at + held

    def unpack(self, layout: struct.Struct, start: int = 0) -> tuple[Any, ...] | None:
        """The values that stand at an offset; None where the stream ends before."""
        if self.fill(start + layout.size) < start + layout.size:
            return None
        return layout.unpack_from(self._data, self._at + start)

    def search(self, pattern: re.Pattern[bytes], start: int, end: int) -> int | None:
        """The first offset from `start` on at which a pattern stands before `end`, among the bytes at hand."""
        found = pattern.search(self._data, self._at + start, self._at + end)
        return None if found is None else found.start() - self._at

    def skip(self, size: int) -> int:
        """Go on behind `size` bytes; how many there were."""
        size = min(size, self.fill(size))
        self._at += size
        return size


def take(stream: BinaryIO, size: int) -> bytes:
    """The next `size` bytes, fewer only where the stream ends: a pipe gives them in pieces."""
    data = stream.read(size)
    parts, missing = [data or b""], size - len(data or b"")
    while data and missing and (data := stream.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)

"""Inflates what is compressed: gzip, zstd, xz and bzip2, known by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zlib
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = 6
"""Bytes that tell what something is compressed with."""
PIECE = 16 * 1024
"""Bytes that are inflated at once: where a check fails, no more than these are lost."""
MAX_MEMORY = 256 << 20
"""Bytes of memory that inflating xz may take; its strongest setting takes 65 MiB. Of zstd the library allows 128 MiB."""
FREE = 256 << 20
"""Bytes that may come of an input whatever its size."""
MAX_RATIO = 1000
"""How many times its size an input may become beyond that. Zeros alone become 1032 times as many with deflate."""
MAX_INFLATED = 1 << 40
"""Bytes that may come of an input at all."""


class DamagedError(OSError):
    """What is compressed cannot be read on; its text says why."""


class Budget:
    """What was read of a path, inflated of it and found in it, archives within archives included."""

    def __init__(self) -> None:
        self.read = 0
        self.inflated = 0
        self.members = 0

    def inflate(self, size: int) -> None:
        """Take bytes that were inflated.

        Raises:
            DamagedError: They are too many.
        """
        self.inflated += size
        if self.inflated > MAX_INFLATED:
            raise DamagedError(f"more than {MAX_INFLATED >> 30} GiB came of it; the rest is not read")
        if self.inflated > FREE and self.inflated > self.read * MAX_RATIO:
            raise DamagedError(f"it becomes more than {MAX_RATIO} times its size; the rest is not read")


class Decoder(Protocol):
    """What the modules of bzip2, xz and zstd have in common."""

    @property
    def eof(self) -> bool:
        """Whether the compressed stream ended."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more can be told without more data."""

    @property
    def unused_data(self) -> bytes:
        """What stands behind the end of the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """The next bytes, no more than `max_length`; what of the data is not needed for them is kept."""


class Deflate:
    """The same for raw deflate, as the members of a zip have it."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(-zlib.MAX_WBITS)
        self._full = False

    @property
    def eof(self) -> bool:
        """Whether the compressed stream ended."""
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        """Whether nothing more can be told without more data."""
        return not self._full

    @property
    def unused_data(self) -> bytes:
        """What stands behind the end of the stream."""
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """The next bytes, no more than `max_length`; what of the data is not needed for them is kept."""
        made = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._full = len(made) == max_length
        return made


class Pieces(io.RawIOBase):
    """A stream that is made of pieces."""

    def more(self, size: int) -> bytes:
        """The next piece, no more than so many bytes; none at the end."""
        raise NotImplementedError

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Put the next piece into a buffer."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.more(len(view))
        view[: len(data)] = data
        return len(data)


def buffered(pieces: Pieces, size: int = PIECE) -> io.BufferedReader:
    """A stream of pieces that can be read as a file is."""
    return cast("io.BufferedReader", io.BufferedReader(pieces, size))


class Inflated(Pieces):
    """What comes of compressed streams, of which several may stand one behind the other unless it is a `single` one."""

    def __init__(
        self, stream: io.BufferedReader, begin: Callable[[], Decoder], error: type[Exception], *, single: bool = False
    ) -> None:
        self._stream, self._begin, self._error, self._single = stream, begin, error, single
        self._decoder = begin()

    def more(self, size: int) -> bytes:
        """The next piece.

        Raises:
            DamagedError: The compressed data is damaged.
            EOFError: It ends early.
        """
        made = b""
        while not made:
            data = self._compressed()
            if not data and self._decoder.eof:
                return b""
            if self._decoder.eof:
                self._decoder = self._begin()
            try:
                made = self._decoder.decompress(data, min(size, PIECE))
            except (self._error, EOFError, ValueError) as error:
                raise DamagedError(f"{error}") from None
        return made

    def _compressed(self) -> bytes:
        """The data that the decoder needs; behind the end of a stream that which the next one begins with."""
        if self._decoder.eof:
            if self._single:
                return b""
            data = self._decoder.unused_data or self._stream.read1(PIECE)
            # Zeros fill the last block of a tape, and an xz up to a multiple of four bytes.
            while data and not (data := data.lstrip(b"\0")):
                data = self._stream.read1(PIECE)
            return data
        data = self._stream.read1(PIECE) if self._decoder.needs_input else b""
        if not data and self._decoder.needs_input:
            raise EOFError("the compressed data ends before its end is marked")
        return data


class Compression(NamedTuple):
    """A way to compress: how its decoder begins, and what that raises."""

    begin: Callable[[], Decoder]
    error: type[Exception]


def deflate() -> Compression:
    """Raw deflate, the usual one in a zip."""
    return Compression(Deflate, zlib.error)


def bzip2() -> Compression:
    """The compression of bzip2."""
    return Compression(bz2.BZ2Decompressor, OSError)


def xz() -> Compression:
    """The compression of xz."""
    return Compression(lambda: lzma.LZMADecompressor(memlimit=MAX_MEMORY), lzma.LZMAError)


def zstd() -> Compression:
    """The compression of zstd; the standard library has it from Python 3.14 on."""
    if sys.version_info >= (3, 14):
        from compression import zstd as library
    else:
        from backports import zstd as library
    return Compression(library.ZstdDecompressor, library.ZstdError)


def inflated(start: bytes, stream: io.BufferedReader) -> io.BufferedReader | None:
    """What comes of a stream that begins with these bytes; None where they tell of no compression."""
    if start.startswith(b"\x1f\x8b"):
        return cast("io.BufferedReader", gzip.GzipFile(fileobj=stream))
    if start.startswith(b"BZh"):
        found = bzip2()
    elif start.startswith(b"\xfd7zXZ\0"):
        found = xz()
    elif start.startswith(b"\x28\xb5\x2f\xfd") or (start[1:4] == b"\x2a\x4d\x18" and 0x50 <= start[0] <= 0x5F):
        # The second is a frame that is to be skipped (RFC 8878 3.1.2): parallel compressors begin with one.
        found = zstd()
    else:
        return None
    return buffered(Inflated(stream, *found))

"""Finds the members of a zip archive, in its directory or, where that is damaged, by the headers in front of them."""

from __future__ import annotations

import io
import itertools
import re
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from analyzer.sources import inflating
from analyzer.sources.inflating import DamagedError, Inflated, Pieces, buffered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_FOUND = 20_000
"""Members that are looked for in an archive without a directory."""
MAX_DIRECTORY = 8 << 20
"""Bytes of an archive's directory: it is held in memory, in several times as many."""
MAX_NAME = 1000
"""Characters of a member's name."""
WINDOW = 64 << 10
"""Bytes that are searched at once for headers."""

HEADER = struct.Struct("<4sHHHHHIIIHH")
"""The header in front of a member (APPNOTE.TXT 4.3.7)."""
HEADER_MAGIC, END_MAGIC = b"PK\x03\x04", b"PK\x05\x06"
END = struct.Struct("<4sHHHHIIH")
"""The record at the end of the directory (4.3.16)."""
ENCRYPTED, SIZES_FOLLOW = 1, 8
"""Bits of the flags (4.4.4): the second says that the header does not tell the sizes."""
STORED = 0
COMPRESSIONS: dict[int, Callable[[], inflating.Compression]] = {
    8: inflating.deflate, 12: inflating.bzip2, 93: inflating.zstd, 95: inflating.xz,
}  # fmt: skip
"""The compressions by their numbers (4.4.5)."""
JUNK = "__MACOSX/"
"""The folder in which macOS keeps what it knows of files: nothing that is of them."""


class Member(NamedTuple):
    """A file in a zip: its name, where its header stands, how it is compressed, and what is known of it.

    `size` is that of the compressed data, None where only its end tells; `check` is the CRC-32 of the file.
    """

    name: str
    at: int
    method: int
    encrypted: bool
    size: int | None
    check: int | None


class Listing(NamedTuple):
    """The members of an archive, and what is wrong with it."""

    members: list[Member]
    faults: list[str]


def is_zip(head: bytes) -> bool:
    """Whether a file that begins like this is a zip archive."""
    return head.startswith((HEADER_MAGIC, END_MAGIC))


def members(archive: BinaryIO) -> Listing:
    """The members of an archive that can be read at any place; directories are none."""
    try:
        found, faults = _listed(archive), []
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error, DamagedError) as error:
        found = list(itertools.islice(_found(archive), MAX_FOUND))
        faults = [f"the directory of the archive cannot be read ({error}); {len(found)} members were found without it"]
    return Listing([member for member in found if not member.name.startswith(JUNK)], faults)


def content(archive: BinaryIO, member: Member) -> io.BufferedReader:
    """A member, inflated.

    Raises:
        DamagedError: It cannot be read.
    """
    archive.seek(member.at)
    head = archive.read(HEADER.size)
    if len(head) < HEADER.size or not head.startswith(HEADER_MAGIC):
        raise DamagedError("its header is damaged")
    if member.encrypted:
        raise DamagedError("it is encrypted")
    *_, name, extra = HEADER.unpack(head)
    packed = buffered(_Part(archive, member.at + HEADER.size + name + extra, member.size))
    if member.method == STORED:
        plain = packed
    elif member.method in COMPRESSIONS:
        plain = buffered(Inflated(packed, *COMPRESSIONS[member.method](), single=True))
    else:
        raise DamagedError(f"it is compressed in a way that is not known (method {member.method})")
    return plain if member.check is None else buffered(_Checked(plain, member.check))


class _Part(Pieces):
    """A part of a file, from one place on; others may read the file meanwhile."""

    def __init__(self, file: BinaryIO, at: int, size: int | None) -> None:
        self._file, self._at, self._left = file, at, size

    def more(self, size: int) -> bytes:
        self._file.seek(self._at)
        data = self._file.read(size if self._left is None else min(size, self._left))
        self._at += len(data)
        if self._left is not None:
            if self._left and not data:
                raise EOFError("the archive ends inside it")
            self._left -= len(data)
        return data


class _Checked(Pieces):
    """A stream that fails at its end where its check is another than it should be."""

    def __init__(self, stream: io.BufferedReader, check: int) -> None:
        self._stream, self._check, self._sum = stream, check, 0

    def more(self, size: int) -> bytes:
        data = self._stream.read1(size)
        self._sum = zlib.crc32(data, self._sum)
        if not data and self._sum != self._check:
            raise DamagedError("its check is another than it should be")
        return data


def _listed(archive: BinaryIO) -> list[Member]:
    """What the directory lists."""
    if _directory_size(archive) > MAX_DIRECTORY:
        raise DamagedError(f"it is larger than {MAX_DIRECTORY >> 20} MiB")
    with zipfile.ZipFile(archive) as opened:
        return [
            Member(
                _named(info.filename), info.header_offset, info.compress_type,
                bool(info.flag_bits & ENCRYPTED), info.compress_size, info.CRC,
            )
            for info in opened.infolist()
            if not info.is_dir()
        ]  # fmt: skip


def _directory_size(archive: BinaryIO) -> int:
    """How large the directory claims to be; 0 where there is none."""
    size = archive.seek(0, io.SEEK_END)
    archive.seek(max(0, size - END.size - 0xFFFF))
    tail = archive.read()
    at = tail.rfind(END_MAGIC)
    return int(END.unpack_from(tail, at)[5]) if 0 <= at <= len(tail) - END.size else 0


def _found(archive: BinaryIO) -> Iterator[Member]:
    """What the headers in front of the members tell, where no directory does."""
    at = 0
    while (found := _next_header(archive, at)) is not None:
        at, head = found
        _, _, flags, method, _, _, check, size, _, length, extra = HEADER.unpack(head)
        raw = archive.read(length)
        if len(raw) < length:
            return
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
        unknown = bool(flags & SIZES_FOLLOW) or size == 0xFFFF_FFFF
        if not name.endswith("/"):
            known = (None, None) if unknown else (size, check)
            yield Member(_named(name), at, method, bool(flags & ENCRYPTED), *known)
        at += HEADER.size + length + extra + (0 if unknown else size)


def _next_header(archive: BinaryIO, start: int) -> tuple[int, bytes] | None:
    """The next header of a member from a place on; the archive stands behind it then."""
    while True:
        archive.seek(start)
        window = archive.read(WINDOW)
        for found in re.finditer(re.escape(HEADER_MAGIC), window):
            head = window[found.start() : found.start() + HEADER.size]
            if len(head) == HEADER.size and _is_header(head):
                archive.seek(start + found.start() + HEADER.size)
                return start + found.start(), head
        if len(window) < WINDOW:
            return None
        start += WINDOW - HEADER.size


def _is_header(head: bytes) -> bool:
    _, version, _, method, _, _, _, _, _, name, _ = HEADER.unpack(head)
    return version <= 63 and (method == STORED or method in COMPRESSIONS) and 0 < name <= MAX_NAME


def _named(name: str) -> str:
    """A member's name, which a stranger chose, as it may be shown: in one line, and no longer than it has to be."""
    return "".join(char if char.isprintable() else "\ufffd" for char in name)[:MAX_NAME]

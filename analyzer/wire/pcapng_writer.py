"""Writes packets as a pcapng file (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from analyzer.wire.garbage import SECTION_HEADER
from analyzer.wire.pcapng import ENHANCED_PACKET, INTERFACE, SECRETS, TLS_KEY_LOG
from analyzer.wire.pcapng_options import COMMENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.wire.records import Record

APPLICATION = 4
"""The option with the name of the program that wrote a section (section 4.1)."""
MAX_COMMENT = 1000
"""Bytes of a comment."""
MAX_COMMENTS = 50
"""Comments of one packet."""


class Writer:
    """A pcapng file in the making. Each interface and link type that packets come from is described once."""

    def __init__(self, stream: BinaryIO, application: str) -> None:
        self._stream = stream
        self._interfaces: dict[tuple[int, int], int] = {}
        # A length of -1: the section ends with the file.
        head = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
        self._block(int.from_bytes(SECTION_HEADER, "little"), head + _options([(APPLICATION, application.encode())]))

    def packet(self, record: Record, comments: Iterable[str] = ()) -> None:
        """Write a packet as it was captured, to the microsecond."""
        key = record.interface, record.link_type
        if key not in self._interfaces:
            self._interfaces[key] = len(self._interfaces)
            self._block(INTERFACE, struct.pack("<HHI", record.link_type, 0, 0))
        ts, size = max(record.ts, 0), len(record.data)
        head = struct.pack("<IIIII", self._interfaces[key], ts >> 32, ts & 0xFFFFFFFF, size, record.original_length)
        told = [(COMMENT, _clipped(comment)) for comment in comments]
        self._block(ENHANCED_PACKET, head + _padded(record.data) + _options(told[:MAX_COMMENTS]))

    def secrets(self, keylog: bytes) -> None:
        """Write TLS secrets as the text of an SSLKEYLOGFILE; they are for the packets that follow."""
        self._block(SECRETS, struct.pack("<II", TLS_KEY_LOG, len(keylog)) + _padded(keylog))

    def _block(self, kind: int, body: bytes) -> None:
        length = struct.pack("<I", 12 + len(body))
        self._stream.write(struct.pack("<I", kind) + length + body + length)


def _options(options: Iterable[tuple[int, bytes]]) -> bytes:
    """The options with their end; nothing where there is none."""
    written = b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options)
    return written + bytes(4) if written else b""


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _clipped(comment: str) -> bytes:
    """The text in UTF-8, without half a character at its end."""
    return comment.encode("utf-8", "replace")[:MAX_COMMENT].decode("utf-8", "ignore").encode()

"""What a frame of WebSocket looks like, and what its header says (RFC 6455 5.2)."""

from __future__ import annotations

import struct
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
OPCODES = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
MAX_CONTROL = 125
"""Bytes of a control frame's payload (5.5)."""
NEVER_SENT = frozenset({1004, 1005, 1006, 1015})
"""Close codes that no frame has (7.4.1)."""
MAX_FRAME = 16 << 20
"""Bytes of one frame; OCPP messages are a few KiB."""
PEEKED = 24
"""Bytes of a payload that are looked at to recognise it."""


class Header(NamedTuple):
    """The header of a frame, which stands at `at`; its payload is from `start` to `end`."""

    at: int
    fin: bool
    rsv1: bool
    reserved: bool
    opcode: int
    mask: bytes | None
    start: int
    end: int

    @property
    def length(self) -> int:
        """Bytes of the payload."""
        return self.end - self.start


class Peek(NamedTuple):
    """The beginning of something that may be a frame."""

    masked: bool
    beginning: bytes


def read_header(data: bytes | bytearray, at: int = 0) -> Header | None:
    """The frame header at a place, None where it is not whole yet."""
    size = len(data)
    if size < at + 2:
        return None
    first, second = data[at], data[at + 1]
    start, length = at + 2, second & 0x7F
    if length > 125:
        wide = 2 if length == 126 else 8
        if size < start + wide:
            return None
        length = int.from_bytes(data[start : start + wide], "big")
        start += wide
    mask = None
    if second & 0x80:
        mask = bytes(data[start : start + 4])
        start += 4
        if size < start:
            return None
    return Header(at, first >= 0x80, bool(first & 0x40), bool(first & 0x30), first & 15, mask, start, start + length)


def unmask(data: bytes, mask: bytes | None) -> bytes:
    """Take the mask off, or put it on (5.3)."""
    if not mask or not data:
        return data
    size = len(data)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(data, "big") ^ key).to_bytes(size, "big")


def peek(data: bytes | bytearray, at: int = 0) -> Peek | None:
    """Look at what may be a data frame; None where its header is impossible or not whole."""
    header = read_header(data, at)
    if header is None or not plausible(header, data):
        return None
    beginning = bytes(data[header.start : min(header.end, header.start + PEEKED)])
    return Peek(header.mask is not None, unmask(beginning, header.mask))


def plausible(header: Header, data: bytes | bytearray) -> bool:
    """Whether a sender that keeps to the standard would send this header."""
    if header.opcode not in OPCODES or header.reserved or header.length > MAX_FRAME:
        return False
    if header.opcode < CLOSE:
        return _shortest(header) and not (header.rsv1 and header.opcode == CONTINUATION)
    if not header.fin or header.rsv1 or header.length > MAX_CONTROL:
        return False
    if header.opcode == CLOSE and header.length > 1 and len(data) >= header.start + 2:
        code = unmask(bytes(data[header.start : header.start + 2]), header.mask)
        return may_be_sent(struct.unpack("!H", code)[0])
    return header.opcode != CLOSE or header.length != 1


def may_be_sent(code: int) -> bool:
    """Whether a close frame may have this code (7.4): some tell only how a connection ended without one."""
    return 1000 <= code < 5000 and code not in NEVER_SENT


def _shortest(header: Header) -> bool:
    """Whether the length is written in the fewest bytes (5.2 demands it)."""
    size = header.start - header.at - (4 if header.mask is not None else 0)
    return {2: 0, 4: 126, 10: 65_536}[size] <= header.length

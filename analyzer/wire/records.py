"""Reads the records of a capture file: classic pcap here, pcapng in its own module."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PACKET = 4 << 20
"""Bytes of one captured packet. The largest that TCP offload makes are 512 KiB; more is a corrupt length."""
MAX_TIME = 253_402_300_800_000_000
"""The year 10000 in microseconds: a time beyond it is a corrupt one."""

SECTION_HEADER = b"\x0a\x0d\x0d\x0a"
CLASSIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}
"""Magic number of a classic pcap: its byte order, and what divides the fraction of a second into microseconds."""


class Record(NamedTuple):
    """One captured packet. `number` counts from 1 as in Wireshark; `original_length` is its size on the wire."""

    number: int
    ts: int
    link_type: int
    data: bytes
    original_length: int
    interface: int


class Secrets(NamedTuple):
    """TLS keys that came inside the capture, as the text of an SSLKEYLOGFILE."""

    data: bytes


def is_capture(head: bytes) -> bool:
    """Whether a file that begins like this is a pcap or a pcapng."""
    return head[:4] in CLASSIC or head[:4] == SECTION_HEADER


def read_records(stream: BinaryIO) -> Iterator[Record | Secrets | Problem]:
    """The packets of a capture file in their order, and what is wrong with it."""
    from analyzer.wire.pcapng import read_blocks

    magic = take(stream, 4)
    if magic in CLASSIC:
        header = take(stream, 20)
        if len(header) < 20:
            yield truncated("its header", 20 - len(header), 0, None)
        else:
            yield from read_classic(stream, classic(magic + header))
    elif magic == SECTION_HEADER:
        yield from read_blocks(stream)
    else:
        yield Problem("not_a_capture", "it begins like no pcap or pcapng" if magic else "it is empty", damage=True)


def take(stream: BinaryIO, size: int) -> bytes:
    """The next `size` bytes, fewer only where the stream ends: a pipe gives them in pieces."""
    data = stream.read(size)
    while data and len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data or b""


def truncated(what: str, missing: int, number: int, ts: int | None) -> Problem:
    """The problem of a file that ends inside something."""
    return Problem("truncated", f"the file ends inside {what}: {missing} bytes are missing", ts, number, damage=True)


class Classic(NamedTuple):
    """What the header of a classic pcap tells: byte order, divisor of the fraction of a second, link type."""

    order: str
    divisor: int
    link_type: int


def classic(header: bytes) -> Classic:
    """Read the header of a classic pcap, which is 24 bytes."""
    order, divisor = CLASSIC[header[:4]]
    # The upper half of the link type tells of a frame check sequence (draft-ietf-opsawg-pcap section 4).
    return Classic(order, divisor, struct.unpack(order + "I", header[20:])[0] & 0xFFFF)


def read_classic(stream: BinaryIO, form: Classic, number: int = 0, ts: int | None = None) -> Iterator[Record | Problem]:
    """The records of a classic pcap after its header, or after the `number` records that were read before."""
    order, divisor, link_type = form
    layout = struct.Struct(order + "IIII")
    while head := take(stream, 16):
        number += 1
        if len(head) < 16:
            yield truncated(f"the header of packet {number}", 16 - len(head), number, ts)
            return
        seconds, fraction, length, original = layout.unpack(head)
        if length > MAX_PACKET:
            yield Problem(
                "corrupt", f"packet {number} claims {length} bytes; the rest is not read", ts, number, damage=True
            )
            return
        data = take(stream, length)
        if len(data) < length:
            yield truncated(f"packet {number}", length - len(data), number, ts)
            return
        ts = seconds * 1_000_000 + fraction // divisor
        yield Record(number, ts, link_type, data, original, 0)

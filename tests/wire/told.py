"""What a whole capture of one connection tells, read independently of the analyzer.

Frames are read by `websockets`, messages inflated by zlib, TLS decrypted by `told_tls`; nothing is shared with `analyzer.wire`.
Each message keeps its place in its side's TCP stream, so that a test can say which packets it needs.
"""

from __future__ import annotations

import socket
import struct
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from websockets.extensions import Extension
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader
from websockets.typing import ExtensionName

from tests.wire import told_tls as tls
from tests.wire.packets import SYN, Packet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAIL = b"\x00\x00\xff\xff"
"""What the sender of a compressed message takes off (RFC 7692, 7.2.1)."""
HANDSHAKE = b"\x16\x03"
"""A record of TLS that begins a connection."""


class Told(NamedTuple):
    """One OCPP message: its text, and where its bytes, header included, stand in the stream of its side."""

    from_station: bool
    text: str
    start: int
    end: int
    compressed: bytes | None


@dataclass(frozen=True)
class Sample:
    """A capture of one connection without damage; `heads` are the bytes before the first frame, by side."""

    station: str
    packets: tuple[Packet, ...]
    streams: dict[bool, bytes]
    messages: tuple[Told, ...]
    heads: dict[bool, int]
    forgets: bool = False
    secrets: bytes = b""

    @property
    def client(self) -> tuple[str, int]:
        """The charger's end."""
        return self.packets[0].source

    def position(self, packet: Packet) -> int:
        """Where the data of a packet stand in the stream of their side."""
        begin = next(each.sequence for each in self.packets if each.flags & SYN and each.source == packet.source)
        return (packet.sequence - begin - 1) % 2**32

    def over_ipv6(self) -> Sample:
        """The same conversation between other addresses."""
        ends = {self.client: ("2001:db8::7", self.client[1])}
        ends[self.packets[0].destination] = ("2001:db8::1", self.packets[0].destination[1])
        moved = (
            packet._replace(source=ends[packet.source], destination=ends[packet.destination]) for packet in self.packets
        )
        return replace(self, packets=tuple(moved))


def sample(path: Path, keys: Path | None = None) -> Sample:
    """Read a capture of one connection."""
    packets = tuple(_packet(ts, frame) for ts, frame in _frames(path.read_bytes()))
    bare = Sample("", packets, {}, (), {})
    streams = {side: _stream(bare, from_station=side) for side in (True, False)}
    secrets = keys.read_bytes() if keys else b""
    texts = {side: _plain(streams, secrets, from_station=side) for side in streams}
    head = {side: plain.index(b"\r\n\r\n") + 4 for side, (plain, _) in texts.items()}
    station = texts[True][0].split(b" ", 2)[1].rpartition(b"/")[2].decode()
    messages = [told for side in texts for told in _messages(*texts[side], head[side], from_station=side)]
    heads = {side: places[head[side]][0] for side, (_, places) in texts.items()}
    forgets = b"no_context_takeover" in texts[False][0][: head[False]]
    return Sample(station, packets, streams, tuple(messages), heads, forgets, secrets)


def _frames(contents: bytes) -> Iterator[tuple[int, bytes]]:
    """The records of a little-endian pcap in microseconds, or the enhanced packet blocks of a pcapng likewise."""
    if contents[:4] == b"\xd4\xc3\xb2\xa1":
        at = 24
        while at < len(contents):
            seconds, micros, kept, _ = struct.unpack_from("<IIII", contents, at)
            yield seconds * 1_000_000 + micros, contents[at + 16 : at + 16 + kept]
            at += 16 + kept
        return
    at = 0
    while at < len(contents):
        kind, length = struct.unpack_from("<II", contents, at)
        if kind == 6:
            _, high, low, kept, _ = struct.unpack_from("<IIIII", contents, at + 8)
            yield (high << 32) + low, contents[at + 28 : at + 28 + kept]
        at += length


def _packet(ts: int, frame: bytes) -> Packet:
    """Ethernet, IP without options, TCP."""
    if frame[12:14] == b"\x86\xdd":
        end, ends = 54, [socket.inet_ntop(socket.AF_INET6, frame[at : at + 16]) for at in (22, 38)]
    else:
        total = int.from_bytes(frame[16:18], "big")
        frame = frame[: 14 + total]
        end, ends = 34, [socket.inet_ntoa(frame[at : at + 4]) for at in (26, 30)]
    *ports, sequence, acknowledgement, offset, flags, window = struct.unpack_from("!HHIIBBH", frame, end)
    source, destination = ((address, int(port)) for address, port in zip(ends, ports, strict=True))
    data = frame[end + (offset >> 4) * 4 :]
    return Packet(ts, source, destination, sequence, acknowledgement, flags, data, window)


def _stream(bare: Sample, *, from_station: bool) -> bytes:
    stream = b""
    for packet in bare.packets:
        if packet.payload and (packet.source == bare.client) == from_station and bare.position(packet) == len(stream):
            stream += packet.payload
    return stream


def _plain(streams: dict[bool, bytes], secrets: bytes, *, from_station: bool) -> tuple[bytes, list[tuple[int, int]]]:
    """What a side says inside TLS, if there is any, and for each byte which bytes of the stream carry it."""
    stream = streams[from_station]
    if stream[:2] != HANDSHAKE:
        return stream, [(at, at + 1) for at in range(len(stream))]
    opened = tls.Reader(streams, secrets, from_station=from_station)
    plain, places, at = b"", [], 0
    while at < len(stream):
        end = at + 5 + int.from_bytes(stream[at + 3 : at + 5], "big")
        said = opened.read(stream[at:end])
        plain += said
        places += [(at, end)] * len(said)
        at = end
    return plain, places


def _messages(plain: bytes, places: list[tuple[int, int]], head: int, *, from_station: bool) -> Iterator[Told]:
    reader, at = StreamReader(), head
    reader.feed_data(plain[head:])
    inflating = Inflating(forgets=b"no_context_takeover" in plain[:head])
    while at < len(plain):
        inflating.compressed = None
        frame = _frame(reader, inflating, masked=from_station)
        end = len(plain) - len(reader.buffer)
        if frame.opcode is Opcode.TEXT:
            text = bytes(frame.data).decode()
            yield Told(from_station, text, places[at][0], places[end - 1][1], inflating.compressed)
        at = end


def _frame(reader: StreamReader, inflating: Inflating, *, masked: bool) -> Frame:
    """The next frame, whose bytes are all there."""
    try:
        next(Frame.parse(reader.read_exact, mask=masked, extensions=[inflating]))
    except StopIteration as parsed:
        frame: Frame = parsed.value
        return frame
    raise ValueError("the capture ends inside a frame")


class Inflating(Extension):
    """permessage-deflate for `websockets`; it keeps what the last frame was compressed to."""

    name = ExtensionName("permessage-deflate")

    def __init__(self, *, forgets: bool) -> None:
        self.compressed: bytes | None = None
        self._forgets = forgets
        self._stream = zlib.decompressobj(-15)

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        del max_size
        if not frame.rsv1:
            return frame
        self.compressed = bytes(frame.data)
        data = self._stream.decompress(self.compressed + TAIL)
        if self._forgets:
            self._stream = zlib.decompressobj(-15)
        return replace(frame, rsv1=False, data=data)

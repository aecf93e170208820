"""Builds captures by hand: packets, TCP conversations, WebSocket frames and the files that hold them."""

from __future__ import annotations

import random
import socket
import struct
import zlib
from dataclasses import dataclass, field
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
START = 1_767_225_600_000_000
"""1 January 2026 in microseconds."""
CLIENT, SERVER = ("10.0.0.7", 40_000), ("10.0.0.1", 9_000)


class Packet(NamedTuple):
    """One TCP packet of a conversation."""

    ts: int
    source: tuple[str, int]
    destination: tuple[str, int]
    sequence: int
    acknowledgement: int
    flags: int
    payload: bytes = b""
    window: int = 65_535
    ttl: int = 64


class Captured(NamedTuple):
    """One packet as it stands in a file; an original length of 0 is that of the data."""

    ts: int
    data: bytes
    original_length: int = 0


def tcp(packet: Packet, options: bytes = b"") -> bytes:
    offset = (20 + len(options)) // 4 << 4
    head = struct.pack(
        "!HHIIBBHHH",
        packet.source[1],
        packet.destination[1],
        packet.sequence % 2**32,
        packet.acknowledgement % 2**32,
        offset,
        packet.flags,
        packet.window,
        0,
        0,
    )
    return head + options + packet.payload


def ipv4(
    content: bytes, source: str, destination: str, *, protocol: int = 6, options: bytes = b"", total: int | None = None,
    fragment: int = 0, identity: int = 1, ttl: int = 64,
) -> bytes:  # fmt: skip
    header = 20 + len(options)
    total = header + len(content) if total is None else total
    head = struct.pack("!BBHHHBBH", 0x40 | header // 4, 0, total, identity, fragment, ttl, protocol, 0)
    return head + socket.inet_aton(source) + socket.inet_aton(destination) + options + content


def ipv6(
    content: bytes, source: str, destination: str, *, following: int = 6, length: int | None = None, ttl: int = 64
) -> bytes:
    head = struct.pack("!IHBB", 6 << 28, len(content) if length is None else length, following, ttl)
    addresses = (socket.inet_pton(socket.AF_INET6, each) for each in (source, destination))
    return head + b"".join(addresses) + content


def ip(packet: Packet) -> bytes:
    wrap = ipv6 if ":" in packet.source[0] else ipv4
    return wrap(tcp(packet), packet.source[0], packet.destination[0], ttl=packet.ttl)


def udp(content: bytes, source_port: int, destination_port: int) -> bytes:
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(content), 0) + content


def question(name: str, *, kind: int = 1, identity: int = 7, flags: int = 0x0100, answers: int = 0) -> bytes:
    """A message of the DNS with its question; `kind` 1 asks for IPv4, 28 for IPv6."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    head = struct.pack("!HHHHHH", identity, flags, 1, answers, 0, 0)
    return head + labels + b"\0" + struct.pack("!HH", kind, 1)


def answer(
    name: str,
    *addresses: str,
    kind: int = 1,
    identity: int = 7,
    status: int = 0,
    lifetime: int = 300,
    alias: bool = False,
) -> bytes:
    """The answer to a question; with `alias` by way of another name, that the records point to."""
    owner, records = b"\xc0\x0c", []
    if alias:
        target = b"\5alias" + owner
        records.append(owner + struct.pack("!HHIH", 5, 1, 60, len(target)) + target)
    for each in addresses:
        family = socket.AF_INET6 if ":" in each else socket.AF_INET
        packed = socket.inet_pton(family, each)
        records.append(owner + struct.pack("!HHIH", 28 if ":" in each else 1, 1, lifetime, len(packed)) + packed)
    head = question(name, kind=kind, identity=identity, flags=0x8180 | status, answers=len(records))
    return head + b"".join(records)


def icmp(kind: int, code: int, about: Packet, *, mtu: int = 0) -> bytes:
    """An ICMP or ICMPv6 error that quotes a packet; that of IPv4 quotes 8 bytes behind its header only."""
    if ":" in about.source[0]:
        return struct.pack("!BBHI", kind, code, 0, mtu) + ip(about)
    return struct.pack("!BBHHH", kind, code, 0, 0, mtu) + ip(about)[:28]


def ethernet(content: bytes, kind: int = 0x0800) -> bytes:
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02" + struct.pack("!H", kind) + content


def capture(packets: list[Packet]) -> bytes:
    """A pcap of Ethernet that holds these packets."""
    return pcap(
        [Captured(packet.ts, ethernet(ip(packet), 0x86DD if ":" in packet.source[0] else 0x0800)) for packet in packets]
    )


def pcap(
    packets: list[Captured], *, link_type: int = 1, order: str = "<", nanoseconds: bool = False, modified: bool = False
) -> bytes:
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2CD34 if modified else 0xA1B2C3D4
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link_type)]
    for ts, data, original in packets:
        fraction = ts % 1_000_000 * (1000 if nanoseconds else 1)
        head = struct.pack(order + "IIII", ts // 1_000_000, fraction, len(data), original or len(data))
        # The modified format adds the interface, the protocol and the kind of the packet.
        parts.extend((head, struct.pack(order + "IHBx", 2, 0x0800, 1) if modified else b"", data))
    return b"".join(parts)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def option(code: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def interface(link_type: int = 1, *, order: str = "<", options: bytes = b"", snap_length: int = 0) -> bytes:
    return block(1, struct.pack(order + "HHI", link_type, 0, snap_length) + options, order)


def enhanced(
    packet: Captured, *, number: int = 0, ticks: int | None = None, order: str = "<", options: bytes = b""
) -> bytes:
    ticks = packet.ts if ticks is None else ticks
    length = len(packet.data)
    head = struct.pack(
        order + "IIIII", number, ticks >> 32, ticks & 0xFFFF_FFFF, length, packet.original_length or length
    )
    return block(6, head + packet.data + bytes(-length % 4) * bool(options) + options, order)


def frame(
    payload: bytes | str, *, opcode: int = 1, fin: bool = True, rsv1: bool = False, mask: bytes | None = None
) -> bytes:
    """One WebSocket frame."""
    data = payload.encode() if isinstance(payload, str) else payload
    size = len(data)
    masked = 0x80 if mask else 0
    head = bytes([fin << 7 | rsv1 << 6 | opcode])
    if size < 126:
        head += bytes([masked | size])
    elif size < 65_536:
        head += struct.pack("!BH", masked | 126, size)
    else:
        head += struct.pack("!BQ", masked | 127, size)
    if mask:
        head += mask
        data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
    return head + data


class Deflater:
    """Compresses the messages of one side."""

    def __init__(self, *, forgets: bool = False) -> None:
        self._forgets = forgets
        self._stream = zlib.compressobj(wbits=-15)

    def deflate(self, text: str) -> bytes:
        if self._forgets:
            self._stream = zlib.compressobj(wbits=-15)
        return (self._stream.compress(text.encode()) + self._stream.flush(zlib.Z_SYNC_FLUSH)).removesuffix(
            b"\0\0\xff\xff"
        )


@dataclass
class Talk:
    """A TCP conversation in the making; `packets` are what a capture sees of it."""

    client: tuple[str, int] = CLIENT
    server: tuple[str, int] = SERVER
    ts: int = START
    size: int = 1400
    step: int = 10_000
    packets: list[Packet] = field(default_factory=list)
    next: dict[bool, int] = field(default_factory=lambda: {True: 1000, False: 5_000_000})
    texts: list[tuple[bool, str]] = field(default_factory=list)
    rng: random.Random = field(default_factory=lambda: random.Random(1))

    def send(self, from_client: bool, payload: bytes = b"", flags: int = ACK) -> None:
        ends = (self.client, self.server) if from_client else (self.server, self.client)
        self.ts += self.step
        acknowledgement = self.next[not from_client] if flags & ACK else 0
        self.packets.append(Packet(self.ts, *ends, self.next[from_client], acknowledgement, flags, payload))
        self.next[from_client] += len(payload) + bool(flags & (SYN | FIN))

    def say(self, from_client: bool, data: bytes) -> None:
        """Send bytes in segments; the other side acknowledges them."""
        if not data:
            return
        for at in range(0, len(data), self.size):
            self.send(from_client, data[at : at + self.size], ACK | PSH)
        self.send(not from_client)

    def handshake(self) -> None:
        self.send(True, flags=SYN)
        self.send(False, flags=SYN | ACK)
        self.send(True)

    def upgrade(self, path: str = "/ocpp/CP1", extensions: str = "", subprotocol: str = "ocpp1.6") -> None:
        extra = f"Sec-WebSocket-Extensions: {extensions}\r\n" if extensions else ""
        chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
        self.say(
            True,
            f"GET {path} HTTP/1.1\r\nHost: csms:9000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{chosen}{extra}\r\n".encode(),
        )
        self.say(
            False,
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{chosen}{extra}\r\n".encode(),
        )

    def mask(self, from_client: bool) -> bytes | None:
        return self.rng.randbytes(4) if from_client else None

    def text(self, from_client: bool, text: str) -> None:
        """Say one message in one frame."""
        self.texts.append((from_client, text))
        self.say(from_client, frame(text, mask=self.mask(from_client)))

    def close(self) -> None:
        self.send(True, flags=FIN | ACK)
        self.send(False, flags=FIN | ACK)
        self.send(True)


def dialogue(count: int, seed: int = 1) -> list[tuple[bool, str]]:
    """Calls of a station and their answers, `count` messages in all."""
    rng = random.Random(seed)
    texts: list[tuple[bool, str]] = []
    for number in range(1, count // 2 + 1):
        if number % 5:
            texts.append((True, f'[2,"{number}","Heartbeat",{{}}]'))
            texts.append(
                (False, f'[3,"{number}",{{"currentTime":"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"}}]')
            )
        else:
            values = ",".join(
                f'{{"value":"{rng.random():.6f}","measurand":"Voltage"}}' for _ in range(rng.randrange(1, 9))
            )
            meter = (
                f'{{"connectorId":1,"meterValue":[{{"timestamp":"2026-01-01T00:00:00Z","sampledValue":[{values}]}}]}}'
            )
            texts.append((True, f'[2,"{number}","MeterValues",{meter}]'))
            texts.append((False, f'[3,"{number}",{{}}]'))
    return texts


def conversation(
    count: int = 400,
    *,
    size: int = 1400,
    join: int = 1,
    fragmented: bool = False,
    deflater: type[Deflater] | None = None,
    forgets: bool = False,
    client: tuple[str, int] = CLIENT,
    extensions: str = "",
) -> Talk:
    """A whole OCPP connection: `join` messages of a side share a write, `fragmented` ones are in three frames and a ping."""
    talk = Talk(size=size, client=client, texts=dialogue(count))
    talk.handshake()
    talk.upgrade(extensions=extensions or ("permessage-deflate" if deflater else ""))
    deflaters = {side: deflater(forgets=forgets) for side in (True, False)} if deflater else None
    waiting = {True: b"", False: b""}
    for number, (side, text) in enumerate(talk.texts, 1):
        if deflaters:
            waiting[side] += frame(deflaters[side].deflate(text), rsv1=True, mask=talk.mask(side))
        elif fragmented:
            waiting[side] += in_fragments(text, talk, side)
        else:
            waiting[side] += frame(text, mask=talk.mask(side))
        if join == 1 or number % (2 * join) == 0 or number == count:
            for each in (True, False):
                talk.say(each, waiting[each])
                waiting[each] = b""
    return talk


def in_fragments(text: str, talk: Talk, side: bool) -> bytes:
    data = text.encode()
    third = len(data) // 3
    return (
        frame(data[:third], fin=False, mask=talk.mask(side))
        + frame(b"?", opcode=9, mask=talk.mask(side))
        + frame(data[third : 2 * third], opcode=0, fin=False, mask=talk.mask(side))
        + frame(data[2 * third :], opcode=0, mask=talk.mask(side))
    )

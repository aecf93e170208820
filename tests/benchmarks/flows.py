"""TCP as packets on Ethernet: connections of chargers with the little disorder of real networks."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random

    from tests.benchmarks.lives import Flight

FIN, SYN, PSH, ACK = 1, 2, 8, 16
SWAP_CHANCE, RESEND_CHANCE, SAME_PORT_CHANCE = 0.12, 0.005, 0.3
"""How likely neighbours of a flight are to change places, a segment to come twice, a new connection to take the old port."""
SPACING, RESEND_AFTER, DELAYED_ACKNOWLEDGEMENT = 400, 300_000, 25_000
"""Microseconds: between segments of a flight, until a retransmission, until a pure acknowledgement."""
SYN_OPTIONS = bytes.fromhex("020405b4 0402 080a0000000000000000 01 030307")
ETHERNET_IPV4 = struct.Struct("!6s6sHBBHHHBBH4s4s")
ETHERNET_IPV6 = struct.Struct("!6s6sHIHBB16s16s")
TCP = struct.Struct("!HHIIBBHHHBBBBII")
NEAR, FAR = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")
MASK32 = 0xFFFF_FFFF


class Packet(NamedTuple):
    """A frame of Ethernet and its time; packets sort by time."""

    ts: int
    data: bytes


def framed(content: bytes, source: bytes, destination: bytes, protocol: int = 6, identity: int = 1) -> bytes:
    """Put IP and Ethernet before what a transport protocol made; checksums stay 0, as offloading leaves them."""
    if len(source) == 16:
        head = ETHERNET_IPV6.pack(FAR, NEAR, 0x86DD, 6 << 28, len(content), protocol, 64, source, destination)
    else:
        total = 20 + len(content)
        head = ETHERNET_IPV4.pack(
            FAR, NEAR, 0x0800, 0x45, 0, total, identity & 0xFFFF, 0x4000, 64, protocol, 0, source, destination
        )
    return head + content


@dataclass
class Line:
    """One TCP connection: `True` names the side that opened it."""

    client: bytes
    client_port: int
    server: bytes
    server_port: int
    next: dict[bool, int]
    size: int = 1448
    """Bytes of data that a segment holds; 1460 of Ethernet without the timestamps of RFC 7323."""

    def segment(self, ts: int, from_client: bool, data: bytes = b"", flags: int = ACK) -> Packet:
        """The next segment of a side."""
        sequence = self.next[from_client]
        self.next[from_client] = (sequence + len(data) + bool(flags & (SYN | FIN))) & MASK32
        seen = self.next[not from_client] if flags & ACK else 0
        ports = (self.client_port, self.server_port) if from_client else (self.server_port, self.client_port)
        if flags & SYN:
            head = struct.pack("!HHIIBBHHH", *ports, sequence, seen, 0xA0, flags, 64_240, 0, 0) + SYN_OPTIONS
        else:
            clock = ts // 1000 & MASK32
            head = TCP.pack(*ports, sequence, seen, 0x80, flags, 501, 0, 0, 1, 1, 8, 10, clock, clock)
        ends = (self.client, self.server) if from_client else (self.server, self.client)
        return Packet(ts, framed(head + data, *ends, identity=sequence))

    def opened(self, ts: int) -> list[Packet]:
        """The three packets of the handshake."""
        return [
            self.segment(ts, True, flags=SYN),
            self.segment(ts + 200, False, flags=SYN | ACK),
            self.segment(ts + 40_000, True),
        ]

    def sent(self, ts: int, from_client: bool, data: bytes) -> list[Packet]:
        """Data in full segments, back to back."""
        return [
            self.segment(ts + at // self.size * SPACING, from_client, data[at : at + self.size], ACK | PSH)
            for at in range(0, len(data), self.size)
        ]

    def closed(self, ts: int) -> list[Packet]:
        """Both sides finish."""
        return [
            self.segment(ts, True, flags=FIN | ACK),
            self.segment(ts + 300, False, flags=FIN | ACK),
            self.segment(ts + 40_000, True),
        ]


@dataclass
class Charger:
    """The connections of one charger to its CSMS, one after the other."""

    number: int
    rng: random.Random
    line: Line = field(init=False)
    connections: int = 0
    swapped: int = 0
    resent: int = 0

    def __post_init__(self) -> None:
        self._address = socket.inet_aton(f"10.{20 + self.number // 250}.{self.number % 250}.7")
        self._port = 40_000 + self.rng.randrange(20_000)
        self._size = 536 if self.number % 4 == 0 else 1448  # RFC 879: the size of who is told of none, as some modems

    def packets(self, flight: Flight) -> list[Packet]:
        """What a capture beside the CSMS sees of a flight."""
        if flight.texts:
            return self._carried(flight)
        return self._connected(flight.ts) if flight.opens else self.line.closed(flight.ts)

    def _connected(self, ts: int) -> list[Packet]:
        self._port += self.rng.random() > SAME_PORT_CHANCE
        self.connections += 1
        numbers = {True: self.rng.getrandbits(32), False: self.rng.getrandbits(32)}
        server = socket.inet_aton("192.0.2.10")
        self.line = Line(self._address, self._port, server, 8080, numbers, self._size)
        asked = (
            f"GET /ocpp/CP-{self.number:05} HTTP/1.1\r\nHost: csms.example:8080\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        packets = self.line.opened(ts)
        for moment, from_station, text in ((ts + 50_000, True, asked), (ts + 60_000, False, answer)):
            packets += self.line.sent(moment, from_station, text.encode())
        packets.append(self.line.segment(ts + 100_000, True))
        return packets

    def _carried(self, flight: Flight) -> list[Packet]:
        packets: list[Packet] = []
        for text in flight.texts:
            ts = flight.ts + len(packets) * SPACING
            packets += self.line.sent(ts, flight.from_station, self._frame(text, flight.from_station))
        again = [Packet(each.ts + RESEND_AFTER, each.data) for each in packets if self.rng.random() < RESEND_CHANCE]
        if len(packets) > 1 and self.rng.random() < SWAP_CHANCE:
            self._swap(packets)
        self.resent += len(again)
        acknowledgement = self.line.segment(flight.ts + DELAYED_ACKNOWLEDGEMENT, not flight.from_station)
        return [*packets, acknowledgement, *again]

    def _swap(self, packets: list[Packet]) -> None:
        at = self.rng.randrange(len(packets) - 1)
        first, second = packets[at : at + 2]
        packets[at : at + 2] = Packet(first.ts, second.data), Packet(second.ts, first.data)
        self.swapped += 1

    def _frame(self, text: str, masked: bool) -> bytes:
        """One WebSocket frame (RFC 6455, 5.2); a client masks."""
        data = text.encode()
        size = len(data)
        bit = masked << 7
        head = bytes((0x81, bit | size)) if size < 126 else struct.pack("!BBH", 0x81, bit | 126, size)
        if not masked:
            return head + data
        key = self.rng.randbytes(4)
        pattern = int.from_bytes((key * (size // 4 + 1))[:size], "big")
        return head + key + (int.from_bytes(data, "big") ^ pattern).to_bytes(size, "big")

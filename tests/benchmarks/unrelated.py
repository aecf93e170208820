"""Traffic that has nothing to do with chargers: TLS, downloads over HTTP, QUIC, DNS and ARP, some of it over IPv6."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.benchmarks.flows import FAR, NEAR, SPACING, Line, Packet, framed

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

OPEN_FLOWS = 60
"""How many connections are alive at once."""
IPV6_SHARE = 0.15
RECORD = 16_384
"""The most that a TLS record holds (RFC 8446, 5.1)."""


class Unrelated:
    """Makes bursts of packets, each of one connection or one exchange."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._noise = rng.randbytes(1 << 20)
        self._ts = 0
        self._flows = [self._flow() for _ in range(OPEN_FLOWS)]

    def burst(self, ts: int) -> list[Packet]:
        """What follows the given time."""
        self._ts = ts
        kind = self._rng.random()
        if kind < 0.1:
            return self._dns()
        if kind < 0.13:
            return self._arp()
        if kind < 0.3:
            return self._quic()
        place = self._rng.randrange(OPEN_FLOWS)
        packets = next(self._flows[place], None)
        if packets is None:
            self._flows[place] = self._flow()
            packets = next(self._flows[place])
        return packets

    def _flow(self) -> Iterator[list[Packet]]:
        return self._https() if self._rng.random() < 0.75 else self._http()

    def _line(self, port: int) -> Line:
        near, far = self._ends()
        numbers = {True: self._rng.getrandbits(32), False: self._rng.getrandbits(32)}
        return Line(near, self._rng.randrange(32_768, 61_000), far, port, numbers)

    def _ends(self) -> tuple[bytes, bytes]:
        host = self._rng.randrange(1, 250)
        if self._rng.random() < IPV6_SHARE:
            prefix = bytes.fromhex("20010db8") + bytes(10)
            return prefix + struct.pack("!H", host), prefix + struct.pack("!H", 0x1000 + self._rng.randrange(500))
        return bytes((10, 1, 0, host)), bytes((198, 51, 100, self._rng.randrange(250)))

    def _bytes(self, size: int) -> bytes:
        at = self._rng.randrange(len(self._noise) - size)
        return self._noise[at : at + size]

    def _https(self) -> Iterator[list[Packet]]:
        line = self._line(443)
        yield line.opened(self._ts)
        hello = b"\x01\x00\x01\xfc\x03\x03" + self._bytes(506)
        yield self._said(line, True, _record(22, hello)) + self._said(line, False, self._server_hello())
        for _ in range(self._rng.randrange(2, 30)):
            size = int(min(self._rng.paretovariate(0.9) * 800, 120_000))
            asked = _record(23, self._bytes(self._rng.randrange(60, 900)))
            data = b"".join(_record(23, self._bytes(min(RECORD, size - at))) for at in range(0, size, RECORD))
            yield self._said(line, True, asked) + self._said(line, False, data)
        yield self._said(line, False, _record(21, self._bytes(26))) + line.closed(self._ts)

    def _server_hello(self) -> bytes:
        hello = b"\x02\x00\x00\x76\x03\x03" + self._bytes(116)
        return _record(22, hello) + _record(20, b"\x01") + _record(23, self._bytes(3_200))

    def _http(self) -> Iterator[list[Packet]]:
        line = self._line(80)
        yield line.opened(self._ts)
        for number in range(self._rng.randrange(1, 6)):
            size = self._rng.randrange(500, 150_000)
            asked = f"GET /files/{number}.bin HTTP/1.1\r\nHost: downloads.example\r\nAccept: */*\r\n\r\n"
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
            yield self._said(line, True, asked.encode()) + self._said(line, False, head.encode() + self._bytes(size))
        yield line.closed(self._ts)

    def _said(self, line: Line, from_client: bool, data: bytes) -> list[Packet]:
        """Data, and an acknowledgement of every second segment (RFC 5681, 4.2)."""
        packets = []
        for number, at in enumerate(range(0, len(data), line.size), 1):
            self._ts += SPACING
            packets += line.sent(self._ts, from_client, data[at : at + line.size])
            if number % 2 == 0 or at + line.size >= len(data):
                packets.append(line.segment(self._ts + SPACING // 2, not from_client))
        return packets

    def _datagram(self, ends: tuple[bytes, bytes], ports: tuple[int, int], data: bytes) -> Packet:
        self._ts += SPACING
        head = struct.pack("!HHHH", *ports, 8 + len(data), 0)
        return Packet(self._ts, framed(head + data, *ends, protocol=17, identity=self._ts))

    def _dns(self) -> list[Packet]:
        near, far = self._ends()
        port, identity = self._rng.randrange(1_024, 65_000), self._rng.getrandbits(16)
        name = f"host{self._rng.randrange(5000)}".encode()
        question = bytes((len(name),)) + name + b"\x07example\x00" + struct.pack("!HH", 1, 1)
        answer = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 300, 4, bytes((198, 51, 100, 7)))
        asked = struct.pack("!HHHHHH", identity, 0x0100, 1, 0, 0, 0) + question
        told = struct.pack("!HHHHHH", identity, 0x8180, 1, 1, 0, 0) + question + answer
        return [self._datagram((near, far), (port, 53), asked), self._datagram((far, near), (53, port), told)]

    def _quic(self) -> list[Packet]:
        """Short-header packets of QUIC (RFC 9000, 17.3), most of them from the server."""
        near, far = self._ends()
        port = self._rng.randrange(32_768, 61_000)
        packets = []
        for number in range(self._rng.randrange(4, 40)):
            if number % 5:
                packets.append(self._datagram((far, near), (443, port), b"\x40" + self._bytes(1_249)))
            else:
                packets.append(self._datagram((near, far), (port, 443), b"\x40" + self._bytes(34)))
        return packets

    def _arp(self) -> list[Packet]:
        (sender, target), head = (bytes((10, 1, 0, self._rng.randrange(1, 250))) for _ in range(2)), NEAR + b"\x08\x06"
        asked = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, NEAR, sender, bytes(6), target)
        told = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 2, FAR, target, NEAR, sender)
        return [
            Packet(self._ts, b"\xff" * 6 + head + asked),
            Packet(self._ts + SPACING, NEAR + FAR + b"\x08\x06" + told),
        ]


def _record(kind: int, content: bytes) -> bytes:
    """A TLS record (RFC 8446, 5.1)."""
    return struct.pack("!BHH", kind, 0x0303, len(content)) + content

"""Puts fragmented IP packets together (RFC 791 3.2, RFC 8200 4.5)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

MAX_PACKETS = 256
"""Packets whose fragments are kept at once; the oldest is given up."""
MAX_PACKET = 65_535
"""Bytes of an IP packet."""
MAX_FRAGMENTS = 1024
"""Fragments of one packet."""
LIFETIME = 60_000_000
"""Microseconds that fragments wait for the others (RFC 8200 4.5); later ones are of a packet with the same identity."""


@dataclass(slots=True)
class _Packet:
    since: int
    parts: dict[int, bytes] = field(default_factory=dict)
    end: int | None = None


class Fragments:
    """The fragments that wait for others of their packet."""

    def __init__(self) -> None:
        self._packets: OrderedDict[object, _Packet] = OrderedDict()

    def add(self, key: object, offset: int, data: bytes, ts: int, *, more: bool) -> bytes | None:
        """Take a fragment; give the content of its packet once it is whole. Of two for one place the first counts."""
        packet = self._packets.get(key)
        if packet is None or abs(ts - packet.since) > LIFETIME:
            packet = self._packets[key] = _Packet(ts)
            self._packets.move_to_end(key)
        packet.parts.setdefault(offset, data)
        if not more:
            packet.end = offset + len(data)
        whole = _join(packet)
        if whole is not None or offset + len(data) > MAX_PACKET or len(packet.parts) > MAX_FRAGMENTS:
            del self._packets[key]
        elif len(self._packets) > MAX_PACKETS:
            self._packets.popitem(last=False)
        return whole


def _join(packet: _Packet) -> bytes | None:
    if packet.end is None:
        return None
    content = bytearray()
    for offset in sorted(packet.parts):
        if offset > len(content):
            return None
        content += packet.parts[offset][len(content) - offset :]
    return bytes(content[: packet.end]) if len(content) >= packet.end else None

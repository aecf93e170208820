"""Files of packets: each function gives the bytes of a capture in another encapsulation or container."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

from tests.wire.packets import Captured, block, enhanced, ethernet, interface, ip, ipv4, ipv6, pcap, section, tcp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.wire.packets import Packet

    Write = Callable[[list[Packet], bytes], bytes]
    """Packets and the secrets of their TLS become a file."""

IPV4, IPV6 = 0x0800, 0x86DD
SNAP_LENGTH, HEADERS = 200, {IPV4: 54, IPV6: 74}
"""Bytes kept of a frame, and those of its headers before the data."""
FRAGMENT = 104
KEPT_OF_THE_FILE = 0.7


def kind(packet: Packet) -> int:
    """The type of Ethernet."""
    return IPV6 if ":" in packet.source[0] else IPV4


def framed(packets: list[Packet]) -> list[Captured]:
    return [Captured(packet.ts, ethernet(ip(packet), kind(packet))) for packet in packets]


def plain(packets: list[Packet], _: bytes) -> bytes:
    return pcap(framed(packets))


def wrapping(packets: list[Packet], _: bytes) -> bytes:
    """Sequence numbers that wrap: each side begins 1000 before 2^32."""
    begin: dict[tuple[str, int], int] = {}
    for packet in packets:
        begin.setdefault(packet.source, packet.sequence)
        begin.setdefault(packet.destination, packet.acknowledgement or 0)
    # A SYN tells no acknowledgement: its receiver begins where its own first packet says.
    for packet in packets[:2]:
        begin[packet.source] = packet.sequence
    moved = [
        packet._replace(
            sequence=packet.sequence - begin[packet.source] - 1000,
            acknowledgement=packet.acknowledgement - begin[packet.destination] - 1000 if packet.acknowledgement else 0,
        )
        for packet in packets
    ]
    return pcap(framed(moved))


def fragmented(packets: list[Packet], _: bytes) -> bytes:
    """Packets of IP in fragments (RFC 791, 3.2; RFC 8200, 4.5)."""
    return pcap(
        [
            Captured(packet.ts, ethernet(part, kind(packet)))
            for identity, packet in enumerate(packets, 1)
            for part in _fragments(packet, identity)
        ]
    )


def _fragments(packet: Packet, identity: int) -> Iterator[bytes]:
    content, ends = tcp(packet), (packet.source[0], packet.destination[0])
    for at in range(0, len(content), FRAGMENT):
        part, more = content[at : at + FRAGMENT], at + FRAGMENT < len(content)
        if kind(packet) == IPV6:
            head = struct.pack("!BBHI", 6, 0, at | more, identity)
            yield ipv6(head + part, *ends, following=44)
        else:
            yield ipv4(part, *ends, fragment=at // 8 | more << 13, identity=identity & 0xFFFF)


def qinq(packets: list[Packet], _: bytes) -> bytes:
    """Two VLAN tags (IEEE 802.1ad)."""
    return pcap(
        [
            Captured(packet.ts, ethernet(struct.pack("!HHHH", 100, 0x8100, 7, kind(packet)) + ip(packet), 0x88A8))
            for packet in packets
        ]
    )


def cooked(packets: list[Packet], _: bytes) -> bytes:
    """Linux cooked capture, LINKTYPE_LINUX_SLL."""
    head = struct.pack("!HHH8s", 0, 1, 6, b"\x02\0\0\0\0\x01\0\0")
    return pcap([Captured(each.ts, head + struct.pack("!H", kind(each)) + ip(each)) for each in packets], link_type=113)


def cooked2(packets: list[Packet], _: bytes) -> bytes:
    """Linux cooked capture, LINKTYPE_LINUX_SLL2."""
    rest = struct.pack("!HIHBB8s", 0, 2, 1, 0, 6, b"\x02\0\0\0\0\x01\0\0")
    return pcap([Captured(each.ts, struct.pack("!H", kind(each)) + rest + ip(each)) for each in packets], link_type=276)


def raw(packets: list[Packet], _: bytes) -> bytes:
    """IP without a link layer, LINKTYPE_RAW."""
    return pcap([Captured(packet.ts, ip(packet)) for packet in packets], link_type=101)


def loopback(packets: list[Packet], _: bytes) -> bytes:
    """The loopback of BSD, LINKTYPE_NULL: the address family in the byte order of the host."""
    family = {IPV4: 2, IPV6: 30}
    return pcap(
        [Captured(packet.ts, struct.pack("<I", family[kind(packet)]) + ip(packet)) for packet in packets], link_type=0
    )


def big_endian(packets: list[Packet], _: bytes) -> bytes:
    return pcap(framed(packets), order=">")


def nanoseconds(packets: list[Packet], _: bytes) -> bytes:
    return pcap(framed(packets), nanoseconds=True)


def pcapng(packets: list[Packet], secrets: bytes) -> bytes:
    """With the secrets of TLS in a Decryption Secrets Block, where there are any."""
    kept = block(10, struct.pack("<II", 0x544C534B, len(secrets)) + secrets) if secrets else b""
    return section() + interface() + kept + b"".join(enhanced(packet) for packet in framed(packets))


def snapped(packets: list[Packet], _: bytes) -> bytes:
    return pcap([Captured(each.ts, each.data[:SNAP_LENGTH], len(each.data)) for each in framed(packets)])


def kept_by_snap(packets: list[Packet]) -> list[Packet]:
    return [packet._replace(payload=packet.payload[: SNAP_LENGTH - HEADERS[kind(packet)]]) for packet in packets]


def tail_cut(packets: list[Packet], secrets: bytes) -> bytes:
    """A file that ends within a packet."""
    contents = plain(packets, secrets)
    return contents[: int(len(contents) * KEPT_OF_THE_FILE)]


def kept_before_the_cut(packets: list[Packet]) -> list[Packet]:
    sizes = itertools.accumulate((16 + len(each.data) for each in framed(packets)), initial=24)
    end = int(len(plain(packets, b"")) * KEPT_OF_THE_FILE)
    return packets[: sum(size <= end for size in sizes) - 1]

"""Finds the TCP segment in a packet, or what tells of one: the common encapsulations, in plain byte arithmetic."""

from __future__ import annotations

import enum
import functools
import socket
import struct
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    from analyzer.wire.records import Record

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CUT_HEADER = "cut_header"
"""The kind of problem of a packet that ends inside its headers."""
UNKNOWN_LINK = "unknown_link_type"
"""The kind of problem of a packet of which nobody here knows how it begins."""
OF_PACKETS = frozenset({CUT_HEADER, UNKNOWN_LINK})
"""Damage that a capture may have in each of its packets."""

MAX_TAGS = 8
"""VLAN tags of one packet."""
MAX_EXTENSIONS = 16
"""IPv6 extension headers of one packet."""

IPV4, IPV6 = 0x0800, 0x86DD
VLAN = frozenset({0x8100, 0x88A8, 0x9100})
TUNNEL_TYPES = frozenset({0x8847, 0x8848, 0x8864, 0x6558, 0x880B})
"""EtherTypes that wrap IP in a way this module does not know: MPLS, PPPoE session, bridged Ethernet, PPP."""
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
DOMAIN = 53
"""The UDP port of the DNS (RFC 1035 4.2.1)."""
TUNNEL_PROTOCOLS = frozenset({4, 41, 47, 137})
"""IP in IP, IPv6 in IP, GRE, MPLS in IP."""
TUNNEL_PORTS = frozenset({4789, 8472, 2152, 6081})
"""UDP ports of VXLAN (and its old Linux default), GTP-U and Geneve."""
EXTENSIONS = frozenset({0, 43, 60, 135, 139, 140})
FRAGMENT = 44
RAW_IP = frozenset({12, 14, 101, 228, 229})
LOOPBACKS = frozenset({0, 108})
LOOPBACK = {2: IPV4, 24: IPV6, 28: IPV6, 30: IPV6, 10: IPV6}
"""Address family of BSD loopback headers: IPv6 has another number on every system."""
NOT_TYPED = 1536
"""An EtherType below this is the length of an IEEE 802.3 frame."""
SNAP = b"\xaa\xaa\x03"


class Unknown(enum.Enum):
    """The answer for a packet that may hold TCP in a way this module does not know."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


class Segment(NamedTuple):
    """One TCP segment. `missing` bytes of its payload were cut off by the capture's snap length.

    `ttl` is the time to live or hop limit that its packet came with; 0 where it is not known.
    """

    number: int
    ts: int
    interface: int
    source: str
    source_port: int
    destination: str
    destination_port: int
    sequence: int
    acknowledgement: int
    flags: int
    window: int
    payload: bytes
    missing: int
    ttl: int = 0


class Datagram(NamedTuple):
    """A packet of the DNS or an ICMP message, which may tell of a connection; `data` begins with its header."""

    number: int
    ts: int
    protocol: int
    source: str
    destination: str
    data: bytes


class Network(NamedTuple):
    """What IP tells of a packet: its ends, and the time to live or hop limit that it came with."""

    source: bytes
    destination: bytes
    ttl: int


Found = Segment | Datagram | Problem | Unknown | None


def dissect(record: Record) -> Found:
    """The TCP segment of a packet, or the datagram that tells of connections; None where it surely holds neither."""
    try:
        return _dissect_link(record)
    except (struct.error, IndexError, ValueError):
        return cut_header(record)


def cut_header(record: Record) -> Problem:
    """The problem of a packet that ends inside its headers; the capture lost something only where it cut it off."""
    cut_off = len(record.data) < record.original_length
    return Problem(CUT_HEADER, "a packet is cut inside its headers", record.ts, record.number, damage=cut_off)


def _dissect_link(record: Record) -> Found:
    data, link_type = record.data, record.link_type
    if link_type == 1:
        return _dissect_type(record, struct.unpack_from("!H", data, 12)[0], 14)
    if link_type == 113:
        return _dissect_type(record, struct.unpack_from("!H", data, 14)[0], 16)
    if link_type == 276:
        return _dissect_type(record, struct.unpack_from("!H", data)[0], 20)
    if link_type in RAW_IP:
        return _dissect_type(record, {4: IPV4, 6: IPV6}.get(data[0] >> 4, 0), 0)
    if link_type in LOOPBACKS:
        # The family of link type 0 is in the byte order of the machine that captured, which is not told.
        family = min(struct.unpack_from("<I", data)[0], struct.unpack_from(">I", data)[0])
        return _dissect_type(record, LOOPBACK.get(family, 0), 4)
    return UNKNOWN


def _dissect_type(record: Record, kind: int, at: int) -> Found:
    data = record.data
    for _ in range(MAX_TAGS):
        if kind not in VLAN:
            break
        kind = struct.unpack_from("!H", data, at + 2)[0]
        at += 4
    if kind == IPV4:
        return _dissect_ipv4(record, at)
    if kind == IPV6:
        return _dissect_ipv6(record, at)
    if kind in TUNNEL_TYPES or (kind < NOT_TYPED and data[at : at + 3] == SNAP):
        return UNKNOWN
    return None


def _dissect_ipv4(record: Record, at: int) -> Found:
    data = record.data
    first, total, fragment, ttl, protocol = struct.unpack_from("!BxHxxHBB", data, at)
    header = (first & 15) * 4
    if first >> 4 != 4 or header < 20:
        return Problem("bad_packet", "not an IPv4 header where one should be", record.ts, record.number)
    # A total length of 0 is what segmentation offload leaves: the packet goes on to its end on the wire.
    end = at + total if total else record.original_length
    if protocol in {TCP, UDP} | TUNNEL_PROTOCOLS and fragment & 0x3FFF:
        return UNKNOWN
    if fragment & 0x1FFF:
        return None
    network = Network(data[at + 12 : at + 16], data[at + 16 : at + 20], ttl)
    return _dissect_transport(record, protocol, at + header, end, network)


def _dissect_ipv6(record: Record, at: int) -> Found:
    data = record.data
    first, length, following, ttl = struct.unpack_from("!BxxxHBB", data, at)
    if first >> 4 != 6:
        return Problem("bad_packet", "not an IPv6 header where one should be", record.ts, record.number)
    network = Network(data[at + 8 : at + 24], data[at + 24 : at + 40], ttl)
    at += 40
    end = at + length if length else record.original_length
    for _ in range(MAX_EXTENSIONS):
        if following == FRAGMENT:
            # A fragment header with neither offset nor more to come is a whole packet (RFC 6946).
            if struct.unpack_from("!H", data, at + 2)[0] & 0xFFF9:
                return UNKNOWN
            following, at = data[at], at + 8
        elif following in EXTENSIONS:
            following, at = data[at], at + (data[at + 1] + 1) * 8
        else:
            break
    return _dissect_transport(record, following, at, end, network)


def _dissect_transport(record: Record, protocol: int, at: int, end: int, network: Network) -> Found:
    data = record.data
    if protocol == UDP:
        ports = struct.unpack_from("!HH", data, at)
        if TUNNEL_PORTS.intersection(ports):
            return UNKNOWN
        return datagram(record, protocol, data[at:end], network) if DOMAIN in ports else None
    if protocol in {ICMP, ICMPV6}:
        return datagram(record, protocol, data[at:end], network)
    if protocol != TCP:
        return UNKNOWN if protocol in TUNNEL_PROTOCOLS else None
    return tcp_segment(record, data[at:], end - at, network)


def datagram(record: Record, protocol: int, data: bytes, network: Network) -> Datagram:
    """The datagram whose header these bytes begin with."""
    ends = address(network.source), address(network.destination)
    return Datagram(record.number, record.ts, protocol, *ends, data)


def tcp_segment(record: Record, data: bytes, length: int, network: Network) -> Segment | Problem:
    """The segment whose TCP header these bytes begin with; `length` is what IP tells of its size, header included."""
    source_port, destination_port, sequence, acknowledgement, offset, flags, window = struct.unpack_from(
        "!HHIIBBH", data
    )
    start = (offset >> 4) * 4
    if start < 20 or start > length:
        return Problem("bad_packet", "a TCP header longer than its packet or too short", record.ts, record.number)
    # What follows the IP packet is padding of the link; what it claims beyond the captured bytes was cut off.
    captured = max(min(length, len(data)), start)
    return Segment(
        record.number,
        record.ts,
        record.interface,
        address(network.source),
        source_port,
        address(network.destination),
        destination_port,
        sequence,
        acknowledgement,
        flags,
        window,
        data[start:captured],
        length - captured,
        network.ttl,
    )


@functools.lru_cache(maxsize=65_536)
def address(packed: bytes) -> str:
    """An IPv4 or IPv6 address in its usual notation."""
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)

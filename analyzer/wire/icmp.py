"""What an ICMP error says of the packet that it quotes (RFC 792, RFC 1191, RFC 4443)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.link import ICMP, ICMPV6, TCP, address

if TYPE_CHECKING:
    from analyzer.wire.link import Datagram

QUOTED = 8
"""Where the quoted packet begins in an error."""
TOO_BIG = {(ICMP, 3, 4), (ICMPV6, 2, 0)}
"""Protocol, type and code of the errors that tell of a next hop's MTU (RFC 1191 4, RFC 4443 3.2)."""
TYPES = {
    (ICMP, 3): "destination unreachable",
    (ICMP, 11): "time exceeded",
    (ICMPV6, 1): "destination unreachable",
    (ICMPV6, 2): "packet too big",
    (ICMPV6, 3): "time exceeded",
}
"""Protocol and type of the errors that tell of a path."""
CODES = {
    (ICMP, 3, 0): "network unreachable",
    (ICMP, 3, 1): "host unreachable",
    (ICMP, 3, 2): "protocol unreachable",
    (ICMP, 3, 3): "port unreachable",
    (ICMP, 3, 4): "fragmentation needed",
    (ICMP, 3, 6): "network unknown",
    (ICMP, 3, 7): "host unknown",
    (ICMP, 3, 9): "network administratively prohibited",
    (ICMP, 3, 10): "host administratively prohibited",
    (ICMP, 3, 13): "communication administratively prohibited",
    (ICMP, 11, 0): "time to live exceeded in transit",
    (ICMPV6, 1, 0): "no route to the destination",
    (ICMPV6, 1, 1): "administratively prohibited",
    (ICMPV6, 1, 3): "address unreachable",
    (ICMPV6, 1, 4): "port unreachable",
    (ICMPV6, 3, 0): "hop limit exceeded in transit",
}


class Report(NamedTuple):
    """An error about a TCP packet from `source` to `destination`; `final` says that none gets through."""

    number: int
    ts: int
    reporter: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    detail: str
    final: bool


def report(datagram: Datagram) -> Report | None:
    """The error that a datagram holds; None where it is none, or is about no TCP packet."""
    try:
        return _report(datagram)
    except (struct.error, IndexError):
        return None


def _report(datagram: Datagram) -> Report | None:
    data, protocol = datagram.data, datagram.protocol
    kind, code = data[0], data[1]
    name = TYPES.get((protocol, kind))
    quoted = _quoted(data[QUOTED:]) if name else None
    if name is None or quoted is None:
        return None
    words = f"{CODES.get((protocol, kind, code), name)} (type {kind}, code {code}) from {datagram.source}"
    too_big = (protocol, kind, code) in TOO_BIG
    # Routers before RFC 1191 leave the MTU at 0.
    mtu = struct.unpack_from("!H", data, 6)[0] if protocol == ICMP else struct.unpack_from("!I", data, 4)[0]
    if too_big and mtu:
        words += f", next-hop MTU {mtu}"
    final = name == "destination unreachable" and not too_big
    return Report(datagram.number, datagram.ts, datagram.source, *quoted, words, final)


def _quoted(packet: bytes) -> tuple[str, int, str, int] | None:
    """The ends of the TCP packet that an error quotes: its IP header and the first 8 bytes behind at least."""
    if packet[0] >> 4 == 4:
        protocol, at = packet[9], (packet[0] & 15) * 4
        source, destination = packet[12:16], packet[16:20]
    else:
        protocol, at = packet[6], 40
        source, destination = packet[8:24], packet[24:40]
    if protocol != TCP or len(destination) not in {4, 16}:
        return None
    source_port, destination_port = struct.unpack_from("!HH", packet, at)
    return address(source), source_port, address(destination), destination_port

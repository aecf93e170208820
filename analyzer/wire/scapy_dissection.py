"""Finds the TCP segment or datagram in a packet through Scapy: slow, and for nearly every encapsulation there is."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

from analyzer.wire.fragments import Fragments
from analyzer.wire.link import (
    DOMAIN,
    ICMP,
    ICMPV6,
    LOOPBACKS,
    RAW_IP,
    UDP,
    Datagram,
    Network,
    Segment,
    datagram,
    tcp_segment,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.records import Record

MAX_LAYERS = 64
"""Layers of one packet."""
MAX_NESTING = 4
"""Fragmented packets inside fragmented packets."""


class Dissection:
    """Scapy with the layers that carry IP, and the fragments that wait for others."""

    def __init__(self) -> None:
        # Importing a layer binds it to those below it; scapy.all would take a second.
        import scapy.contrib.geneve
        import scapy.contrib.gtp
        import scapy.contrib.mpls
        import scapy.layers.inet6
        import scapy.layers.l2
        import scapy.layers.ppp
        import scapy.layers.vxlan
        from scapy.config import conf
        from scapy.layers import inet
        from scapy.packet import Raw

        self._link_types = conf.l2types.num2layer
        self._ip, self._ipv6 = inet.IP, scapy.layers.inet6.IPv6
        self._fragment = scapy.layers.inet6.IPv6ExtHdrFragment
        self._tcp, self._udp, self._raw = inet.TCP, inet.UDP, Raw
        self._icmp = inet.ICMP
        self._icmpv6 = (
            scapy.layers.inet6.ICMPv6DestUnreach
            | scapy.layers.inet6.ICMPv6PacketTooBig
            | scapy.layers.inet6.ICMPv6TimeExceeded
            | scapy.layers.inet6.ICMPv6ParamProblem
        )
        self._fragments = Fragments()
        self.fragment: object = None
        """Which IP packet the last one that was dissected is a fragment of; None where it is none."""

    def dissect(self, record: Record) -> list[Segment | Datagram] | None:
        """The TCP segments and datagrams of a packet, the innermost of each; None where it holds none."""
        self.fragment = None
        try:
            return self._segments(record, self._parse(record), MAX_NESTING)
        except Exception:  # noqa: BLE001 - layers of many authors fail on bad data in many ways
            return None

    def _parse(self, record: Record) -> Any:  # noqa: ANN401 - Scapy has no types
        # Scapy takes the family of a loopback header in the byte order of this machine; IP tells its version itself.
        if record.link_type in RAW_IP | LOOPBACKS:
            data = record.data[4:] if record.link_type in LOOPBACKS else record.data
            return (self._ipv6 if data[0] >> 4 == 6 else self._ip)(data)
        layer = self._link_types.get(record.link_type)
        return None if layer is None else layer(record.data)

    def layers(self, record: Record) -> Any:  # noqa: ANN401 - Scapy has no types
        """The packet as Scapy has it, from its link layer on."""
        if record.link_type in RAW_IP:
            return self._parse(record)
        layer = self._link_types.get(record.link_type)
        return self._raw(record.data) if layer is None else layer(record.data)

    def _segments(self, record: Record, packet: Any, nesting: int) -> list[Segment | Datagram] | None:  # noqa: ANN401
        ip: Any = None
        told: Any = None
        protocol = 0
        for layer in _layers(packet):
            if isinstance(layer, self._ip | self._ipv6):
                ip, told = layer, None
            elif isinstance(layer, self._tcp):
                told, protocol = layer, socket.IPPROTO_TCP
            elif isinstance(layer, self._udp) and DOMAIN in {layer.sport, layer.dport}:
                told, protocol = layer, UDP
            elif isinstance(layer, self._icmp | self._icmpv6):
                told, protocol = layer, ICMP if isinstance(layer, self._icmp) else ICMPV6
                break  # what follows is the packet that it quotes
        if ip is None:
            return None
        if told is None or self._is_first_fragment(ip):
            whole = self._reassemble(ip) if nesting else None
            return None if whole is None else self._segments(record, whole, nesting - 1)
        found = _found(record, ip, told, protocol)
        return [found] if found else None

    def _is_first_fragment(self, ip: Any) -> bool:  # noqa: ANN401
        """Whether more fragments follow; Scapy reads the beginning of their content as if it were all of it."""
        fragment = ip if isinstance(ip, self._ip) else ip.getlayer(self._fragment)
        return bool(fragment and (fragment.flags.MF if fragment is ip else fragment.m))

    def _reassemble(self, ip: Any) -> Any:  # noqa: ANN401
        """The packet that this fragment makes whole, None where it is no fragment or others are missing."""
        header = ip.raw_packet_cache
        if isinstance(ip, self._ip):
            more = bool(ip.flags.MF)
            if not more and not ip.frag:
                return None
            key = (ip.src, ip.dst, ip.id, ip.proto)
            data = ip.original[len(header) : ip.len]
            self.fragment = self.fragment or key
            whole = self._fragments.add(key, ip.frag * 8, data, more=more)
            if whole is None:
                return None
            patched = header[:2] + struct.pack("!HHH", len(header) + len(whole), ip.id, 0) + header[8:]
            return self._ip(patched + whole)
        fragment = ip.getlayer(self._fragment)
        if fragment is None:
            return None
        key = (ip.src, ip.dst, fragment.id, fragment.nh)
        data = fragment.original[len(fragment.raw_packet_cache) :]
        self.fragment = self.fragment or key
        whole = self._fragments.add(key, fragment.offset * 8, data, more=bool(fragment.m))
        if whole is None:
            return None
        # Headers before that of the fragment concern routers alone and are left out.
        return self._ipv6(header[:4] + struct.pack("!HB", len(whole), fragment.nh) + header[7:] + whole)


def _layers(packet: Any) -> Iterator[Any]:  # noqa: ANN401
    for _ in range(MAX_LAYERS):
        if not packet:
            return
        yield packet
        packet = packet.payload


def _found(record: Record, ip: Any, told: Any, protocol: int) -> Segment | Datagram | None:  # noqa: ANN401
    """The segment or datagram; its sizes are counted as `link` does, from what IP tells and what was captured."""
    family, size, ttl = (
        (socket.AF_INET, ip.len, ip.ttl)
        if ip.version == 4
        else (socket.AF_INET6, ip.plen and ip.plen + len(ip.raw_packet_cache), ip.hlim)
    )
    length = size or len(ip.original) + record.original_length - len(record.data)
    for layer in _layers(ip):
        if layer is told:
            break
        length -= len(layer.raw_packet_cache)
    network = Network(socket.inet_pton(family, ip.src), socket.inet_pton(family, ip.dst), ttl)
    if protocol != socket.IPPROTO_TCP:
        return datagram(record, protocol, told.original[:length], network)
    segment = tcp_segment(record, told.original, length, network)
    return segment if isinstance(segment, Segment) else None

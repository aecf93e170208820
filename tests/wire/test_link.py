from __future__ import annotations

import struct

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.link import ICMP, ICMPV6, UDP, UNKNOWN, Datagram, Segment, dissect
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record
from analyzer.wire.scapy_dissection import Dissection
from tests.wire.packets import ACK, CLIENT, PSH, SERVER, START, Packet, ethernet, ip, ipv4, ipv6, tcp, udp

PACKET = Packet(START, CLIENT, SERVER, 100, 200, ACK | PSH, b"payload", 512)
IP4 = ip(PACKET)
FOUR, SIX = ("10.0.0.1", "10.0.0.2"), ("fe80::1", "2001:db8::2")
IP6 = ipv6(tcp(PACKET), *SIX)
SEGMENT = Segment(1, START, 0, *CLIENT, *SERVER, 100, 200, ACK | PSH, 512, b"payload", 0, 64)
SEGMENT6 = SEGMENT._replace(source=SIX[0], destination=SIX[1])


def record(data: bytes, link_type: int = 1, original: int = 0) -> Record:
    return Record(1, START, link_type, data, original or len(data), 0)


WRAPPED = {
    "Ethernet": (1, ethernet(IP4), SEGMENT),
    "VLAN": (1, ethernet(b"\0\x05\x08\0" + IP4, 0x8100), SEGMENT),
    "QinQ": (1, ethernet(b"\0\x05\x81\0\0\x06\x08\0" + IP4, 0x88A8), SEGMENT),
    "cooked": (113, bytes(14) + b"\x08\0" + IP4, SEGMENT),
    "cooked v2": (276, b"\x08\0" + bytes(18) + IP4, SEGMENT),
    "raw": (101, IP4, SEGMENT),
    "raw IPv6": (12, IP6, SEGMENT6),
    "IPv4 alone": (228, IP4, SEGMENT),
    "IPv6 alone": (229, IP6, SEGMENT6),
    "loopback": (0, b"\2\0\0\0" + IP4, SEGMENT),
    "loopback of the other byte order": (0, b"\0\0\0\x1e" + IP6, SEGMENT6),
    "OpenBSD loopback": (108, b"\0\0\0\2" + IP4, SEGMENT),
    "IPv6": (1, ethernet(IP6, 0x86DD), SEGMENT6),
    "padded": (1, ethernet(IP4) + bytes(9), SEGMENT),
    "IPv4 options": (1, ethernet(ipv4(tcp(PACKET), CLIENT[0], SERVER[0], options=bytes(8))), SEGMENT),
    "TCP options": (1, ethernet(ipv4(tcp(PACKET, bytes(12)), CLIENT[0], SERVER[0])), SEGMENT),
    "no total length": (1, ethernet(ipv4(tcp(PACKET), CLIENT[0], SERVER[0], total=0)), SEGMENT),
    "hop-by-hop options": (
        1,
        ethernet(ipv6(b"\x06\0" + b"\1\4" + bytes(4) + tcp(PACKET), *SIX, following=0), 0x86DD),
        SEGMENT6,
    ),
    "a fragment header of a whole packet": (
        229,
        ipv6(b"\x06\0\0\0\0\0\0\1" + tcp(PACKET), *SIX, following=44),
        SEGMENT6,
    ),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_a_segment_is_found_in(name: str) -> None:
    link_type, data, expected = WRAPPED[name]
    assert dissect(record(data, link_type)) == expected


@pytest.mark.parametrize(
    "data",
    [
        ethernet(bytes(28), 0x0806),
        ethernet(ipv4(udp(b"", 5353, 40_000), "10.0.0.1", "10.0.0.2", protocol=17)),
        ethernet(ipv4(bytes(8), "10.0.0.1", "10.0.0.2", protocol=1, fragment=5)),
        ethernet(ipv4(bytes(8), "10.0.0.1", "10.0.0.2", protocol=2)),
        ethernet(b"\x42\x42\x03" + bytes(40), 38),
        ethernet(b"\xaa\xaa\x03" + bytes(40), 0x0806),
    ],
)
def test_what_surely_is_no_tcp_is_none(data: bytes) -> None:
    assert dissect(record(data)) is None


DATAGRAMS = {
    "a question": (1, ethernet(ipv4(udp(b"?", 40_000, 53), *FOUR, protocol=17)), UDP, udp(b"?", 40_000, 53)),
    "an answer, padded": (1, ethernet(ipv4(udp(b"!", 53, 5), *FOUR, protocol=17)) + bytes(9), UDP, udp(b"!", 53, 5)),
    "a question of IPv6": (229, ipv6(udp(b"?", 5, 53), *SIX, following=17), UDP, udp(b"?", 5, 53)),
    "an error": (1, ethernet(ipv4(b"\3\1" + bytes(6) + IP4, *FOUR, protocol=1)), ICMP, b"\3\1" + bytes(6) + IP4),
    "an error of IPv6": (
        229,
        ipv6(b"\1\4" + bytes(6) + IP6, *SIX, following=58),
        ICMPV6,
        b"\1\4" + bytes(6) + IP6,
    ),
}


@pytest.mark.parametrize("name", DATAGRAMS)
def test_what_tells_of_connections_is_found_on_both_paths(name: str) -> None:
    link_type, data, protocol, content = DATAGRAMS[name]
    ends = SIX if protocol == ICMPV6 or link_type == 229 else FOUR
    expected = Datagram(1, START, protocol, *ends, content)
    assert dissect(record(data, link_type)) == expected
    assert Dissection().dissect(record(data, link_type)) == [expected]


@pytest.mark.parametrize(
    ("link_type", "data"),
    [
        (127, bytes(60)),
        (1, ethernet(bytes(40), 0x8864)),
        (1, ethernet(bytes(40), 0x8847)),
        (1, ethernet(b"\xaa\xaa\x03" + bytes(40), 43)),
        (1, ethernet(ipv4(bytes(40), "10.0.0.1", "10.0.0.2", protocol=47))),
        (1, ethernet(ipv4(bytes(40), "10.0.0.1", "10.0.0.2", protocol=4))),
        (1, ethernet(ipv4(struct.pack("!HHHH", 9, 4789, 48, 0) + bytes(40), "10.0.0.1", "10.0.0.2", protocol=17))),
        (1, ethernet(ipv4(struct.pack("!HHHH", 2152, 2152, 48, 0) + bytes(40), "10.0.0.1", "10.0.0.2", protocol=17))),
        (1, ethernet(ipv4(bytes(40), "10.0.0.1", "10.0.0.2", fragment=0x2000))),
        (1, ethernet(ipv4(bytes(40), "10.0.0.1", "10.0.0.2", fragment=5))),
    ],
)
def test_what_may_hold_tcp_in_another_way_is_unknown(link_type: int, data: bytes) -> None:
    assert dissect(record(data, link_type)) is UNKNOWN


def test_bytes_cut_off_by_the_snap_length_are_counted() -> None:
    whole = ethernet(IP4)
    segment = dissect(record(whole[:-3], original=len(whole)))
    assert segment == SEGMENT._replace(payload=b"payl", missing=3)


def test_a_packet_without_total_length_that_was_cut_is_counted_by_its_size_on_the_wire() -> None:
    whole = ethernet(ipv4(tcp(PACKET), CLIENT[0], SERVER[0], total=0))
    segment = dissect(record(whole[:-3], original=len(whole)))
    assert isinstance(segment, Segment)
    assert (segment.payload, segment.missing) == (b"payl", 3)


@given(st.sampled_from(sorted(WRAPPED)), st.integers(0, 200))
def test_a_packet_cut_anywhere_raises_nothing(name: str, length: int) -> None:
    link_type, data, expected = WRAPPED[name]
    found = dissect(record(data[:length], link_type, len(data)))
    if isinstance(found, Segment):
        assert expected.payload.startswith(found.payload)
        assert len(found.payload) + found.missing >= len(expected.payload)


@given(st.sampled_from([0, 1, 12, 101, 108, 113, 228, 229, 276]), st.binary(max_size=120))
def test_any_bytes_raise_nothing(link_type: int, data: bytes) -> None:
    found = dissect(record(data, link_type))
    assert found is None or found is UNKNOWN or isinstance(found, Segment | Problem)

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire.link import CUT_HEADER, ICMP, UNKNOWN_LINK, Datagram, Segment, dissect
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record, read_records
from analyzer.wire.scapy_dissection import Dissection
from tests.wire.packets import CLIENT, SERVER, START, Captured, conversation, ethernet, ip, ipv4, ipv6, pcap, tcp, udp
from tests.wire.reading import read, texts
from tests.wire.test_link import IP4, IP6, PACKET, SEGMENT, SEGMENT6, SIX, WRAPPED, record

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def scapy() -> Dissection:
    return Dissection()


@pytest.mark.parametrize("name", WRAPPED)
def test_both_dissectors_agree_on(name: str, scapy: Dissection) -> None:
    link_type, data, expected = WRAPPED[name]
    assert scapy.dissect(record(data, link_type)) == [expected]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(WRAPPED)), st.integers(1, 60))
def test_both_dissectors_agree_on_cut_packets(name: str, cut: int) -> None:
    link_type, data, _ = WRAPPED[name]
    packet = record(data[:-cut], link_type, len(data))
    fast = dissect(packet)
    if isinstance(fast, Segment | Problem):
        assert Dissection().dissect(packet) == [fast]


@pytest.mark.parametrize("name", ["growatt_1224_truncated.pcap", "evsetool_any.pcapng", "zeek_http_websocket.pcap"])
def test_both_dissectors_agree_on_real_captures(corpus: Path, name: str, scapy: Dissection) -> None:
    with (corpus / "captures" / name).open("rb") as stream:
        records = [each for each in read_records(stream) if isinstance(each, Record)]
    assert records
    for each in records:
        assert scapy.dissect(each) == [dissect(each)]


TUNNELS = {
    "GRE": ethernet(ipv4(b"\0\0\x08\0" + IP4, "1.1.1.1", "2.2.2.2", protocol=47)),
    "IP in IP": ethernet(ipv4(IP4, "1.1.1.1", "2.2.2.2", protocol=4)),
    "VXLAN": ethernet(
        ipv4(struct.pack("!HHHH", 9, 4789, 16 + len(ethernet(IP4)), 0) + b"\x08" + bytes(7) + ethernet(IP4), "1.1.1.1", "2.2.2.2", protocol=17)
    ),
    "GTP-U": ethernet(
        ipv4(struct.pack("!HHHHBBHI", 2152, 2152, 16 + len(IP4), 0, 0x30, 0xFF, len(IP4), 7) + IP4, "1.1.1.1", "2.2.2.2", protocol=17)
    ),
    "PPPoE": ethernet(b"\x11\0\0\1" + struct.pack("!HH", len(IP4) + 2, 0x21) + IP4, 0x8864),
    "MPLS": ethernet(b"\0\x01\x01\x40" + IP4, 0x8847),
}  # fmt: skip


@pytest.mark.parametrize("name", TUNNELS)
def test_a_segment_is_found_in(name: str, scapy: Dissection) -> None:
    assert scapy.dissect(record(TUNNELS[name])) == [SEGMENT]


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("cut", [16, 24])
def test_a_fragmented_ipv4_packet_is_put_together_also_where_the_first_part_holds_the_whole_header(
    first: int, cut: int
) -> None:
    scapy, content = Dissection(), tcp(PACKET)
    parts = [
        ethernet(ipv4(content[:cut], CLIENT[0], SERVER[0], fragment=0x2000)),
        ethernet(ipv4(content[cut:], CLIENT[0], SERVER[0], fragment=cut // 8)),
    ]
    assert scapy.dissect(record(parts[first])) is None
    assert scapy.dissect(record(parts[1 - first])) == [SEGMENT]


@pytest.mark.parametrize("cut", [16, 24])
def test_a_fragmented_ipv6_packet_is_put_together(cut: int) -> None:
    scapy, content = Dissection(), tcp(PACKET)
    first = ipv6(b"\x06\0\0\1\0\0\0\7" + content[:cut], *SIX, following=44)
    second = ipv6(bytes([6, 0, 0, cut]) + b"\0\0\0\7" + content[cut:], *SIX, following=44)
    assert scapy.dissect(record(first, 229)) is None
    assert scapy.dissect(record(second, 229)) == [SEGMENT6]
    assert scapy.dissect(record(IP6, 229)) == [SEGMENT6]


def test_the_packet_quoted_by_an_error_is_no_segment(scapy: Dissection) -> None:
    icmp = b"\x03\x01\0\0\0\0\0\0" + IP4
    found = scapy.dissect(record(ethernet(ipv4(icmp, "1.1.1.1", "2.2.2.2", protocol=1))))
    assert found == [Datagram(1, START, ICMP, "1.1.1.1", "2.2.2.2", icmp)]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([1, 0, 101, 113, 276, 105, 9]), st.binary(max_size=120))
def test_any_bytes_raise_nothing(link_type: int, data: bytes) -> None:
    found = Dissection().dissect(record(data, link_type))
    assert found is None or isinstance(found[0], Segment | Datagram | Problem)


@pytest.mark.parametrize(("link_type", "kinds"), [(147, [UNKNOWN_LINK]), (9_999, [UNKNOWN_LINK]), (189, [])])
def test_a_link_type_that_nobody_knows_is_told_but_not_one_that_carries_no_ip(
    link_type: int, kinds: list[str], scapy: Dissection
) -> None:
    found = scapy.dissect(record(IP4, link_type)) or []
    assert [each.kind for each in found if isinstance(each, Problem) and each.damage] == kinds


@pytest.mark.parametrize(("name", "kept", "kinds"), [("GRE", 70, [CUT_HEADER]), ("IP in IP", 60, [CUT_HEADER])])
def test_a_tunnel_that_is_cut_off_inside_the_headers_within_it_is_told(
    name: str, kept: int, kinds: list[str], scapy: Dissection
) -> None:
    data = TUNNELS[name]
    found = scapy.dissect(record(data[:kept], original=len(data))) or []
    assert [each.kind for each in found if isinstance(each, Problem) and each.damage] == kinds


def test_a_tunnel_of_something_else_that_is_cut_off_is_not_told(scapy: Dissection) -> None:
    inner = ipv4(udp(bytes(400), 7, 7), "10.0.0.7", "10.0.0.1", protocol=17)
    data = ethernet(ipv4(inner, "1.1.1.1", "2.2.2.2", protocol=4))
    assert scapy.dissect(record(data[:60], original=len(data))) is None


def test_messages_in_a_tunnel_are_read_without_being_asked_for() -> None:
    talk = conversation(20)
    packets = [
        Captured(each.ts, ethernet(ipv4(b"\0\0\x08\0" + ip(each), "1.1.1.1", "2.2.2.2", protocol=47)))
        for each in talk.packets
    ]
    assert texts(read(pcap(packets))) == talk.texts

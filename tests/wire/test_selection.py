from __future__ import annotations

import io
import struct

import pytest

from analyzer.kernels.columns import END_OF_TIME, NO_TIME
from analyzer.wire import selection
from analyzer.wire.items import Totals
from analyzer.wire.records import Record
from analyzer.wire.selection import Wanted, select
from tests.wire.packets import (
    CLIENT,
    SERVER,
    START,
    Captured,
    Packet,
    capture,
    conversation,
    ethernet,
    icmp,
    ip,
    ipv4,
    pcap,
)
from tests.wire.test_link import PACKET, WRAPPED
from tests.wire.test_scapy_dissection import TUNNELS

ENDS = (CLIENT, SERVER)
OTHER = ("10.0.0.8", 40_000)


def selected(file: bytes, since: int = NO_TIME, until: int = END_OF_TIME, ends: selection.Ends = ENDS) -> list[int]:
    found = select(io.BytesIO(file), Wanted(ends, since, until))
    return [item.number for item in found if isinstance(item, Record)]


def fragments(packet: Packet, sizes: int = 24) -> list[bytes]:
    whole = ip(packet)[20:]
    parts = range(0, len(whole), sizes)
    return [
        ethernet(
            ipv4(
                whole[at : at + sizes],
                packet.source[0],
                packet.destination[0],
                fragment=at // 8 | (0x2000 if at + sizes < len(whole) else 0),
            )
        )
        for at in parts
    ]


def test_the_packets_of_both_directions_are_picked_and_no_others() -> None:
    mine, others = conversation(6).packets, conversation(6, client=OTHER).packets
    mixed = [packet for pair in zip(mine, others, strict=True) for packet in pair]
    assert selected(capture(mixed)) == list(range(1, 2 * len(mine), 2))
    assert selected(capture(mixed), ends=(SERVER, OTHER)) == list(range(2, 2 * len(mine) + 1, 2))


def test_the_last_thing_told_is_how_much_there_was() -> None:
    packets = conversation(6).packets
    *_, totals = select(io.BytesIO(capture(packets)), Wanted((CLIENT, OTHER), NO_TIME, END_OF_TIME))
    assert isinstance(totals, Totals)
    assert totals.packets == len(packets)
    assert totals.bytes == sum(len(ethernet(ip(packet))) for packet in packets)


def test_ports_that_are_used_again_are_told_apart_by_time() -> None:
    packets = conversation(6).packets
    middle = packets[10].ts
    numbers = range(1, len(packets) + 1)
    assert selected(capture(packets), since=middle) == [*numbers][10:]
    assert selected(capture(packets), until=middle) == [*numbers][:10]


ENDS_OF_PACKET = (PACKET.source, PACKET.destination)


@pytest.mark.parametrize("name", WRAPPED)
def test_a_packet_is_picked_whatever_it_is_wrapped_in(name: str) -> None:
    link_type, data, segment = WRAPPED[name]
    ends = (segment.source, segment.source_port), (segment.destination, segment.destination_port)
    assert selected(pcap([Captured(START, data)], link_type=link_type), ends=ends) == [1]
    assert selected(pcap([Captured(START, data)], link_type=link_type), ends=(OTHER, SERVER)) == []


@pytest.mark.parametrize("name", TUNNELS)
def test_a_packet_in_a_tunnel_is_picked(name: str) -> None:
    assert selected(pcap([Captured(START, TUNNELS[name])]), ends=ENDS_OF_PACKET) == [1]


def test_all_fragments_of_a_packet_are_picked_and_those_of_another_are_not() -> None:
    mine = fragments(Packet(START, CLIENT, SERVER, 1, 1, 0x18, bytes(60)))
    others = fragments(Packet(START, OTHER, SERVER, 1, 1, 0x18, bytes(60)))
    mixed = [Captured(START, data) for pair in zip(mine, others, strict=True) for data in pair]
    assert selected(pcap(mixed)) == [1, 3, 5, 7]


def test_fragments_of_no_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MAX_WAITING", 2)
    first, *rest = fragments(Packet(START, CLIENT, SERVER, 1, 1, 0x18, bytes(60)))
    strays = [ethernet(ipv4(bytes(24), "1.1.1.1", "2.2.2.2", fragment=0x2000, identity=number)) for number in range(9)]
    assert selected(pcap([Captured(START, data) for data in [first, *strays, *rest]])) == [11, 12, 13]
    monkeypatch.setattr(selection, "MAX_WAITING", 20)
    assert selected(pcap([Captured(START, data) for data in [first, *strays, *rest]])) == [1, 11, 12, 13]


def test_of_one_packet_no_more_fragments_are_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MAX_FRAGMENTS", 2)
    parts = fragments(Packet(START, CLIENT, SERVER, 1, 1, 0x18, bytes(60)))
    assert selected(pcap([Captured(START, data) for data in parts])) == [1, 2, 4]


def test_an_error_about_the_connection_is_picked() -> None:
    about = Packet(START, CLIENT, SERVER, 1, 1, 0x18)
    error = ethernet(ipv4(icmp(3, 1, about), "10.0.0.254", CLIENT[0], protocol=1))
    assert selected(pcap([Captured(START, error)])) == [1]
    assert selected(pcap([Captured(START, error)]), ends=(OTHER, SERVER)) == []


def test_a_packet_is_given_as_it_was_captured() -> None:
    data = ethernet(ip(conversation(2).packets[0]))
    file = pcap([Captured(START + 7, data[:60], len(data))])
    record, _ = select(io.BytesIO(file), Wanted(ENDS, NO_TIME, END_OF_TIME))
    assert record == Record(1, START + 7, 1, data[:60], len(data), 0)


def test_what_is_no_packet_is_passed_over() -> None:
    junk = [Captured(START, data) for data in (b"", b"\0" * 14, ethernet(b"\x45"), struct.pack("!14xH", 0x8864))]
    assert selected(pcap(junk)) == []

from __future__ import annotations

import io

from analyzer.sources import packets
from analyzer.sources.opener import Opened
from tests.wire.packets import (
    RST,
    START,
    SYN,
    Captured,
    Packet,
    Talk,
    answer,
    conversation,
    ethernet,
    icmp,
    ip,
    ipv4,
    pcap,
    question,
    udp,
)

RESOLVER = "10.0.0.53"


def read(captured: list[Captured], table: str, *, dissector: str = "fast") -> list[dict[str, object]]:
    data = pcap(sorted(captured))
    made = packets.read(
        Opened(data[:1000], io.BufferedReader(io.BytesIO(data)), []), "test.pcap", "1", dissector=dissector
    )
    rows: list[dict[str, object]] = made[table].to_pylist()
    return rows


def seen(talk: list[Packet]) -> list[Captured]:
    return [Captured(packet.ts, ethernet(ip(packet))) for packet in talk]


def lookup(name: str, *addresses: str, client: str = "10.0.0.7", at: int = 0, status: int | None = 0) -> list[Captured]:
    asked = ethernet(ipv4(udp(question(name), 5000, 53), client, RESOLVER, protocol=17))
    told = ethernet(ipv4(udp(answer(name, *addresses, status=status or 0), 53, 5000), RESOLVER, client, protocol=17))
    return [Captured(START + at, asked), Captured(START + at + 9_000, told)][: 1 if status is None else 2]


def names(captured: list[Captured]) -> list[tuple[object, object]]:
    return [(row["name"], row["station"]) for row in read(captured, "lookups")]


def test_a_chargers_lookup_is_a_row_with_its_station_on_both_paths() -> None:
    captured = [*lookup("csms.example", "10.0.0.1"), *seen(conversation(6).packets)]
    (row,) = read(captured, "lookups")
    assert (row["station"], row["name"], row["kind"], row["tries"]) == ("CP1", "csms.example", "A", 1)
    assert (row["status"], row["addresses"], row["lifetime"], row["origin"]) == ("NOERROR", "10.0.0.1", 300.0, 1)
    assert (row["client"], row["server"]) == ("10.0.0.7", RESOLVER)
    assert read(captured, "lookups", dissector="scapy") == [row]


def test_a_lookup_that_failed_has_its_status_or_none() -> None:
    captured = [
        *lookup("csms.example", status=3),
        *lookup("csms.example", at=50_000, status=None),
        *lookup("csms.example", at=5_000_000, status=None),
        *seen(conversation(6).packets),
    ]
    assert [(row["tries"], row["status"], row["addresses"]) for row in read(captured, "lookups")] == [
        (1, "NXDOMAIN", ""),
        (2, None, None),
    ]


def test_of_others_only_lookups_for_what_chargers_connect_to_are_kept() -> None:
    talk = seen(conversation(6).packets)
    assert names([*talk, *lookup("news.example", "10.9.9.9", client="10.0.0.99")]) == []
    assert names([*talk, *lookup("csms", "10.9.9.9", client="10.0.0.99")]) == [("csms", None)]
    assert names([*talk, *lookup("other.example", "10.0.0.1", client="10.0.0.99")]) == [("other.example", None)]
    assert names([*talk, *lookup("ntp.example", "10.9.9.9")]) == [("ntp.example", "CP1")]


def test_a_name_that_tells_of_ocpp_is_kept_though_nothing_ever_connects() -> None:
    assert names(lookup("ocpp.operator.example", status=3)) == [("ocpp.operator.example", "10.0.0.7")]
    assert names(lookup("www.operator.example", status=3)) == []


def test_an_address_of_several_stations_gives_its_lookups_to_none() -> None:
    second = Talk(client=("10.0.0.7", 41_000))
    second.handshake()
    second.upgrade("/ocpp/CP2")
    captured = [*lookup("csms.example", "10.0.0.1"), *seen(conversation(6).packets), *seen(second.packets)]
    assert names(captured) == [("csms.example", None)]


def test_the_whole_ladder_of_a_charger_stands_in_the_tables() -> None:
    talk = conversation(6)
    blocked = [
        Packet(START + 1_000 + second * 1_000_000, ("10.0.0.7", 39_999), talk.server, 5, 0, SYN) for second in (0, 1, 3)
    ]
    refused = Talk(client=("10.0.0.7", 39_998), ts=START + 30_000_000)
    refused.send(True, flags=SYN)
    refused.send(False, flags=RST)
    later = [packet._replace(ts=packet.ts + 60_000_000) for packet in talk.packets]
    reset = Packet(later[-1].ts + 9, talk.server, talk.client, talk.next[False], 0, RST, ttl=50)
    captured = [*lookup("csms.example", "10.0.0.1"), *seen([*blocked, *refused.packets, *later, reset])]
    told = [(row["end_kind"], row["end_side"], row["station"]) for row in read(captured, "connections")]
    assert told == [("unreachable", None, "CP1"), ("port_closed", "csms", "CP1"), ("rst", "middle", "CP1")]
    transport = [row["kind"] for row in read(captured, "transport")]
    assert transport == ["syn", "syn", "syn", "syn", "rst", "syn", "syn_ack", "rst"]
    (connection,) = [row for row in read(captured, "connections") if row["upgraded"]]
    assert (connection["round_trip"], connection["retransmissions"]) == (0.02, 0)
    assert connection["segments"] == sum(bool(packet.payload) for packet in later)


def test_an_icmp_error_is_a_row_of_its_connection_on_both_paths() -> None:
    talk = conversation(6)
    big = next(packet for packet in talk.packets if len(packet.payload) > 100)
    error = ethernet(ipv4(icmp(3, 4, big, mtu=1400), "10.0.0.254", "10.0.0.7", protocol=1))
    stranger = ethernet(ipv4(icmp(3, 4, big._replace(source=("10.0.0.8", 1))), "10.0.0.254", "10.0.0.8", protocol=1))
    captured = [*seen(talk.packets), Captured(talk.ts + 5, error), Captured(talk.ts + 6, stranger)]
    for dissector in ("fast", "scapy"):
        (row,) = [row for row in read(captured, "transport", dissector=dissector) if row["kind"] == "icmp"]
        assert (row["station"], row["direction"], row["connection"]) == ("CP1", "up", "1.1")
        assert row["detail"] == "fragmentation needed (type 3, code 4) from 10.0.0.254, next-hop MTU 1400"


def test_packets_captured_twice_are_told_once_with_their_count() -> None:
    talks = [conversation(6), conversation(6, client=("10.0.0.8", 40_000))]
    talks[1].packets = [packet._replace(ts=packet.ts + 60_000_000) for packet in talks[1].packets]
    captured = [
        Captured(packet.ts + copy * 40, ethernet(ip(packet)))
        for talk in talks
        for packet in talk.packets
        for copy in (0, 1)
    ]
    (issue,) = [row for row in read(captured, "issues") if row["kind"] == "duplicate_capture"]
    count = sum(bool(packet.payload or packet.flags & SYN) for talk in talks for packet in talk.packets)
    assert (issue["count"], issue["damage"]) == (count, False)
    assert [row["retransmissions"] for row in read(captured, "connections")] == [0, 0]


def test_a_capture_of_one_side_says_so_and_is_damaged() -> None:
    talk = conversation(60)
    captured = seen([packet for packet in talk.packets if packet.source == talk.client])
    issues = [row for row in read(captured, "issues") if row["kind"] == "one_sided"]
    assert [(row["station"], row["damage"], row["count"]) for row in issues] == [("CP1", True, 1)]
    assert read(captured, "sources")[0]["damaged"] is True


def test_a_client_that_comes_no_farther_than_looking_up_a_csms_goes_by_its_address() -> None:
    failed = lookup("ocpp.example.com", client="10.0.0.9", status=3)
    assert names(failed) == [("ocpp.example.com", "10.0.0.9")]
    assert names([*failed, *seen(conversation(6, client=("10.0.0.9", 40_000)).packets)]) == [
        ("ocpp.example.com", "CP1")
    ]
    assert names(lookup("www.example.com", client="10.0.0.9", status=3)) == []

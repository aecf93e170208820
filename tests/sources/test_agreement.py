"""The reading of whole batches agrees with the reading of packet by packet, and with Scapy's dissection, on everything."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.sources import packets
from analyzer.sources.opener import Opened
from analyzer.wire import batches
from tests.wire.packets import (
    ACK,
    RST,
    Captured,
    Deflater,
    Packet,
    Talk,
    answer,
    capture,
    conversation,
    dialogue,
    ethernet,
    icmp,
    ip,
    ipv4,
    pcap,
    question,
    udp,
)
from tests.wire.plain import read_plainly

SAMPLES = sorted(path for path in (Path(__file__).parents[2] / "sample_data").iterdir() if ".pcap" in path.name)
CHUNKS = (100, 3000, 16 << 20)


def tables(data: bytes, *, dissector: str = "fast") -> dict[str, list[dict[str, Any]]]:
    """The rows of a capture's base tables."""
    made = packets.read(Opened(data[:64], io.BytesIO(data), []), "a.pcap", "1", dissector=dissector)
    return {name: table.to_pylist() for name, table in made.items()}


def assert_agreement(data: bytes, *others: str) -> None:
    """Assert that a capture gives the same tables however it is read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packets, "read_capture", read_plainly)
        expected = tables(data)
    for chunk in CHUNKS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(batches, "CHUNK", chunk)
            assert tables(data) == expected
    for dissector in others:
        assert tables(data, dissector=dissector) == expected


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_sample_gives_the_same_tables_however_it_is_read(path: Path) -> None:
    data = path.read_bytes()
    assert_agreement(gzip.decompress(data) if path.suffix == ".gz" else data, "scapy")


Damage = tuple[str, int]
DAMAGES = [
    "lose", "swap", "repeat", "repeat later", "flip", "join", "shut", "ttl", "reset", "probe", "silence", "one side",
]  # fmt: skip
SHAPES: list[dict[str, Any]] = [
    {"count": 30}, {"count": 30, "join": 3}, {"count": 12, "fragmented": True}, {"count": 12, "size": 50},
    {"count": 6, "size": 7}, {"count": 20, "deflater": Deflater},
]  # fmt: skip


def damaged(sent: list[Packet], damage: list[Damage]) -> list[Packet]:
    """Packets as a bad network or a bad capture leaves them."""
    left = list(sent)
    for kind, place in damage:
        at = place % max(len(left) - 1, 1)
        if kind == "lose" and len(left) > 1:
            del left[at]
        elif kind == "swap" and len(left) > 1:
            left[at : at + 2] = [left[at + 1]._replace(ts=left[at].ts), left[at]._replace(ts=left[at + 1].ts)]
        elif kind == "repeat":
            left.insert(at, left[at])
        elif kind == "repeat later":
            left.append(left[at]._replace(ts=left[-1].ts + 300_000))
        elif kind == "flip" and left[at].payload:
            payload = bytearray(left[at].payload)
            payload[place % len(payload)] ^= 1 << place % 8
            left[at] = left[at]._replace(payload=bytes(payload))
        elif kind == "join":
            left = left[min(place % 12, len(left) - 1) :]
        else:
            left[at : at + 1] = strange(kind, left[at])
        if kind == "one side":
            left = [packet for packet in left if packet.source == left[at].source]
    return left


def strange(kind: str, packet: Packet) -> list[Packet]:
    """A packet, or more in its place, that tells more of the transport than that bytes came."""
    probe = packet._replace(sequence=packet.sequence - 1, payload=b"", flags=ACK)
    return {
        "shut": [packet._replace(window=0)],
        "ttl": [packet._replace(ttl=50)],
        "reset": [packet, packet._replace(flags=RST, payload=b"", ttl=61)],
        "probe": [packet, probe],
        "silence": [packet, *(packet._replace(ts=packet.ts + again * 7_000_000) for again in range(1, 7))],
    }.get(kind, [packet])


@settings(max_examples=80, deadline=None)
@given(
    shapes=st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3),
    damage=st.lists(
        st.tuples(st.sampled_from(DAMAGES), st.integers(0, 999)),
        max_size=8,
    ),
    cut=st.integers(0, 400),
)
def test_damaged_captures_give_the_same_tables_however_they_are_read(
    shapes: list[dict[str, Any]], damage: list[Damage], cut: int
) -> None:
    talks = [
        conversation(**shape, client=(f"10.0.0.{number}", 40_000 + number)).packets
        for number, shape in enumerate(shapes)
    ]
    together = damaged(sorted(packet for talk in talks for packet in talk), damage)
    data = capture(together)
    assert_agreement(data[: len(data) - cut if cut < 200 else len(data)])


@pytest.mark.parametrize("place", range(0, 20, 3))
def test_what_others_tell_of_a_connection_stands_in_its_place_however_it_is_read(place: int) -> None:
    talks = [conversation(6, client=(f"10.0.0.{number}", 40_000)).packets for number in (7, 8)]
    packets_ = sorted(packet for talk in talks for packet in talk)
    captured = [Captured(packet.ts, ethernet(ip(packet))) for packet in packets_]
    about = talks[0][place]
    told = [
        ipv4(udp(question("csms.example"), 5000, 53), "10.0.0.7", "10.0.0.53", protocol=17),
        ipv4(udp(answer("csms.example", "10.0.0.1"), 53, 5000), "10.0.0.53", "10.0.0.7", protocol=17),
        ipv4(icmp(3, 4, about, mtu=1400), "10.0.0.254", about.source[0], protocol=1),
    ]
    behind = packets_.index(about) + 1
    captured[behind:behind] = [Captured(about.ts, ethernet(each)) for each in told]
    data = pcap(captured)
    assert_agreement(data, "scapy")
    found = tables(data)
    assert [row["status"] for row in found["lookups"]] == ["NOERROR"]
    assert [row["kind"] for row in found["transport"]].count("icmp") == 1


@pytest.mark.parametrize("change", [-10, -3])
def test_a_wrong_length_behind_frames_that_were_read_at_once_is_noticed_however_it_is_read(change: int) -> None:
    talk = conversation(24, join=2)
    # Some messages on, a segment with two frames, of which the first tells a wrong length.
    at = 15
    payload = bytearray(talk.packets[at].payload)
    payload[1] += change
    talk.packets[at] = talk.packets[at]._replace(payload=bytes(payload))
    assert_agreement(capture(talk.packets))
    assert len(tables(capture(talk.packets))["messages"]) >= len(talk.texts) - 2


@pytest.mark.parametrize(("closed", "joined"), [(True, True), (True, False), (False, False)])
def test_ports_of_another_protocol_that_are_used_again_for_ocpp_are_followed(*, closed: bool, joined: bool) -> None:
    other = Talk()
    other.handshake()
    for _ in range(3):
        other.say(True, b"GET /firmware HTTP/1.1\r\nHost: csms\r\n\r\n")
        other.say(False, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    if closed:
        other.close()
    talk = Talk(ts=other.ts + 1_000_000, next={True: 90_000_000, False: 95_000_000})
    talk.handshake()
    talk.upgrade()
    for side, text in dialogue(10):
        talk.text(side, text)
    data = capture(other.packets + talk.packets[3 if joined else 0 :])
    assert_agreement(data, "scapy")
    found = tables(data)
    assert [row["start_observed"] for row in found["connections"]] == [True]
    assert len(found["messages"]) == len(talk.texts)


@pytest.mark.parametrize("joined", [0, 3])
@pytest.mark.parametrize("length", [20, 40, 50, 54, 60, 80, 140])
def test_what_the_snap_length_cuts_off_is_damage_however_it_is_read(joined: int, length: int) -> None:
    data = [ethernet(ip(packet)) for packet in conversation(10).packets[joined:]]
    captured = [Captured(number, each[:length], len(each)) for number, each in enumerate(data)]
    assert_agreement(pcap(captured), "scapy")
    assert [row["damaged"] for row in tables(pcap(captured))["sources"]] == [True]


def test_a_link_type_that_nobody_knows_is_told_once_and_counted() -> None:
    captured = [Captured(packet.ts, ethernet(ip(packet))) for packet in conversation(10).packets]
    data = pcap(captured, link_type=147)
    assert_agreement(data, "scapy")
    issues = tables(data)["issues"]
    assert [(row["kind"], row["damage"], row["count"]) for row in issues] == [
        ("unknown_link_type", True, 1),
        ("unknown_link_type", True, len(captured) - 1),
    ]


def test_what_follows_texts_of_ocpp_is_judged_the_same_whoever_read_them() -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade()
    talk.text(True, '[2,"1","Heartbeat",{}]')
    # An empty frame, and then one that cannot follow it.
    talk.say(True, b"\xfe\0\x03\x04abcd\x05\x7dab")
    data = capture(talk.packets)
    assert_agreement(data)
    assert "lost_frames" in {row["kind"] for row in tables(data)["issues"]}

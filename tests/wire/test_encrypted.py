"""Captures of encrypted connections, read with the secrets of a key log or their own."""

from __future__ import annotations

import functools
import io
import random
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire import aside, conversations
from analyzer.wire.conversations import (
    Connection,
    Item,
    Problem,
    WireCertificate,
    WireControl,
    WireMessage,
    WireRecords,
    WireTransport,
    read_capture,
)
from analyzer.wire.sequence import Sequence
from analyzer.wire.tls import shelf
from analyzer.wire.tls.keylog import KeyLog
from tests.wire.packets import (
    ACK,
    FIN,
    Captured,
    Talk,
    block,
    capture,
    conversation,
    enhanced,
    ethernet,
    interface,
    ip,
    section,
)
from tests.wire.reading import connections, problems, texts
from tests.wire.tls.peers import Peers, contexts, talked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLES = [
    ("tls12.pcap", "tls12.keys", "1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "CP-8"),
    ("tls13.pcapng", "tls13.keys", "1.3", "TLS_AES_256_GCM_SHA384", "CP-6"),
    ("tls13_secrets.pcapng", None, "1.3", "TLS_AES_256_GCM_SHA384", "CP-6"),
]
HELLOS = {"tls12.pcap": {4, 6}}
"""Packets without which no secret helps: TLS 1.2 derives its keys from both randoms."""


def read(data: bytes, keylog: KeyLog | None = None) -> list[Item]:
    return list(read_capture(io.BytesIO(data), keylog=keylog))


def keylog(samples: Path, name: str | None) -> KeyLog | None:
    return KeyLog((samples / name).read_bytes()) if name else None


def split(contents: bytes) -> Iterator[tuple[bool, bytes]]:
    """The parts of a capture file in the byte order of this machine, and which are packets."""
    is_pcapng, at = contents[:4] == b"\x0a\x0d\x0d\x0a", 0
    while at < len(contents):
        if is_pcapng:
            kind, length = struct.unpack_from("=II", contents, at)
        else:
            kind, length = (6, 16 + struct.unpack_from("=IIII", contents, at)[2]) if at else (0, 24)
        yield kind == 6, contents[at : at + length]
        at += length


def without(contents: bytes, lost: set[int]) -> tuple[bytes, list[int]]:
    """A capture without these packets, and the former numbers of the others."""
    parts, numbers, number = [], [0], 0
    for is_packet, part in split(contents):
        number += is_packet
        if not (is_packet and number in lost):
            parts.append(part)
            numbers += [number] * is_packet
    return b"".join(parts), numbers


@pytest.mark.parametrize(("name", "keys", "version", "cipher", "station"), SAMPLES)
def test_the_sample_captures_decrypt_fully(
    samples: Path, name: str, keys: str | None, version: str, cipher: str, station: str
) -> None:
    items = read((samples / name).read_bytes(), keylog(samples, keys))
    (connection,) = connections(items)
    assert (connection.tls, connection.decrypted) == (True, True)
    assert (connection.tls_version, connection.cipher, connection.server_name) == (version, cipher, "localhost")
    assert (connection.path, connection.end_kind, connection.close_code) == (f"/ocpp/{station}", "close", 1000)
    assert len(texts(items)) == 28
    assert [item.kind for item in items if isinstance(item, WireControl)] == ["close", "close"]
    assert [item.certificate.subject for item in items if isinstance(item, WireCertificate)] == ["CN=localhost"]
    assert not problems(items)
    assert not any(isinstance(item, WireRecords) for item in items)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("name", "keys"), [sample[:2] for sample in SAMPLES])
def test_three_lost_packets_of_a_sample_lose_the_messages_in_them_alone(
    samples: Path, name: str, keys: str | None, seed: int
) -> None:
    contents, known = (samples / name).read_bytes(), keylog(samples, keys)
    whole = [item for item in read(contents, known) if isinstance(item, WireMessage)]
    count = sum(is_packet for is_packet, _ in split(contents))
    lost = set(random.Random(seed).sample(sorted(set(range(1, count + 1)) - HELLOS.get(name, set())), 3))
    damaged, numbers = without(contents, lost)
    found = [(numbers[item.packet], item.text) for item in read(damaged, known) if isinstance(item, WireMessage)]
    assert sorted(found) == [(item.packet, item.text) for item in whole if item.packet not in lost]


@pytest.mark.parametrize(("name", "keys"), [sample[:2] for sample in SAMPLES[:2]])
def test_a_sample_without_its_keys_gives_its_handshake_certificate_sizes_and_alerts(
    samples: Path, name: str, keys: str | None
) -> None:
    items = read((samples / name).read_bytes())
    assert keys is not None
    (connection,) = connections(items)
    assert (connection.tls, connection.decrypted, connection.messages) == (True, False, 0)
    assert connection.tls_version == ("1.2" if "12" in name else "1.3")
    (records,) = [item for item in items if isinstance(item, WireRecords)]
    decrypted = [
        item for item in read((samples / name).read_bytes(), keylog(samples, keys)) if isinstance(item, WireMessage)
    ]
    sizes = {(row.packet, row.from_station) for row in records}
    assert {(item.packet, item.from_station) for item in decrypted} <= sizes
    # The upgrade, its answer and the close frames are data too; the two tickets of TLS 1.3 cannot be told from it.
    assert len(records) - len(decrypted) in {4, 6}
    certificates = [item for item in items if isinstance(item, WireCertificate)]
    assert len(certificates) == (connection.tls_version == "1.2")
    assert not problems(items)


def encrypted(version: str = "1.3", *, count: int = 40, size: int = 1400) -> tuple[Talk, bytes]:
    """An OCPP connection within TLS, and its secrets; `texts` are what was said."""
    plain, peers = conversation(count, size=100_000), Peers(*contexts(version=version))
    for packet in plain.packets:
        if packet.payload:
            peers.say(packet.source == plain.client, packet.payload)
    talk = Talk(size=size, texts=plain.texts)
    talk.handshake()
    for side, data in peers.chunks:
        talk.say(side, data)
    return talk, peers.secrets


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("size", [7, 100, 1400])
def test_messages_come_out_as_in_clear(version: str, size: int) -> None:
    talk, secrets = encrypted(version, size=size)
    items = read(capture(talk.packets), KeyLog(secrets))
    assert texts(items) == talk.texts
    clear = [item for item in read(capture(conversation(40, size=size).packets)) if isinstance(item, Connection)][-1]
    (connection,) = connections(items)
    for name in ("path", "host", "subprotocol", "offered_subprotocols", "messages", "http_status"):
        assert getattr(connection, name) == getattr(clear, name)
    assert not problems(items)


@functools.cache
def segmented(version: str, size: int) -> tuple[Talk, bytes, list[range]]:
    """An OCPP connection within TLS, its secrets, and the packets that each message takes."""
    peers, plain = Peers(*contexts(version=version)), conversation(30, size=100_000)
    first = len(peers.chunks) + 2
    for packet in plain.packets:
        if packet.payload:
            peers.say(packet.source == plain.client, packet.payload)
    talk, taken = Talk(size=size, texts=plain.texts), list[range]()
    talk.handshake()
    for side, data in peers.chunks:
        start = len(talk.packets)
        talk.say(side, data)
        taken.append(range(start, len(talk.packets)))
    return talk, peers.secrets, taken[first:]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_three_lost_packets_lose_the_messages_that_they_touch_at_most(version: str, data: st.DataObject) -> None:
    talk, secrets, taken = segmented(version, data.draw(st.sampled_from([30, 100, 1400])))
    begin = taken[0].start - 1 if version == "1.2" else 0
    lost = data.draw(st.sets(st.integers(begin, len(talk.packets) - 1), min_size=3, max_size=3))
    packets = [packet for number, packet in enumerate(talk.packets) if number not in lost]
    found = texts(read(capture(packets), KeyLog(secrets)))
    untouched = [text for text, at in zip(talk.texts, taken, strict=True) if not lost & set(at)]
    assert not set(untouched) - set(found)
    assert not set(found) - set(talk.texts)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("at", ["before", "middle", "end"])
def test_secrets_are_taken_from_a_pcapng_wherever_they_stand(version: str, at: str) -> None:
    talk, secrets = encrypted(version)
    packets = [enhanced(Captured(packet.ts, ethernet(ip(packet)))) for packet in talk.packets]
    place = {"before": 0, "middle": 30, "end": len(packets)}[at]
    own = block(10, struct.pack("<II", 0x544C534B, len(secrets)) + secrets)
    contents = b"".join([section(), interface(), *packets[:place], own, *packets[place:]])
    assert texts(read(contents)) == talk.texts


def test_secrets_that_come_after_the_end_of_their_connection_are_damage() -> None:
    talk, secrets = encrypted()
    talk.close()
    packets = [enhanced(Captured(packet.ts, ethernet(ip(packet)))) for packet in talk.packets]
    own = block(10, struct.pack("<II", 0x544C534B, len(secrets)) + secrets)
    items = read(b"".join([section(), interface(), *packets, own]))
    assert [(item.kind, item.damage) for item in items if isinstance(item, Problem)] == [("late_secrets", True)]
    assert texts(read(capture(talk.packets), KeyLog(secrets))) == talk.texts


def test_a_key_log_without_the_secrets_of_a_connection_is_told_and_no_damage() -> None:
    talk, _ = encrypted()
    items = read(capture(talk.packets), KeyLog(talked("1.3").secrets))
    assert texts(items) == []
    told = [(item.kind, item.detail, item.damage) for item in items if isinstance(item, Problem)]
    assert told == [("tls_not_decrypted", "the key log holds no secrets of it", False)]


def test_lines_that_are_no_secrets_are_counted() -> None:
    talk, secrets = encrypted()
    body = b"nonsense\nCLIENT_RANDOM 00 11\n" + secrets
    own = block(10, struct.pack("<II", 0x544C534B, len(body)) + body)
    packets = [enhanced(Captured(packet.ts, ethernet(ip(packet)))) for packet in talk.packets]
    items = read(b"".join([section(), own, interface(), *packets]))
    assert texts(items) == talk.texts
    assert [(item.kind, item.count) for item in items if isinstance(item, Problem)] == [("bad_key_lines", 2)]


def test_an_attempt_whose_handshake_fails_ends_by_tls_and_by_whom_the_alert_came_from() -> None:
    for version in ("1.2", "1.3"):
        peers = Peers(*contexts(version=version, trusted=False))
        talk = Talk()
        talk.handshake()
        for side, data in peers.chunks:
            talk.say(side, data)
        talk.send(False, flags=FIN | ACK)
        talk.send(True, flags=FIN | ACK)
        talk.send(False)
        (connection,) = connections(read(capture(talk.packets), KeyLog(peers.secrets)))
        assert (connection.end_kind, connection.end_side) == ("tls", "station")
        items = read(capture(talk.packets))
        (connection,) = connections(items)
        assert connection.end_kind == "tls"
        if version == "1.2":
            alerts = [item.detail for item in items if isinstance(item, WireTransport) and item.kind == "tls"]
            assert alerts == ["fatal alert 48 unknown_ca"]


def test_a_handshake_of_which_a_part_is_missing_did_not_fail_for_all_that_is_known() -> None:
    talk, _ = encrypted()
    packets = [packet for packet in talk.packets[:12] if packet is not talk.packets[6]]
    end = Talk(packets=packets, ts=talk.ts, next=talk.next)
    end.close()
    (connection,) = connections(read(capture(end.packets)))
    assert connection.end_kind == "fin"


def test_what_is_decrypted_and_no_websocket_is_of_no_interest() -> None:
    peers, talk = Peers(*contexts()), Talk()
    peers.say(True, b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n")
    peers.say(False, b"HTTP/1.1 200 OK\r\n\r\nhello")
    talk.handshake()
    for side, data in peers.chunks:
        talk.say(side, data)
    assert len(connections(read(capture(talk.packets)))) == 1
    assert connections(read(capture(talk.packets), KeyLog(peers.secrets))) == []


@pytest.mark.parametrize(("protocol", "count"), [("h2", 0), ("http/1.1", 1)])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_what_agrees_on_http_2_is_of_no_interest(version: str, protocol: str, count: int) -> None:
    made, talk = contexts(version=version), Talk()
    for context in made:
        context.set_alpn_protocols([protocol])
    peers = Peers(*made)
    peers.talk(2)
    talk.handshake()
    for side, data in peers.chunks:
        talk.say(side, data)
    # TLS 1.3 hides what was agreed on.
    secrets = KeyLog(peers.secrets if version == "1.3" else b"")
    assert len(connections(read(capture(talk.packets), secrets))) == count


@pytest.mark.parametrize("lost", [range(4), range(1, 4), range(8), range(14)])
def test_a_connection_whose_first_bytes_are_the_middle_of_a_record_is_known_by_the_next(lost: range) -> None:
    talk, secrets, _ = segmented("1.3", 100)
    packets = [packet for number, packet in enumerate(talk.packets) if number not in lost]
    assert set(talk.texts[4:]) <= set(texts(read(capture(packets), KeyLog(secrets))))


def test_one_side_of_a_capture_is_decrypted_by_itself() -> None:
    talk, secrets = encrypted("1.3")
    for side, source in ((True, talk.client), (False, talk.server)):
        packets = [packet for packet in talk.packets if packet.source == source]
        assert texts(read(capture(packets), KeyLog(secrets))) == [text for text in talk.texts if text[0] == side]


def test_encrypted_records_of_all_connections_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MAX_ALL", 20)
    talk, _ = encrypted()
    items = read(capture(talk.packets))
    (records,) = [item for item in items if isinstance(item, WireRecords)]
    assert len(records) == 0
    assert records.left_out >= 42


def test_nothing_is_kept_of_connections_that_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "MAX_ASIDE", 1)
    reading = conversations._Reading(frozenset(), "fast", None)
    one, two = encrypted()[0], encrypted()[0]
    two.packets = [
        packet._replace(
            source=("10.0.0.9", 999) if packet.source == two.client else packet.source,
            destination=("10.0.0.9", 999) if packet.destination == two.client else packet.destination,
        )
        for packet in two.packets
    ]
    items = list(reading.read(Sequence(io.BytesIO(capture(one.packets + two.packets))), None))
    assert len([item for item in items if isinstance(item, WireRecords)]) == 1
    assert len(reading._shelf._kept) == 1


def test_a_stream_that_cannot_be_looked_into_may_bring_secrets(samples: Path) -> None:
    with (samples / "tls13.pcapng").open("rb") as stream:
        assert Sequence(stream).may_bring_secrets
    with (samples / "tls12.pcap").open("rb") as stream:
        assert not Sequence(stream).may_bring_secrets
    assert Sequence(io.BytesIO(b"")).may_bring_secrets

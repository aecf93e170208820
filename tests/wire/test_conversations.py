from __future__ import annotations

import io
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire import batches, ocppj
from analyzer.wire.conversations import Connection, Item, Problem, WireControl, WireMessage, WireTransport, read_capture
from tests.wire.packets import (
    ACK,
    CLIENT,
    FIN,
    RST,
    SYN,
    Captured,
    Talk,
    capture,
    conversation,
    frame,
    pcap,
)
from tests.wire.reading import connections, problems, read, read_packets, texts, totals

if TYPE_CHECKING:
    from pathlib import Path

SMALL = conversation(12, size=60)
BYTES = capture(SMALL.packets)
HEARTBEAT = '[2,"1","Heartbeat",{}]'


def opened(**upgrade: str) -> Talk:
    talk = Talk()
    talk.handshake()
    talk.upgrade(**upgrade)
    return talk


def read_file(path: Path, dissector: str = "fast") -> list[Item]:
    with path.open("rb") as stream:
        return list(read_capture(stream, dissector=dissector))


def actions(items: list[Item]) -> Counter[str | None]:
    counted: Counter[str | None] = Counter()
    for _, text in texts(items):
        envelope = ocppj.parse(text)
        assert isinstance(envelope, ocppj.Envelope)
        counted[envelope.action] += 1
    return counted


@pytest.mark.parametrize("dissector", ["fast", "scapy"])
def test_all_messages_of_a_real_charger_are_read_once(corpus: Path, dissector: str) -> None:
    items = read_file(corpus / "captures" / "growatt_1218.pcap", dissector)
    messages = [item for item in items if isinstance(item, WireMessage)]
    assert len(messages) == len({(item.connection, item.from_station, item.text) for item in messages}) == 2628
    counted = actions(items)
    assert {
        "Heartbeat": 998,
        "MeterValues": 245,
        "BootNotification": 5,
        "StartTransaction": 3,
        "StopTransaction": 3,
        "StatusNotification": 17,
    }.items() <= counted.items()
    pings = Counter(item.kind for item in items if isinstance(item, WireControl))
    assert pings == {"ping": 496, "pong": 496}
    assert len([each for each in connections(items) if each.messages]) == 4
    assert problems(items) == set()


def test_a_truncated_capture_gives_what_it_has_and_says_so(corpus: Path) -> None:
    items = read_file(corpus / "captures" / "growatt_1224_truncated.pcap")
    assert len(texts(items)) == 94
    (problem,) = [item for item in items if isinstance(item, Problem)]
    assert (problem.kind, problem.damage, problem.packet) == ("truncated", True, 214)


def test_a_capture_of_all_interfaces_counts_its_duplicates(corpus: Path) -> None:
    items = read_file(corpus / "captures" / "evsetool_any.pcapng")
    assert len(set(texts(items))) == 8
    assert [each.messages for each in connections(items)] == [8] * len(connections(items))
    assert sum(each.duplicates for each in connections(items)) > 0


@pytest.mark.parametrize("pattern", ["zeek_*", "suricata_*"])
def test_a_websocket_without_ocpp_gives_no_message(corpus: Path, pattern: str) -> None:
    for path in sorted((corpus / "captures").glob(pattern)):
        items = read_file(path)
        assert texts(items) == []
        assert len(connections(items)) == 1


def test_a_connection_is_given_before_its_messages_and_again_at_its_end() -> None:
    talk = opened()
    talk.text(True, HEARTBEAT)
    talk.close()
    items = read_packets(talk.packets)
    kinds = [type(item) for item in items]
    assert kinds[0] is Connection
    assert kinds[-2] is Connection
    first, last = (item for item in items if isinstance(item, Connection))
    assert first.end_kind is None
    assert (last.end_kind, last.end_side, last.end_observed) == ("fin", "station", True)
    assert (last.path, last.subprotocol, last.http_status, last.messages) == ("/ocpp/CP1", "ocpp1.6", 101, 1)


@pytest.mark.parametrize(("flags", "kind"), [(FIN | ACK, "fin"), (RST | ACK, "rst")])
def test_who_ends_a_connection_is_told(flags: int, kind: str) -> None:
    talk = opened()
    talk.text(True, HEARTBEAT)
    talk.send(False, flags=flags)
    (connection,) = connections(read_packets(talk.packets))
    assert (connection.end_kind, connection.end_side, connection.end_ts) == (kind, "csms", talk.ts)


def test_a_close_frame_ends_a_connection_before_tcp_does() -> None:
    talk = opened()
    talk.say(False, frame(b"\x03\xe9going away", opcode=8))
    closed = talk.packets[-2].ts
    talk.send(True, flags=RST)
    (connection,) = connections(read_packets(talk.packets))
    assert (connection.end_kind, connection.close_code, connection.close_reason) == ("close", 1001, "going away")
    assert (connection.end_side, connection.end_ts) == ("csms", closed)


def test_a_close_frame_that_answers_a_fin_did_not_end_the_connection() -> None:
    talk = conversation(4)
    talk.send(True, flags=FIN | ACK)
    talk.say(False, frame(b"\x03\xe9", opcode=8))
    talk.send(False, flags=FIN | ACK)
    (ended,) = connections(read_packets(talk.packets))
    assert (ended.end_kind, ended.end_side, ended.close_code) == ("fin", "station", 1001)


def test_bytes_that_are_missing_before_a_fin_are_a_hole() -> None:
    talk = conversation(6)
    talk.close()
    last = max(number for number, packet in enumerate(talk.packets) if packet.payload)
    items = read_packets(talk.packets[:last] + talk.packets[last + 1 :])
    assert len(texts(items)) == 5
    assert "hole" in problems(items)
    (ended,) = connections(items)
    assert ended.lost_bytes == len(talk.packets[last].payload)


def test_a_connection_still_open_at_the_end_is_open() -> None:
    talk = opened()
    (connection,) = connections(read_packets(talk.packets))
    assert (connection.end_kind, connection.end_observed) == ("open", False)


def test_ports_used_again_make_a_new_connection() -> None:
    first, second = opened(), Talk(next={True: 77_000_000, False: 99_000_000})
    first.text(True, HEARTBEAT)
    second.ts = first.ts + 1_000_000
    second.handshake()
    second.upgrade()
    second.text(True, HEARTBEAT)
    items = read_packets(first.packets + second.packets)
    assert [each.end_kind for each in connections(items)] == ["replaced", "open"]
    assert len(texts(items)) == 2


def test_a_refused_upgrade_is_reported_with_its_status() -> None:
    talk = Talk()
    talk.handshake()
    talk.say(True, b"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\nAuthorization: Basic Q1AxOnNlY3JldA==\r\n\r\n")
    talk.say(False, b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
    talk.close()
    (connection,) = connections(read_packets(talk.packets))
    assert (connection.http_status, connection.upgraded) == (401, None)
    assert (connection.authorization, connection.user) == ("basic", "CP1")


def test_an_upgrade_that_succeeds_at_the_second_attempt_is_followed() -> None:
    talk = Talk()
    talk.handshake()
    talk.say(True, b"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
    talk.say(False, b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
    talk.upgrade()
    talk.text(True, HEARTBEAT)
    items = read_packets(talk.packets)
    assert texts(items) == talk.texts
    assert connections(items)[0].http_status == 101


def test_plain_http_is_forgotten() -> None:
    talk = Talk()
    talk.handshake()
    talk.say(True, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    talk.say(False, b"HTTP/1.1 200 OK\r\n\r\n" + frame(HEARTBEAT))
    assert connections(read_packets(talk.packets)) == []


def test_frames_without_any_upgrade_are_read_if_they_hold_ocpp() -> None:
    talk = Talk()
    talk.handshake()
    talk.text(True, HEARTBEAT)
    items = read_packets(talk.packets)
    assert texts(items) == talk.texts
    assert connections(items)[0].method is None


def test_a_text_of_an_ocpp_connection_is_given_even_if_it_is_no_ocpp() -> None:
    talk = opened()
    talk.text(True, "hello")
    assert texts(read_packets(talk.packets)) == [(True, "hello")]


def test_texts_of_another_protocol_are_counted_and_not_given() -> None:
    talk = opened(subprotocol="graphql-ws")
    for _ in range(5):
        talk.text(True, '{"type":"ping"}')
    items = read_packets(talk.packets)
    assert texts(items) == []
    assert sum(item.count for item in items if isinstance(item, Problem) and item.kind == "not_ocpp") == 5


def test_ocpp_in_binary_frames_is_read_and_reported() -> None:
    talk = opened()
    talk.say(True, frame(HEARTBEAT, opcode=2, mask=b"1234"))
    items = read_packets(talk.packets)
    assert texts(items) == [(True, HEARTBEAT)]
    assert problems(items) == {"binary_message"}


def test_tls_is_recognised_with_the_server_name_and_its_alerts() -> None:
    name = b"csms.example"
    names = b"\0\0" + (len(name) + 5).to_bytes(2) + (len(name) + 3).to_bytes(2) + b"\0" + len(name).to_bytes(2) + name
    hello = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(names).to_bytes(2) + names
    handshake = b"\1" + len(hello).to_bytes(3) + hello
    talk = Talk()
    talk.handshake()
    talk.say(True, b"\x16\3\1" + len(handshake).to_bytes(2) + handshake)
    talk.say(False, b"\x15\3\3\0\2\2\x28")
    talk.send(False, flags=FIN | ACK)
    items = read_packets(talk.packets)
    (connection,) = connections(items)
    assert (connection.tls, connection.server_name, connection.messages) == (True, "csms.example", 0)
    alerts = [item.detail for item in items if isinstance(item, WireTransport) and item.kind == "tls"]
    assert alerts == ["fatal alert 40 handshake_failure"]


def test_an_attempt_that_failed_is_reported_where_its_server_speaks_ocpp() -> None:
    talk = opened()
    talk.text(True, HEARTBEAT)
    failed = Talk(client=("10.0.0.9", 50_000), ts=talk.ts)
    failed.send(True, flags=SYN)
    failed.send(False, flags=RST | ACK)
    elsewhere = Talk(client=("10.0.0.9", 50_001), server=("10.0.0.2", 22), ts=talk.ts)
    elsewhere.send(True, flags=SYN)
    items = read_packets(talk.packets + failed.packets + elsewhere.packets)
    assert [(each.client, each.end_kind) for each in connections(items)] == [
        ("10.0.0.7", "open"),
        ("10.0.0.9", "port_closed"),
    ]
    assert [item.kind for item in items if isinstance(item, WireTransport) and item.connection == 2] == ["syn", "rst"]


def test_a_port_of_interest_tells_who_is_the_server() -> None:
    talk = Talk(client=("10.0.0.7", 5_000), server=("10.0.0.1", 50_000))
    talk.handshake()
    talk.text(False, HEARTBEAT)
    items = read(capture(talk.packets[3:]), ports=frozenset({50_000}))
    assert connections(items)[0].server_port == 50_000


def test_progress_is_told_while_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 1 << 20)
    packets = [Captured(1, bytes(60_000)) for _ in range(40)]
    told: list[int] = []
    list(read_capture(io.BytesIO(pcap(packets)), progress=told.append))
    assert len(told) > 1
    assert told == sorted(told)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 200), st.integers(0, 6), st.integers(0, 2**32))
def test_no_order_repetition_or_segmentation_changes_the_messages(size: int, window: int, seed: int) -> None:
    rng = random.Random(seed)
    talk = conversation(12, size=size)
    begin, rest = talk.packets[:3], talk.packets[3:]
    late = [packet._replace(ts=packet.ts + rng.choice([30, 250_000])) for packet in rest if rng.random() < 0.1]
    packets = sorted(rest + late)
    order = sorted(range(len(packets)), key=lambda at: at + rng.uniform(0, window))
    # A capture stamps packets as they come, whatever their order.
    arrived = [packets[at]._replace(ts=packets[place].ts) for place, at in enumerate(order)]
    items = read_packets(begin + arrived)
    for side in (True, False):
        assert [text for text in texts(items) if text[0] == side] == [text for text in talk.texts if text[0] == side]


def test_an_answer_never_precedes_its_call_though_bytes_before_the_call_are_lost() -> None:
    talk = conversation(40)
    lost = next(at for at, packet in enumerate(talk.packets) if at > 20 and packet.payload and packet.source == CLIENT)
    items = read_packets(talk.packets[:lost] + talk.packets[lost + 1 :])
    read_back = texts(items)
    assert len(read_back) == 39
    assert read_back == [text for text in talk.texts if text in read_back]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    totals(read(data))
    for magic in (BYTES[:24], b"\x0a\x0d\x0d\x0a"):
        totals(read(magic + data))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(BYTES) - 1), st.integers(0, 255)), max_size=30))
def test_any_flipped_bytes_are_read_without_an_exception(flips: list[tuple[int, int]]) -> None:
    data = bytearray(BYTES)
    for at, value in flips:
        data[at] = value
    totals(read(bytes(data)))


@settings(max_examples=100, deadline=None)
@given(said=st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=20), upgraded=st.booleans())
def test_any_bytes_on_a_connection_are_read_without_an_exception(
    *, said: list[tuple[bool, bytes]], upgraded: bool
) -> None:
    talk = opened() if upgraded else Talk()
    for side, payload in said:
        talk.say(side, payload)
    totals(read_packets(talk.packets))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(BYTES)))
def test_a_file_cut_anywhere_gives_a_prefix_of_the_messages(end: int) -> None:
    read_back = texts(read(BYTES[:end]))
    whole = texts(read(BYTES))
    assert read_back == whole[: len(read_back)]


def test_frames_of_absurd_length_are_reported_and_reading_goes_on() -> None:
    talk = opened()
    talk.say(True, b"\x81\xff" + (2**63).to_bytes(8) + b"mask")
    talk.text(True, HEARTBEAT)
    items = read_packets(talk.packets)
    assert texts(items) == talk.texts
    assert "frame_too_long" in problems(items)


def test_a_message_of_sixty_thousand_fragments_is_joined() -> None:
    talk = opened()
    body = f'[2,"1","DataTransfer",{{"data":"{"x" * 60_000}"}}]'
    pieces = [frame(c, opcode=0 if at else 1, fin=at == len(body) - 1) for at, c in enumerate(body)]
    talk.say(False, b"".join(pieces))
    assert texts(read_packets(talk.packets)) == [(False, body)]

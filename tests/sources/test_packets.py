from __future__ import annotations

import base64
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pytest

from analyzer.ocpp.pseudonyms import pseudonym
from analyzer.sources import hops, packets, reading
from analyzer.sources.opener import Opened
from analyzer.sources.reading import DEFAULT, SourceError, read, read_keylog
from analyzer.wire.tls import shelf
from tests.wire.packets import RST, START, Captured, Deflater, Talk, capture, conversation, ethernet, frame, ip, pcap

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa


def tables(data: bytes) -> dict[str, pa.Table]:
    return packets.read(Opened(data[:1000], io.BufferedReader(io.BytesIO(data)), []), "test.pcap", "1")


def at(ts: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ts)


def rows(data: bytes, table: str) -> list[dict[str, object]]:
    made: list[dict[str, object]] = tables(data)[table].to_pylist()
    return made


def kinds(found: dict[str, pa.Table]) -> Counter[tuple[str, str]]:
    messages = found["messages"]
    return Counter(zip(messages["type"].to_pylist(), messages["action"].to_pylist(), strict=True))


def test_a_station_is_named_by_the_last_segment_of_its_url() -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade("/ocpp/site%2F7/CP%201?token=x")
    talk.text(True, '[2,"1","Heartbeat",{}]')
    (connection,) = rows(capture(talk.packets), "connections")
    assert (connection["station"], connection["version"]) == ("CP 1", "1.6")


def test_a_message_carries_the_packet_that_completes_it() -> None:
    talk = conversation(4, size=10)
    answers = [row for row in rows(capture(talk.packets), "messages") if row["direction"] == "down"]
    packets_of = [talk.packets[int(str(row["origin"])) - 1] for row in answers]
    assert [packet.payload[-2:] for packet in packets_of] == [b"}]", b"}]"]
    assert len({packet.sequence for packet in packets_of}) == 2


def test_a_connection_without_upgrade_goes_by_its_address_and_that_is_said() -> None:
    talk = Talk()
    talk.handshake()
    for number in range(6):
        talk.text(True, f'[2,"{number}","Heartbeat",{{}}]')
    found = tables(capture(talk.packets))
    assert set(found["messages"]["station"].to_pylist()) == {"10.0.0.7"}
    assert found["issues"]["kind"].to_pylist() == ["no_upgrade", "unnamed_station"]


def test_a_connection_without_upgrade_is_named_after_the_one_that_its_client_opened_later() -> None:
    first, later = Talk(), conversation(10, client=("10.0.0.7", 40_001))
    for number in range(6):
        first.text(True, f'[2,"{number}","Heartbeat",{{}}]')
    found = tables(capture([*first.packets, *later.packets]))
    assert set(found["messages"]["station"].to_pylist()) == {"CP1"}


def two_hops(delay: int, *, drop: int = 0) -> bytes:
    """The same conversation before and behind a proxy that takes `delay` µs; `drop` packets of the second are missing."""
    outer = conversation(12)
    inner = conversation(12, client=("172.16.0.1", 50_000))
    shifted = [packet._replace(ts=packet.ts + delay) for packet in inner.packets[: len(inner.packets) - drop]]
    return capture(sorted([*outer.packets, *shifted]))


def test_both_hops_of_a_proxy_are_counted_once_and_that_is_said() -> None:
    found = tables(two_hops(300))
    assert found["messages"].num_rows == 12
    assert found["connections"].num_rows == 1
    assert found["sources"]["messages"].to_pylist() == [12]
    (issue,) = found["issues"].to_pylist()
    assert (issue["kind"], issue["count"], issue["damage"]) == ("repeated_hop", 12, False)


def test_the_hop_that_shows_more_is_kept() -> None:
    found = tables(two_hops(-300, drop=8))
    assert found["messages"].num_rows == 12
    assert found["connections"]["client"].to_pylist() == ["10.0.0.7"]


def test_a_station_that_says_the_same_again_a_minute_later_is_no_second_hop() -> None:
    found = tables(two_hops(60_000_000))
    assert found["messages"].num_rows == 24
    assert found["connections"].num_rows == 2


def test_a_charger_that_boots_again_and_again_within_a_second_is_no_second_hop() -> None:
    talks = []
    for number in range(8):
        talk = Talk(client=("10.0.0.7", 41_000 + number), ts=START + number * 200_000)
        talk.handshake()
        talk.upgrade()
        talk.text(True, '[2,"1","BootNotification",{"chargePointVendor":"E","chargePointModel":"A"}]')
        talk.send(True, flags=RST)
        talks += talk.packets
    found = tables(capture(sorted(talks)))
    assert (found["connections"].num_rows, found["messages"].num_rows) == (8, 8)


def test_each_of_many_reconnects_is_counted_once_at_two_hops() -> None:
    packets = []
    for number in range(30):
        for client, delay in (("10.0.0.7", 0), ("172.16.0.1", 300)):
            talk = conversation(6, client=(client, 41_000 + number))
            packets += [packet._replace(ts=packet.ts + delay + number * 60_000_000) for packet in talk.packets]
    found = tables(capture(sorted(packets)))
    assert (found["connections"].num_rows, found["messages"].num_rows) == (30, 180)


def test_a_packet_that_was_captured_twice_is_counted_once() -> None:
    talk = conversation(12)
    doubled = [Captured(packet.ts + copy * 40, ethernet(ip(packet))) for packet in talk.packets for copy in (0, 1)]
    found = tables(pcap(doubled))
    assert found["messages"].num_rows == 12


def test_a_secret_in_a_header_or_a_payload_is_a_pseudonym() -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade("/ocpp/CP1?apikey=04AABBCCDDEEFF")
    talk.text(True, '[2,"1","Authorize",{"idTag":"04AABBCCDDEEFF"}]')
    talk.text(True, '[2,"2","Authorize",{"idTag":"04AABBCCDDEEFF",]')
    talk.say(False, frame(b"\x03\xf0password=04AABBCCDDEEFF", opcode=8))
    assert "04AABBCCDDEEFF" not in str([table.to_pylist() for table in tables(capture(talk.packets)).values()])


@pytest.mark.parametrize("dissector", ["fast", "scapy"])
def test_a_real_night_is_read_whole(corpus: Path, dissector: str) -> None:
    found = read(str(corpus / "captures" / "growatt_1218.pcap"), options=DEFAULT._replace(dissector=dissector))
    count = kinds(found)
    assert found["messages"].num_rows == 2628
    assert [count["call", action] for action in ("Heartbeat", "MeterValues", "BootNotification")] == [998, 245, 5]
    assert [count["call", action] for action in ("StartTransaction", "StopTransaction")] == [3, 3]
    controls = Counter(found["controls"]["kind"].to_pylist())
    assert (controls["ping"], controls["pong"]) == (496, 496)
    assert found["issues"].num_rows == 0


def test_a_real_capture_that_is_cut_says_so(corpus: Path) -> None:
    found = read(str(corpus / "captures" / "growatt_1224_truncated.pcap"))
    assert found["messages"].num_rows == 94
    assert found["sources"]["damaged"].to_pylist() == [True]
    assert [(row["kind"], row["origin"], row["damage"]) for row in found["issues"].to_pylist()] == [
        ("truncated", 214, True)
    ]


def test_a_real_capture_of_two_interfaces_has_each_message_once(corpus: Path) -> None:
    found = read(str(corpus / "captures" / "evsetool_any.pcapng"))
    assert found["messages"].num_rows == 8
    assert [row["count"] for row in found["issues"].to_pylist() if row["kind"] == "repeated_hop"] == [8]


def test_a_websocket_that_carries_no_ocpp_gives_no_message(corpus: Path) -> None:
    files = [path for path in sorted((corpus / "captures").iterdir()) if path.name.startswith(("zeek", "suricata"))]
    assert len(files) == 7
    assert {path.name: read(str(path))["messages"].num_rows for path in files} == dict.fromkeys(
        (path.name for path in files), 0
    )


def test_the_end_of_a_connection_has_its_packet() -> None:
    talk = conversation(4)
    talk.close()
    (connection,) = rows(capture(talk.packets), "connections")
    assert (connection["origin"], connection["ts"]) == (4, at(talk.packets[0].ts))
    assert talk.packets[3].payload.startswith(b"GET ")
    assert connection["end_origin"] == len(talk.packets) - 2
    assert talk.packets[len(talk.packets) - 3].flags & 1


def test_an_attempt_without_a_request_has_the_packet_of_its_begin() -> None:
    talk = Talk()
    talk.handshake()
    found = rows(capture([*conversation(4, client=("10.0.0.9", 50_000)).packets, *talk.packets]), "connections")
    assert [row["origin"] for row in found if row["client"] == "10.0.0.7"] == [len(conversation(4).packets) + 1]


@pytest.mark.parametrize("cut", [15, 30, 60, 120, 150, 170, 185, 188])
def test_a_request_that_is_cut_tells_only_what_was_seen_whole(cut: int) -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade("/ocpp/CP1")
    for number in range(6):
        talk.text(True, f'[2,"{number}","Heartbeat",{{}}]')
    whole = [ethernet(ip(packet)) for packet in talk.packets]
    request = talk.packets[3].payload
    cut_off = [data if number != 3 else data[: 54 + cut] for number, data in enumerate(whole)]
    made = pcap([Captured(p.ts, d, len(w)) for p, d, w in zip(talk.packets, cut_off, whole, strict=True)])
    found = tables(made)
    (connection,) = found["connections"].to_pylist()
    seen = request[:cut].decode()
    offers = "Sec-WebSocket-Protocol: ocpp1.6\r\n" in seen
    assert cut < len(request)
    assert connection["path"] == ("/ocpp/CP1" if "HTTP/1.1\r\n" in seen else None)
    assert connection["offered"] == ("ocpp1.6" if offers else None)
    assert connection["authorization"] is None
    assert found["messages"].num_rows == 6
    assert found["sources"]["damaged"].to_pylist() == [True]


def test_a_whole_request_without_subprotocol_and_authorization_says_so() -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade("/ocpp/CP1", subprotocol="")
    talk.text(True, '[2,"1","Heartbeat",{}]')
    (connection,) = rows(capture(talk.packets), "connections")
    assert (connection["offered"], connection["authorization"]) == ("", "none")


def test_the_faults_of_an_upgrade_are_told() -> None:
    talk = Talk()
    talk.handshake()
    talk.say(True, b"GET /ocpp/CP1 HTTP/1.1\r\nSec-WebSocket-Protocol: ocpp1.6\r\nUpgrade: websocket\r\n\r\n")
    (connection,) = rows(capture(talk.packets), "connections")
    assert str(connection["upgrade_faults"]).split("; ") == [
        "the request has no Connection",
        "the request has no Sec-WebSocket-Key",
        "the request has no Sec-WebSocket-Version",
    ]
    (healthy,) = rows(capture(conversation(4).packets), "connections")
    assert healthy["upgrade_faults"] is None


MANNERS = ("binary_messages", "fragmented_messages", "compressed_messages", "saved_bytes")


def test_it_is_counted_how_messages_came() -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade(extensions="permessage-deflate")
    text = '[2,"1","DataTransfer",{"data":"' + "x" * 200 + '"}]'
    packed = Deflater().deflate(text)
    talk.say(True, frame(text, opcode=2, mask=b"abcd"))
    talk.say(True, frame(packed[:9], fin=False, rsv1=True, mask=b"abcd") + frame(packed[9:], opcode=0, mask=b"abcd"))
    talk.say(True, frame(text, mask=b"abcd"))
    (connection,) = rows(capture(talk.packets), "connections")
    assert [connection[name] for name in MANNERS] == [1, 1, 1, len(text) - len(packed)]


def test_how_messages_came_is_not_known_where_none_was_read() -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade()
    (connection,) = rows(capture(talk.packets), "connections")
    assert [connection[name] for name in MANNERS] == [None] * 4


def test_a_charger_whose_compressed_messages_cannot_be_read_any_more_is_alive_all_the_same() -> None:
    talk = conversation(40, deflater=Deflater)
    up = [number for number, packet in enumerate(talk.packets) if packet.payload and packet.source == talk.client]
    found = tables(capture(talk.packets[: up[5]] + talk.packets[up[5] + 1 :]))
    (connection,) = found["connections"].to_pylist()
    assert found["messages"].filter(pc.field("direction") == "up").num_rows < 10
    assert connection["last_up"] == at(talk.packets[up[-1]].ts)


def test_both_sides_tell_how_they_close_and_each_ping_and_pong_has_its_payload() -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade()
    talk.text(True, '[2,"1","Heartbeat",{}]')
    talk.say(True, frame(b"\x01\xff", opcode=9, mask=b"abcd"))
    talk.say(False, frame(b"\x01\xff", opcode=10))
    talk.say(False, frame(b"\x03\xe9going", opcode=8))
    talk.say(True, frame(b"\x03\xe8", opcode=8, mask=b"abcd"))
    columns = ("direction", "kind", "detail", "close_code", "close_reason")
    found = [tuple(row[name] for name in columns) for row in rows(capture(talk.packets), "controls")]
    assert found == [
        ("up", "ping", "01ff", None, None),
        ("down", "pong", "01ff", None, None),
        ("down", "close", None, 1001, "going"),
        ("up", "close", None, 1000, None),
    ]


def test_each_hole_is_damage_with_its_time_and_its_connection() -> None:
    talk = conversation(60)
    sent = [number for number, packet in enumerate(talk.packets) if packet.payload and number > 10]
    lost = {sent[5], sent[20], sent[21]}
    found = tables(capture([packet for number, packet in enumerate(talk.packets) if number not in lost]))
    holes = [row for row in found["issues"].to_pylist() if row["kind"] == "hole"]
    assert [(row["damage"], row["connection"], row["station"]) for row in holes] == [(True, "1.1", "CP1")] * 3
    for row, number in zip(holes, sorted(lost), strict=True):
        assert at(talk.packets[number].ts) < row["ts"]
        assert row["ts"] <= at(talk.packets[number].ts + 1_000_000)
    assert found["sources"]["damaged"].to_pylist() == [True]


def test_what_the_snap_length_cuts_off_is_damage() -> None:
    talk = conversation(60)
    cut = [Captured(p.ts, ethernet(ip(p))[:90], len(ethernet(ip(p)))) for p in talk.packets]
    found = tables(pcap([*(Captured(p.ts, ethernet(ip(p))) for p in talk.packets[:8]), *cut[8:]]))
    assert found["sources"]["damaged"].to_pylist() == [True]
    assert all(row["damage"] for row in found["issues"].to_pylist() if row["kind"] == "hole")


def test_packets_that_are_cut_inside_their_headers_are_counted_as_damage() -> None:
    talk = conversation(6)
    cut = [Captured(p.ts, ethernet(ip(p))[:40], len(ethernet(ip(p)))) for p in talk.packets]
    issues = tables(pcap(cut))["issues"].to_pylist()
    assert {(row["kind"], row["damage"]) for row in issues} == {("cut_header", True)}
    assert (len(issues), sum(row["count"] for row in issues)) == (2, len(talk.packets))
    assert {row["damage"] for row in tables(pcap([Captured(0, ethernet(b"E"))]))["issues"].to_pylist()} == {False}


@pytest.mark.parametrize("begin", range(8, 60, 3))
def test_a_connection_joined_in_the_middle_or_left_before_its_end_is_no_damage(begin: int) -> None:
    talk = conversation(60, size=20)
    found = tables(capture(talk.packets[begin : begin + 200]))
    assert found["messages"].num_rows > 10
    assert found["sources"]["damaged"].to_pylist() == [False]


def test_bytes_under_way_when_the_capture_begins_or_ends_are_no_damage() -> None:
    talk = conversation(60)
    calls = [number for number, packet in enumerate(talk.packets) if packet.payload and number > 10]
    begin, end = calls[0], calls[40]
    # The capture begins after a call was sent and before it is acknowledged; its last call comes after the next one.
    early = [talk.packets[begin + 1]._replace(acknowledgement=talk.packets[begin].sequence), *talk.packets[begin + 2 :]]
    late = [*talk.packets[:end], talk.packets[end]._replace(sequence=talk.packets[end].sequence + 1)]
    for packets_seen in (early, late):
        assert tables(capture(packets_seen))["sources"]["damaged"].to_pylist() == [False]


def test_what_a_hop_lost_that_another_one_shows_is_no_damage() -> None:
    outer = conversation(12)
    inner = conversation(12, client=("172.16.0.1", 50_000))
    shifted = [packet._replace(ts=packet.ts + 300) for packet in inner.packets]
    lost = [number for number, packet in enumerate(shifted) if packet.payload and number > 10][3]
    found = tables(capture(sorted([*outer.packets, *shifted[:lost], *shifted[lost + 1 :]])))
    assert found["issues"]["kind"].to_pylist() == ["repeated_hop"]
    assert found["sources"]["damaged"].to_pylist() == [False]


def test_a_charger_joined_in_the_middle_that_pings_for_hours_loses_nothing() -> None:
    talk = Talk(step=0)
    for _ in range(1200):
        talk.ts += 30_000_000
        talk.say(True, frame(b"", opcode=9, mask=b"abcd"))
        talk.say(False, frame(b"", opcode=10))
    for number in range(6):
        talk.ts += 300_000_000
        talk.text(True, f'[2,"{number}","Heartbeat",{{}}]')
    found = tables(capture(talk.packets))
    assert found["controls"].num_rows == 2400
    assert found["messages"].num_rows == 6
    assert found["issues"]["kind"].to_pylist() == ["unnamed_station"]


def test_the_version_of_a_connection_whose_answer_was_not_captured_is_the_one_it_offered() -> None:
    talk = conversation(4)
    packets_ = [packet for packet in talk.packets if not packet.payload.startswith(b"HTTP/1.1 101")]
    (connection,) = rows(capture(packets_), "connections")
    assert (connection["offered"], connection["subprotocol"], connection["version"]) == ("ocpp1.6", None, "1.6")


@pytest.mark.parametrize(("user", "kept"), [("CP1", True), ("alice", False)])
def test_a_user_is_a_pseudonym_unless_it_is_the_station(*, user: str, kept: bool) -> None:
    talk = Talk()
    talk.handshake()
    secret = base64.b64encode(f"{user}:secret".encode()).decode()
    talk.say(True, f"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\nAuthorization: Basic {secret}\r\n\r\n".encode())
    talk.text(True, '[2,"1","Heartbeat",{}]')
    (connection,) = rows(capture(talk.packets), "connections")
    assert connection["authorization"] == "basic"
    assert connection["user"] == (user if kept else pseudonym(user))
    assert (user in str(connection["user"])) == kept


@pytest.mark.parametrize(("delay", "count"), [(hops.NEAR, 12), (-hops.NEAR, 12), (hops.NEAR + 1, 24)])
def test_a_message_takes_half_a_second_at_most_from_one_hop_to_the_next(delay: int, count: int) -> None:
    assert tables(two_hops(delay))["messages"].num_rows == count


def test_a_decrypted_connection_is_told_as_one_in_clear_with_what_tls_agreed_on(samples: Path) -> None:
    options = DEFAULT._replace(keylog=read_keylog(samples / "tls12.keys"))
    found = read(str(samples / "tls12.pcap"), options=options)
    (connection,) = found["connections"].to_pylist()
    assert {
        "station": "CP-8",
        "scheme": "wss",
        "decrypted": True,
        "tls_version": "1.2",
        "cipher": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "server_name": "localhost",
        "end_kind": "close",
    }.items() <= connection.items()
    assert set(found["messages"]["station"].to_pylist()) == {"CP-8"}
    assert found["messages"].num_rows == 28
    (certificate,) = found["certificates"].to_pylist()
    assert (certificate["station"], certificate["direction"], certificate["position"]) == ("CP-8", "down", 0)
    assert (certificate["names"], certificate["key"], certificate["signature"]) == ("localhost", "EC 256", "sha256")
    assert found["tls_records"].num_rows == 0


def test_what_could_not_be_decrypted_gives_sizes_and_times(samples: Path) -> None:
    found = read(str(samples / "tls12.pcap"))
    (connection,) = found["connections"].to_pylist()
    assert (connection["decrypted"], connection["tls_version"], connection["station"]) == (False, "1.2", None)
    records = found["tls_records"].to_pylist()
    assert len(records) == 32
    assert {row["connection"] for row in records} == {connection["connection"]}
    assert all(row["bytes"] > 24 and row["ts"] is not None for row in records)
    assert found["certificates"].num_rows == 1
    assert found["transport"]["kind"].to_pylist().count("tls") == 2


def test_encrypted_records_that_are_left_out_are_an_issue(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MAX_RECORDS", 5)
    found = read(str(samples / "tls12.pcap"))
    assert found["tls_records"].num_rows == 5
    told = [(row["kind"], row["count"], row["damage"]) for row in found["issues"].to_pylist()]
    assert ("tls_records_left_out", 27, False) in told


def test_a_key_log_is_limited(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_KEYLOG", 100)
    with pytest.raises(SourceError, match="too much for a key log"):
        read_keylog(samples / "tls13.keys")


@pytest.mark.parametrize(("from_station", "direction"), [(True, "up"), (False, "down")])
def test_an_issue_of_one_side_tells_which_at_first_and_where_it_is_told_again(
    from_station: bool, direction: str
) -> None:
    talk = conversation(2)
    for _ in range(3):
        talk.say(from_station, frame('[2,"9","Heartbeat",{}]', rsv1=True, mask=talk.mask(from_station)))
    issues = [row for row in rows(capture(talk.packets), "issues") if row["kind"] == "reserved_bits"]
    assert [(row["direction"], row["count"]) for row in issues] == [(direction, 1), (direction, 2)]

from __future__ import annotations

import gzip
import json
import re
import struct
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_FILE, MAX_ALL = 150_000, 700_000
FINISH, SYNCHRONISE, RESET = 0x01, 0x02, 0x04
ENHANCED_PACKET = 6
IPV6 = b"\x86\xdd"
DATA_ENDINGS = {".pcap", ".pcapng", ".gz", ".log", ".keys"}
COMPRESSED = ["deflate.pcap", "deflate_201_ipv6.pcap"]
CAPTURES = ["healthy.pcap", "healthy_201.pcap", "deadline.pcap.gz", "intervals.pcap", "meter_faults.pcap"]
ENCRYPTED = ["tls12.pcap", "tls12_201_ipv6.pcap", "tls13.pcapng", "tls13_secrets.pcapng"]
HOUR = 3600


class Packet(NamedTuple):
    ts: float
    flags: int
    up: bool
    port: int
    payload: bytes


class Message(NamedTuple):
    ts: float
    up: bool
    station: str
    content: list[Any]


def packets(path: Path) -> list[Packet]:
    contents = path.read_bytes()
    contents = gzip.decompress(contents) if path.suffix == ".gz" else contents
    frames = _enhanced(contents) if path.suffix == ".pcapng" else _classic(contents)
    return [_segment(ts, frame) for ts, frame in frames]


def _classic(contents: bytes) -> Iterator[tuple[float, bytes]]:
    offset = 24
    while offset < len(contents):
        seconds, micros, length, _ = struct.unpack_from("<IIII", contents, offset)
        yield seconds + micros / 1e6, contents[offset + 16 : offset + 16 + length]
        offset += 16 + length


def _enhanced(contents: bytes) -> Iterator[tuple[float, bytes]]:
    offset = 0
    while offset < len(contents):
        kind, length = struct.unpack_from("<II", contents, offset)
        if kind == ENHANCED_PACKET:
            _, high, low, kept, _ = struct.unpack_from("<IIIII", contents, offset + 8)
            yield ((high << 32) + low) / 1e6, contents[offset + 28 : offset + 28 + kept]
        offset += length


def _segment(ts: float, frame: bytes) -> Packet:
    tcp = 54 if frame[12:14] == IPV6 else 34
    source, target = struct.unpack_from(">HH", frame, tcp)
    header = tcp + (frame[tcp + 12] >> 4) * 4
    return Packet(ts, frame[tcp + 13], target < source, max(source, target), frame[header:])


def texts(path: Path) -> list[tuple[float, bool, int, list[Any]]]:
    """Every text message; on the loopback each frame has a packet of its own."""
    return [
        (packet.ts, packet.up, packet.port, json.loads(_unframed(packet.payload)))
        for packet in packets(path)
        if packet.payload[:1] == b"\x81"
    ]


def _unframed(frame: bytes) -> bytes:
    length, offset = frame[1] & 0x7F, 2
    if length == 126:
        length, offset = struct.unpack_from(">H", frame, 2)[0], 4
    if not frame[1] & 0x80:
        return frame[offset : offset + length]
    key, data = frame[offset : offset + 4], frame[offset + 4 : offset + 4 + length]
    return bytes(byte ^ key[index % 4] for index, byte in enumerate(data))


def logged(path: Path, pattern: str) -> list[Message]:
    """The messages of a log, whose pattern names time, station, way and text."""
    found = re.finditer(pattern, path.read_text(), re.MULTILINE)
    return [Message(_seconds(m[1]), m[3].startswith("receive"), m[2], json.loads(m[4])) for m in found]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace(",", ".")).replace(tzinfo=UTC).timestamp()


@pytest.fixture
def healthy_log(samples: Path) -> list[Message]:
    return logged(samples / "healthy.log", r"^(\S+ \S+) INFO:ocpp:(\S+): (receive message|send) (.*)$")


@pytest.fixture
def intervals_log(samples: Path) -> list[Message]:
    return logged(
        samples / "intervals.log", r"^(\S+ \S+) INFO \(MainThread\) \[ocpp\] (\S+): (receive message|send) (.*)$"
    )


def data_files(samples: Path) -> list[Path]:
    return [path for path in samples.iterdir() if path.suffix in DATA_ENDINGS]


def calls(messages: list[tuple[float, bool, int, list[Any]]], *actions: str) -> list[tuple[float, dict[str, Any]]]:
    return [(ts, content[3]) for ts, _, _, content in messages if content[0] == 2 and content[2] in actions]


def test_the_files_are_small(samples: Path) -> None:
    sizes = [path.stat().st_size for path in data_files(samples)]
    assert max(sizes) < MAX_FILE
    assert sum(sizes) < MAX_ALL


def test_the_readme_names_every_file_and_counts_its_packets_and_messages(samples: Path) -> None:
    rows = re.findall(r"^\| `(\S+)` \| *(\d*) *\| *(\d*) *\|", (samples / "README.md").read_text(), re.MULTILINE)
    assert {name for name, *_ in rows} == {path.name for path in data_files(samples)}
    for name, packet_count, message_count in rows:
        if packet_count:
            assert len(packets(samples / name)) == int(packet_count), name
        if name in CAPTURES:
            assert len(texts(samples / name)) == int(message_count), name


@pytest.mark.parametrize("name", [*CAPTURES, *COMPRESSED, *ENCRYPTED])
def test_a_capture_starts_at_the_fixed_time_and_its_packets_are_in_order_without_a_reset(
    samples: Path, name: str
) -> None:
    found = packets(samples / name)
    start = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp()
    assert 0 <= found[0].ts - start < 10
    assert all(before.ts <= after.ts for before, after in pairwise(found))
    assert not any(packet.flags & RESET for packet in found)


@pytest.mark.parametrize("name", CAPTURES)
def test_a_capture_ends_with_both_close_frames_of_code_1000_and_both_ends_of_tcp(samples: Path, name: str) -> None:
    found = packets(samples / name)
    last = [packet for packet in found if packet.port == found[-1].port]
    closes = [packet for packet in last if packet.payload[:1] == b"\x88"]
    assert [packet.up for packet in closes] == [True, False]
    assert [int.from_bytes(_unframed(packet.payload)[:2]) for packet in closes] == [1000, 1000]
    assert {packet.up for packet in last if packet.flags & FINISH} == {True, False}


@pytest.mark.parametrize("name", CAPTURES)
def test_every_call_of_a_capture_is_answered_within_two_seconds(samples: Path, name: str) -> None:
    open_calls: dict[tuple[int, bool, str], float] = {}
    for ts, up, port, content in texts(samples / name):
        if content[0] == 2:
            open_calls[port, up, content[1]] = ts
        else:
            assert content[0] == 3
            assert ts - open_calls.pop((port, not up, content[1])) < 2
    assert not open_calls


def test_the_healthy_log_holds_the_messages_of_its_capture(samples: Path, healthy_log: list[Message]) -> None:
    captured = [(up, content) for _, up, _, content in texts(samples / "healthy.pcap")]
    key = str
    assert sorted(((m.up, m.content) for m in healthy_log), key=key) == sorted(captured, key=key)
    assert {message.station for message in healthy_log} == {"CP-1"}


def test_payload_times_of_the_healthy_charger_are_utc_and_right(healthy_log: list[Message]) -> None:
    stamps = [
        (m.ts, m.content[3]["timestamp"]) for m in healthy_log if m.content[0] == 2 and "timestamp" in m.content[3]
    ]
    assert len(stamps) == 8
    assert all(text.endswith("Z") and abs(_seconds(text) - ts) < 2 for ts, text in stamps)


def test_the_healthy_register_is_the_integral_of_its_power(healthy_log: list[Message]) -> None:
    samples = [
        (m.ts, *(float(value["value"]) for value in m.content[3]["meterValue"][0]["sampledValue"][:2]))
        for m in healthy_log
        if m.content[0] == 2 and m.content[2] == "MeterValues"
    ]
    assert len(samples) == 45
    steady = samples[:-1]
    assert all(before[1] < after[1] for before, after in pairwise(samples))
    energy = sum((after[0] - before[0]) * (before[2] + after[2]) / 2 / HOUR for before, after in pairwise(steady))
    assert energy == pytest.approx(steady[-1][1] - steady[0][1], rel=0.005)


def test_the_2_0_1_transaction_has_no_hole_in_its_sequence_numbers(samples: Path) -> None:
    events = [event for _, event in calls(texts(samples / "healthy_201.pcap"), "TransactionEvent")]
    assert [event["seqNo"] for event in events] == [*range(48)]
    assert [event["eventType"] for event in events] == ["Started", *["Updated"] * 46, "Ended"]


def test_the_csms_ends_17_of_18_connections_60_s_after_the_last_message_without_a_close_frame(samples: Path) -> None:
    lives: dict[int, list[Packet]] = {}
    for packet in packets(samples / "deadline.pcap.gz"):
        lives.setdefault(packet.port, []).append(packet)
    assert len(lives) == 18
    *cut_off, closed = lives.values()
    for life in cut_off:
        assert life[0].flags & SYNCHRONISE
        end = next(packet for packet in life if packet.flags & FINISH)
        last = [packet for packet in life if packet.up and packet.payload][-1]
        assert not end.up
        assert 60.0 <= end.ts - last.ts < 60.1
        assert not any(packet.payload[:1] == b"\x88" for packet in life)
    assert [packet.up for packet in closed if packet.payload[:1] == b"\x88"] == [True, False]


def test_most_heartbeats_come_just_before_the_deadline(samples: Path) -> None:
    ups = [(port, ts) for ts, up, port, _ in texts(samples / "deadline.pcap.gz") if up]
    gaps = [after[1] - before[1] for before, after in pairwise(ups) if before[0] == after[0]]
    assert max(gaps) < 60
    assert sum(gap > 59.5 for gap in gaps) > 100


def test_both_chargers_of_the_intervals_beat_each_minute_whatever_they_are_ordered(
    intervals_log: list[Message],
) -> None:
    ordered = {
        message.station: message.content[2]["interval"]
        for message in intervals_log
        if "interval" in str(message.content) and message.content[0] == 3
    }
    assert ordered == {"CP-3": 300, "CP-4": 60}
    for station in ordered:
        beats = [m.ts for m in intervals_log if m.station == station and m.content[2] == "Heartbeat"]
        assert len(beats) == 39
        assert all(after - before == pytest.approx(60, abs=0.5) for before, after in pairwise(beats))


def test_cp_4_accepts_30_s_after_a_quarter_of_an_hour(intervals_log: list[Message]) -> None:
    change = next(m for m in intervals_log if m.content[2] == "ChangeConfiguration")
    answer = next(m for m in intervals_log if m.content[:2] == [3, change.content[1]])
    assert (change.station, change.content[3]) == ("CP-4", {"key": "HeartbeatInterval", "value": "30"})
    assert answer.content[2] == {"status": "Accepted"}


def test_the_home_assistant_log_is_in_local_time_one_hour_ahead(intervals_log: list[Message]) -> None:
    boot = next(m for m in intervals_log if "currentTime" in str(m.content))
    assert boot.ts - _seconds(boot.content[2]["currentTime"]) == pytest.approx(HOUR, abs=1)


def test_each_faulty_transaction_has_its_fault(samples: Path) -> None:
    messages = texts(samples / "meter_faults.pcap")
    starts = [payload for _, payload in calls(messages, "StartTransaction")]
    stops = [payload for _, payload in calls(messages, "StopTransaction")]
    values: dict[int, list[dict[str, str]]] = {}
    for _, payload in calls(messages, "MeterValues"):
        sampled = payload["meterValue"][0]["sampledValue"]
        values.setdefault(payload["transactionId"], []).append({item["measurand"]: item["value"] for item in sampled})
    register, power = "Energy.Active.Import.Register", "Power.Active.Import"
    assert [len(values[number]) for number in (1001, 1002, 1003, 1004, 1005, 1006)] == [15, 15, 15, 10, 12, 15]
    assert (starts[0]["meterStart"], stops[0]["meterStop"]) == (361, 363)
    falls = [float(b[register]) - float(a[register]) for a, b in pairwise(values[1002])]
    assert [fall for fall in falls if fall < 0] == [pytest.approx(-500, abs=2)]
    assert [sample[power] for sample in values[1003] if not sample[power].isdigit()] == ["NaN", "7,4"]
    assert len(values[9999]) == 3
    assert [stop["meterStop"] - start["meterStart"] < 0 for start, stop in zip(starts, stops, strict=True)] == [
        False
    ] * 5 + [True]
    assert stops[5]["meterStop"] - starts[5]["meterStart"] == -1200


@pytest.mark.parametrize(
    ("name", "keys", "label"),
    [
        ("tls12.pcap", "tls12.keys", "CLIENT_RANDOM"),
        ("tls12_201_ipv6.pcap", "tls12_201_ipv6.keys", "CLIENT_RANDOM"),
        ("tls13.pcapng", "tls13.keys", "CLIENT_TRAFFIC_SECRET_0"),
        ("tls13_secrets.pcapng", "tls13.keys", "SERVER_TRAFFIC_SECRET_0"),
    ],
)
def test_the_keys_fit_the_encrypted_captures(samples: Path, name: str, keys: str, label: str) -> None:
    lines = [line.split() for line in (samples / keys).read_text().splitlines() if not line.startswith("#")]
    assert label in {label for label, *_ in lines}
    (client_random,) = {random for _, random, _ in lines}
    contents = (samples / name).read_bytes()
    assert bytes.fromhex(client_random) in contents
    assert ((samples / keys).read_bytes() in contents) == ("secrets" in name)


@pytest.mark.parametrize("name", COMPRESSED)
def test_every_message_of_a_compressed_capture_is_compressed(samples: Path, name: str) -> None:
    first = [packet.payload[0] for packet in packets(samples / name) if packet.payload]
    assert first.count(0xC1) == len(first) - 4
    assert first[:2] == [ord("G"), ord("H")]
    assert first[-2:] == [0x88, 0x88]


@pytest.mark.parametrize("name", ["deflate_201_ipv6.pcap", "tls12_201_ipv6.pcap"])
def test_an_ipv6_capture_holds_nothing_else(samples: Path, name: str) -> None:
    contents = (samples / name).read_bytes()
    assert {frame[12:14] for _, frame in _classic(contents)} == {IPV6}

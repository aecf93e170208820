from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from analyzer.sources import open_trace, reading
from analyzer.sources.events import Connected, Disconnected, Event, Ignored, Line, Message, Trouble

if TYPE_CHECKING:
    from pathlib import Path

NINE = 1_770_109_200_000_000


def record(**fields: object) -> str:
    known = {
        "schemaVersion": "1.1",
        "timestamp": "2026-02-03T09:00:00.000Z",
        "transport": "json",
        "chargePointId": "CP-7",
        "direction": "cp-to-csms",
        "messageType": "CALL",
        "messageId": "19",
        "action": "Heartbeat",
        "payload": {},
    }
    return json.dumps({key: value for key, value in {**known, **fields}.items() if value is not None})


def events(*lines: str) -> list[Event]:
    return list(open_trace.read((Line(number, line) for number, line in enumerate(lines, 1)), UTC))


def test_a_message_is_what_was_on_the_wire_where_the_trace_has_it() -> None:
    raw = '[2, "19" ,"Heartbeat", {} ]'
    assert events(record(raw=raw)) == [Message(NINE, "CP-7", "up", raw, 1)]


def test_a_message_on_the_wire_that_is_cut_stays_cut() -> None:
    assert events(record(raw='[2,"19","Hea')) == [Message(NINE, "CP-7", "up", '[2,"19","Hea', 1)]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, '[2,"19","Heartbeat",{}]'),
        ({"messageType": "CALLRESULT", "action": None, "payload": {"a": [1]}}, '[3,"19",{"a": [1]}]'),
        ({"messageType": "SEND", "action": "NotifyPeriodicEventStream"}, '[6,"19","NotifyPeriodicEventStream",{}]'),
        (
            {"messageType": "CALLERROR", "error": {"code": "NotSupported", "description": "no", "details": {"b": 2}}},
            '[4,"19","NotSupported","no",{"b": 2}]',
        ),
        ({"messageType": "CALLERROR", "error": {}}, '[4,"19","","",{}]'),
        ({"messageType": "CALLERROR", "error": "odd"}, '[4,"19","","",{}]'),
        ({"payload": None}, '[2,"19","Heartbeat",{}]'),
        ({"messageId": None}, '[2,"","Heartbeat",{}]'),
    ],
)
def test_a_message_is_made_of_its_fields_where_it_is_not_there_as_it_was(fields: dict[str, object], text: str) -> None:
    assert events(record(**fields)) == [Message(NINE, "CP-7", "up", text, 1)]


def test_the_direction_is_the_record_s() -> None:
    found = events(record(direction="csms-to-cp"), record(direction="sideways"), record(direction=None))
    assert [event.direction for event in found if isinstance(event, Message)] == ["down", None, None]


@pytest.mark.parametrize("station", ["", "a b", "tenant:7", "é/../[x]", "🔌"])
def test_a_charger_may_be_called_anything(station: str) -> None:
    (found,) = events(record(chargePointId=station))
    assert isinstance(found, Message)
    assert found.station == station


def test_a_record_without_a_charger_is_of_an_unnamed_one() -> None:
    (found,) = events(record(chargePointId=None))
    assert isinstance(found, Message)
    assert found.station == ""


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ({"messageType": "CONNECTED"}, Connected(NINE, "CP-7", 1)),
        (
            {"messageType": None, "event": "connection-opened", "subprotocol": "ocpp1.6"},
            Connected(NINE, "CP-7", 1, {"subprotocol": "ocpp1.6"}),
        ),
        ({"messageType": "DISCONNECTED"}, Disconnected(NINE, "CP-7", 1, "lost")),
        (
            {"messageType": None, "event": "connection_closed", "closeCode": 1001, "reason": "bye"},
            Disconnected(NINE, "CP-7", 1, "close", None, 1001, "bye"),
        ),
        ({"messageType": "closed", "code": 1006}, Disconnected(NINE, "CP-7", 1, "lost", None, 1006)),
        ({"messageType": "closed", "code": 10**30}, Disconnected(NINE, "CP-7", 1, "lost")),
        ({"messageType": "closed", "code": True}, Disconnected(NINE, "CP-7", 1, "lost")),
    ],
)
def test_records_that_tell_of_a_connection_are_its_life(fields: dict[str, object], event: Event) -> None:
    assert events(record(**fields)) == [event]


def test_what_else_is_recorded_is_told() -> None:
    found = events(record(messageType="NOTE"), record(messageType=None), record(transport="soap"), '{"a":1}')
    assert [event.kind for event in found if isinstance(event, Trouble)] == [
        "other_event",
        "not_understood",
        "soap",
        "not_understood",
    ]


@pytest.mark.parametrize("line", ['{"schemaVersion":"1.1","timest', "lorem ipsum", "[1,2]", "[" * 100_000, "9" * 5_000])
def test_a_line_that_is_no_record_is_told(line: str) -> None:
    assert events(line) == [Trouble(1, "not_understood", line)]


def test_a_blank_line_is_ignored() -> None:
    assert events("", "  ") == [Ignored(1), Ignored(2)]


def test_lines_out_of_order_keep_their_times() -> None:
    found = events(record(timestamp="2026-02-03T10:00:05+01:00"), record(), record(timestamp="soon"))
    assert [event.ts for event in found if isinstance(event, Message)] == [NINE + 5_000_000, NINE, None]


def test_a_secret_in_a_record_that_is_cut_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    raw = '[2,"20","Authorize",{"idTag":"04AABBCC"}]'
    cut = json.dumps({"schemaVersion": "1.1", "raw": raw})[:-2]
    path.write_text(f"{record()}\n{cut}\n", "utf-8")
    (issue,) = reading.read(str(path))["issues"].to_pylist()
    assert issue["kind"] == "not_understood"
    assert "04AABBCC" not in issue["detail"]


def test_the_traces_of_the_specification_are_read_whole(corpus: Path) -> None:
    paths = sorted((corpus / "logs").glob("open_ocpp_trace_*.jsonl"))
    if not paths:
        pytest.skip("no Open OCPP Traces in the corpus")
    assert len(paths) == 7
    for path in paths:
        tables = reading.read(str(path))
        (row,) = tables["sources"].to_pylist()
        lines = len(path.read_text("utf-8").splitlines())
        assert (row["kind"], row["messages"], row["records"], row["unknown"]) == ("open_trace", lines, lines, 0)
        assert tables["issues"].num_rows == 0


def test_only_the_answer_without_a_call_has_no_action(corpus: Path) -> None:
    path = corpus / "logs" / "open_ocpp_trace_orphan-response.jsonl"
    if not path.is_file():
        pytest.skip("no Open OCPP Traces in the corpus")
    rows = reading.read(str(path))["messages"].to_pylist()
    assert [(row["id"], row["action"]) for row in rows] == [
        ("msg-001", "BootNotification"),
        ("msg-001", "BootNotification"),
        ("msg-pre-capture", None),
    ]

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from analyzer.sources import homeassistant, log, reading
from analyzer.sources.events import Connected, Control, Disconnected, Event, Ignored, Line, Message, Trouble
from tests.sources.texts import account, tables

if TYPE_CHECKING:
    from pathlib import Path

NINE = 1_770_109_200_000_000
OCPP, INTEGRATION, FRAMES = "ocpp", "custom_components.ocpp", "websockets.server"


def record(what: str, seconds: float = 0, logger: str = INTEGRATION) -> str:
    return f"2026-02-03 09:{int(seconds) // 60:02d}:{seconds % 60:06.3f} DEBUG (MainThread) [{logger}] {what}"


def events(*lines: str) -> list[Event]:
    return list(homeassistant.read([Line(number, line) for number, line in enumerate(lines, 1)], UTC))


def told(*lines: str) -> list[Event]:
    return [event for event in events(*lines) if not isinstance(event, Ignored)]


def test_what_is_received_comes_from_the_charger() -> None:
    assert events(record('CP-7: receive message [2,"19","Heartbeat",{}]', logger=OCPP)) == [
        Message(NINE, "CP-7", "up", '[2,"19","Heartbeat",{}]', 1)
    ]


@pytest.mark.parametrize("verb", ["send", "send message"])
def test_what_is_sent_goes_to_the_charger(verb: str) -> None:
    assert events(record(f'CP-7: {verb} [3, "19" ,{{}}]', logger=OCPP)) == [
        Message(NINE, "CP-7", "down", '[3, "19" ,{}]', 1)
    ]


@pytest.mark.parametrize("station", ["", "129.168.1.4:9000", "http://10.0.0.7:9000/EVB-P20", "a b"])
def test_a_charger_may_be_called_anything_or_nothing(station: str) -> None:
    (event,) = events(record(f'{station}: receive message [2,"19","Heartbeat",{{}}]', logger=OCPP))
    assert isinstance(event, Message)
    assert event.station == station


def test_logs_of_2021_have_whole_seconds() -> None:
    (event,) = events('2026-02-03 09:00:00 INFO (MainThread) [ocpp] CP-7: send [3,"19",{}]')
    assert event == Message(NINE, "CP-7", "down", '[3,"19",{}]', 1)


def test_a_message_may_go_on_over_several_lines() -> None:
    lines = (record('CP-7: receive message [3,"19",', logger=OCPP), "{", '"status": "Accepted"', "}]")
    assert events(*lines) == [Message(NINE, "CP-7", "up", '[3,"19",{"status": "Accepted"}]', 1, 4)]


def test_a_message_that_is_cut_is_kept_and_the_next_record_is_not_lost() -> None:
    found = events(record('CP-7: send [2,"1","Res', logger=OCPP), record('CP-7: send [3,"2",{}]', 1, OCPP))
    assert [event.text for event in found if isinstance(event, Message)] == ['[2,"1","Res', '[3,"2",{}]']


def test_a_message_whose_middle_is_left_out_is_told() -> None:
    (event,) = events(record('CP-7: receive message [2,"1","MeterV...":"5"}]}]}]', logger=OCPP))
    assert isinstance(event, Trouble)
    assert (event.kind, event.station) == ("elided", "CP-7")


def test_tracebacks_and_banners_tell_nothing() -> None:
    lines = [
        "s6-rc: info: starting",
        record("oops", logger="homeassistant.core"),
        "Traceback (most recent call last):",
        "",
    ]
    assert told(*lines) == []


def test_a_message_that_nobody_introduces_is_not_understood() -> None:
    (event,) = events('[2,"19","Heartbeat",{}]')
    assert isinstance(event, Trouble)
    assert event.kind == "not_understood"


def test_a_charger_connects_with_its_path_and_subprotocol() -> None:
    assert told(
        record("Websocket Subprotocol matched: ocpp1.6"),
        record("Charger websocket path=/ocpp/CP%207"),
        record("Charger home:CP 7 connected to 0.0.0.0:9000."),
    ) == [Connected(NINE, "CP 7", 3, {"subprotocol": "ocpp1.6", "path": "/ocpp/CP%207"})]


@pytest.mark.parametrize(
    ("line", "station"),
    [
        ("Charger CP-7 connected to 0.0.0.0:9000.", "CP-7"),
        ("Charger  connected to 0.0.0.0:9000.", ""),
        ("Charger CP-7 reconnected to 0.0.0.0:9000.", "CP-7"),
        ("Charger http://10.0.0.7:9000/CP connected.", "http://10.0.0.7:9000/CP"),
        ("Charger CP-7 connected", "CP-7"),
    ],
)
def test_lines_of_several_versions_tell_that_a_charger_connected(line: str, station: str) -> None:
    (event,) = told(record(line))
    assert isinstance(event, Connected)
    assert event.station == station


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("Connection closed to 'CP-7': no close frame received or sent", ("lost", None, 1006, None)),
        (
            "Connection closed to 'CP-7': received 1001 (going away) bye; then sent 1001 (going away)",
            ("close", "station", 1001, "bye"),
        ),
        (
            "Connection closed to 'CP-7': sent 1011 (internal error) keepalive ping timeout; no close frame received",
            ("close", "csms", 1011, "keepalive ping timeout"),
        ),
        (
            "Connection closed to 'CP-7': code = 1006 (connection closed abnormally [internal]), no reason",
            ("lost", None, 1006, None),
        ),
        ("Connection closed to 'CP-7': something else", ("lost", None, None, None)),
        ("Connection to 'CP-7' timed out after '2' ping tries", ("timeout", "csms", None, None)),
        ("Charger CP-7 disconnected from 0.0.0.0:9000.", ("lost", None, None, None)),
        ("Unexpected exception in connection to 'CP-7': 'x'", ("lost", None, None, None)),
    ],
)
def test_an_end_tells_how_and_by_whom(line: str, end: tuple[object, ...]) -> None:
    (event,) = told(record(line))
    assert isinstance(event, Disconnected)
    assert event[1] == "CP-7"
    assert event[3:7] == end


def test_the_csms_ends_the_old_connection_of_a_charger_that_came_back() -> None:
    found = told(
        record("Charger CP-7 reconnected to 0.0.0.0:9000."),
        record("Connection closed to 'CP-7': sent 1000 (OK); no close frame received", 10),
        record("Connection closed to 'CP-7': sent 1000 (OK); then received 1000 (OK)", 40),
    )
    assert [event.origin for event in found if isinstance(event, Disconnected)] == [3]


def test_an_end_told_by_two_lines_is_one() -> None:
    text = "\n".join(
        (
            record("Charger CP-7 connected to 0.0.0.0:9000."),
            record('CP-7: receive message [2,"19","Heartbeat",{}]', 1, OCPP),
            record("Charger CP-7 disconnected from 0.0.0.0:9000.", 9),
            record("Connection closed to 'CP-7': sent 1011 (internal error); no close frame received", 9.001),
        )
    )
    (row,) = tables(text, "homeassistant")["connections"].to_pylist()
    assert (row["end_kind"], row["end_side"], row["close_code"]) == ("close", "csms", 1011)


def test_frames_are_those_of_the_only_charger_that_is_connected() -> None:
    found = told(
        record("= connection is OPEN", logger=FRAMES),
        record("Charger CP-7 connected to 0.0.0.0:9000."),
        record("> PING 0d 27 82 ce [binary, 4 bytes]", 1, FRAMES),
        record("< PONG 0d 27 82 ce [binary, 4 bytes]", 2, FRAMES),
    )
    assert found[1:] == [
        Control(NINE + 1_000_000, "CP-7", "down", "ping", 3, "0d 27 82 ce"),
        Control(NINE + 2_000_000, "CP-7", "up", "pong", 4, "0d 27 82 ce"),
    ]


def test_messages_as_frames_are_echoes_of_those_that_the_library_logs() -> None:
    frame = record('< TEXT \'[2,"19","Hear...at",{}]\' [198 bytes]', logger=FRAMES)
    message = record('CP-7: receive message [2,"19","Heartbeat",{}]', logger=OCPP)
    assert [type(event) for event in told(frame, message, frame)] == [Message]
    assert [event.kind for event in told(frame, frame) if isinstance(event, Trouble)] == ["elided", "elided"]


def test_a_log_without_a_charger_is_home_assistant_s_all_the_same() -> None:
    assert homeassistant.sniff(record("x", logger="homeassistant.loader")) >= log.SURE_ENOUGH


def test_the_zone_is_told_by_the_answers_or_by_the_user() -> None:
    (source,) = tables(homeassistant.SAMPLE, "homeassistant")["sources"].to_pylist()
    assert source["zone"] == "UTC+1 h, from currentTime in the answers"
    berlin = tables(homeassistant.SAMPLE, "homeassistant", ZoneInfo("Europe/Berlin"))
    assert (
        berlin["messages"]["ts"].to_pylist()
        == tables(homeassistant.SAMPLE, "homeassistant")["messages"]["ts"].to_pylist()
    )
    assert berlin["sources"]["zone"].to_pylist() == ["Europe/Berlin"]


def test_a_real_log_is_accounted_for(corpus: Path) -> None:
    made = reading.read(str(corpus / "logs" / "homeassistant_goe.log"))
    (source,) = made["sources"].to_pylist()
    assert (source["kind"], source["zone"]) == ("homeassistant", "UTC+1 h, from currentTime in the answers")
    assert account(made) == (2036, 2036)
    assert (made["messages"].num_rows, made["issues"].num_rows, source["unknown"]) == (218, 0, 0)
    assert None not in made["messages"]["action"].to_pylist()
    assert set(made["messages"]["station"].to_pylist()) == {"unnamed"}


def test_a_real_log_may_be_wrapped_at_a_width(corpus: Path) -> None:
    text = (corpus / "logs" / "homeassistant_goe.log").read_text("utf-8")
    wrapped = "\n".join(line[at : at + 400] for line in text.splitlines() for at in range(0, max(len(line), 1), 400))
    made, whole = tables(wrapped, "homeassistant"), tables(text, "homeassistant")
    records, accounted = account(made)
    assert records == accounted == len(wrapped.splitlines())
    assert made["messages"]["payload"].to_pylist() == whole["messages"]["payload"].to_pylist()

from __future__ import annotations

from datetime import UTC

import pytest

from analyzer.sources import log, mobilityhouse
from analyzer.sources.events import Connected, Disconnected, Event, Ignored, Line, Message, Trouble
from tests.sources.texts import tables

NINE = 1_770_109_200_000_000
BEAT = '[2,"19","Heartbeat",{}]'


def events(*lines: str) -> list[Event]:
    return list(mobilityhouse.read([Line(number, line) for number, line in enumerate(lines, 1)], UTC))


def told(*lines: str) -> list[Event]:
    return [event for event in events(*lines) if not isinstance(event, Ignored)]


@pytest.mark.parametrize(
    "shape",
    [
        "INFO:ocpp:{}",
        "DEBUG:ocpp:{}",
        "INFO:my_csms.ocpp:{}",
        "ocpp:{}",
        "[ocpp] {}",
        "{}",
        "INFO {}",
        "INFO     ocpp:charge_point.py:293 {}",
    ],
)
def test_without_a_time_the_message_is_read_all_the_same(shape: str) -> None:
    assert events(shape.format(f"CP-7: receive message {BEAT}")) == [Message(None, "CP-7", "up", BEAT, 1)]


@pytest.mark.parametrize(
    "shape",
    [
        "2026-02-03 09:00:00,000 INFO ocpp: {}",
        "2026-02-03 09:00:00,000 INFO:ocpp:{}",
        "2026-02-03 09:00:00,000 - ocpp - INFO - {}",
        "2026-02-03 09:00:00 [INFO] ocpp: {}",
        "2026-02-03T09:00:00Z INFO ocpp: {}",
        "2026-02-03T10:00:00+0100 | INFO | ocpp | {}",
        "[2026-02-03 09:00:00,000] INFO in charge_point: {}",
        "2026/02/03 09:00:00 {}",
        "INFO 2026-02-03 09:00:00 {}",
        "2026-02-03 09:00:00,000 - {{ocpp:456}} - {{INFO:OCPP Client}} - {}",
    ],
)
def test_a_time_is_read_in_any_shape(shape: str) -> None:
    assert events(shape.format(f"CP-7: receive message {BEAT}")) == [Message(NINE, "CP-7", "up", BEAT, 1)]


def test_a_time_in_a_message_is_not_the_time_of_its_line() -> None:
    (event,) = events('INFO:ocpp:CP-7: send [3,"19",{"currentTime":"2026-02-03T09:00:00Z"}]')
    assert isinstance(event, Message)
    assert event.ts is None


def test_a_time_that_is_missing_is_taken_from_the_envelope() -> None:
    text = (
        f"Feb  3 10:00:00 host csms[7]: INFO:ocpp:CP-7: receive message {BEAT}\n"
        'Feb  3 10:00:01 host csms[7]: INFO:ocpp:CP-7: send [3,"19",{"currentTime":"2026-02-03T09:00:01Z"}]\n'
    )
    made = tables(text, "mobilityhouse")
    assert [f"{ts:%Y-%m-%d %H:%M:%S}" for ts in made["messages"]["ts"].to_pylist()] == [
        "2026-02-03 09:00:00",
        "2026-02-03 09:00:01",
    ]
    assert made["issues"].num_rows == 0


def test_a_log_without_times_says_so() -> None:
    kinds = tables(mobilityhouse.SAMPLE, "mobilityhouse")["issues"]["kind"].to_pylist()
    assert kinds == ["no_time"]


@pytest.mark.parametrize("verb", ["send", "send message"])
def test_what_is_sent_goes_to_the_charger(verb: str) -> None:
    assert events(f'INFO:ocpp:CP-7: {verb} [3,"19",{{}}]') == [Message(None, "CP-7", "down", '[3,"19",{}]', 1)]


@pytest.mark.parametrize("station", ["", "CP 7", "http://10.0.0.7:9000/CP", "10.0.0.7:9000", "12345"])
def test_a_charger_may_be_called_anything_or_nothing(station: str) -> None:
    (event,) = events(f"INFO:ocpp:{station}: receive message {BEAT}")
    assert isinstance(event, Message)
    assert event.station == station


def test_on_a_charger_sent_and_received_are_the_other_way_round() -> None:
    found = events(
        f"INFO:ocpp:CP-7: send {BEAT}",
        'INFO:ocpp:CP-7: receive message [3,"19",{}]',
        'INFO:ocpp:CP-7: receive message [2,"1","Reset",{"type":"Soft"}]',
        "websockets.exceptions.ConnectionClosedError: received 1001 (going away); then sent 1001 (going away)",
    )
    assert [event.direction for event in found if isinstance(event, Message)] == ["up", "down", "down"]


def test_what_is_no_ocpp_is_kept_as_it_was_received() -> None:
    (event,) = events("INFO:ocpp:CP-7: receive message hello")
    assert event == Message(None, "CP-7", "up", "hello", 1)


def test_lines_of_other_programs_that_send_something_are_no_messages() -> None:
    assert told("INFO:mailer:smtp: send a mail", "ERROR:app:could not: send message") == []


def test_echoes_and_tracebacks_tell_nothing() -> None:
    assert (
        told(
            "WARNING:ocpp:Received a CALLError: <CallError - unique_id=1, error_code=NotSupported>'",
            'ERROR:ocpp:Unable to parse message: \'[2,"1","Heartbeat"]\', it doesn\'t seem to be valid OCPP: x',
            "Traceback (most recent call last):",
            '  File "central_system.py", line 12, in <module>',
        )
        == []
    )


def test_a_message_that_nobody_introduces_is_not_understood() -> None:
    (event,) = told(f"INFO:app:got {BEAT}")
    assert isinstance(event, Trouble)
    assert event.kind == "not_understood"


def test_a_connection_is_told_by_the_lines_of_websockets() -> None:
    found = told(
        "2026-02-03 08:59:58,000 INFO:websockets.server:server listening on 0.0.0.0:9000",
        "2026-02-03 09:00:00,000 INFO:websockets.server:connection open",
        f"2026-02-03 09:00:01,000 INFO:ocpp:CP-7: receive message {BEAT}",
        "2026-02-03 09:00:02,000 INFO:websockets.server:connection closed",
    )
    assert found[0] == Connected(NINE, "CP-7", 2)
    assert found[2] == Disconnected(NINE + 2_000_000, "CP-7", 4)


def test_a_log_of_home_assistant_is_not_claimed() -> None:
    line = f"2026-02-03 09:00:00.000 INFO (MainThread) [ocpp] CP-7: receive message {BEAT}"
    assert mobilityhouse.sniff(line) == 0
    assert log.guess(line.encode())[0].format.NAME == "homeassistant"

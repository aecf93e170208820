from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from analyzer.sources import reading, steve
from analyzer.sources.events import Connected, Control, Disconnected, Event, Ignored, Line, Message, Refused, Trouble

if TYPE_CHECKING:
    from pathlib import Path

NINE = 1_770_109_200_000_000
LOGGER = "de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp77-31) -"


def entry(what: str, *, seconds: int = 0, session: str = "s1", station: str = "CP-7") -> str:
    time = f"2026-02-03 09:{seconds // 60:02d}:{seconds % 60:02d},000"
    return f"[INFO ] {time} {LOGGER} [chargeBoxId={station}, sessionId={session}] {what}"


def events(*lines: str) -> list[Event]:
    return list(steve.read((Line(number, line) for number, line in enumerate(lines, 1)), UTC))


def test_what_is_received_comes_from_the_charger_and_what_is_sent_goes_to_it() -> None:
    assert events(entry('Received: [2,"19","Heartbeat",{}]'), entry('Sending: [3,"19",{}]', seconds=1)) == [
        Message(NINE, "CP-7", "up", '[2,"19","Heartbeat",{}]', 1),
        Message(NINE + 1_000_000, "CP-7", "down", '[3,"19",{}]', 2),
    ]


def test_old_versions_name_no_thread() -> None:
    line = (
        "[INFO ] 2026-02-03 09:00:00,000 de.rwth.idsg.steve.ocpp.ws.WebSocketLogger - "
        '[chargeBoxId=CP-7, sessionId=s1] Received: [2,"19","Heartbeat",{}]'
    )
    assert events(line) == [Message(NINE, "CP-7", "up", '[2,"19","Heartbeat",{}]', 1)]


def test_tabs_of_a_spreadsheet_stand_for_blanks() -> None:
    line = entry('Received: [2, "19", "StatusNotification", {"info": "all is well"}]').replace(" ", "\t")
    assert events(line) == [Message(NINE, "CP-7", "up", '[2, "19", "StatusNotification", {"info": "all is well"}]', 1)]


def test_a_connection_begins_and_ends() -> None:
    found = events(
        entry("Connection is established"),
        entry("Connection is closed, status: CloseStatus[code=1000, reason=null]", seconds=9),
    )
    assert found == [Connected(NINE, "CP-7", 1), Disconnected(NINE + 9_000_000, "CP-7", 2, "close", None, 1000, None)]


@pytest.mark.parametrize(
    ("status", "kind", "side"),
    [
        ("code=1006, reason=WebSocket Read EOF", "fin", None),
        ("code=1006, reason=Connection reset by peer", "rst", None),
        ("code=1006, reason=Session Closed", "lost", None),
        ("code=1001, reason=Connection Idle Timeout", "close", "csms"),
        ("code=1011, reason=no [brackets], please", "close", None),
    ],
)
def test_the_status_tells_how_a_connection_ended(status: str, kind: str, side: str | None) -> None:
    (found,) = events(entry(f"Connection is closed, status: CloseStatus[{status}]"))
    assert isinstance(found, Disconnected)
    assert (found.end_kind, found.end_side) == (kind, side)
    assert (found.close_code, found.close_reason) == (int(status[5:9]), status[18:])


def test_the_late_end_of_a_session_does_not_end_the_newer_one() -> None:
    found = events(
        entry("Connection is established"),
        entry("Connection is established", seconds=300, session="s2"),
        entry("Sending ping message", seconds=900),
        entry("Connection is closed, status: CloseStatus[code=1006, reason=Session Closed]", seconds=901),
        entry("Connection is closed, status: CloseStatus[code=1000, reason=null]", seconds=950, session="s2"),
    )
    assert [type(event) for event in found] == [Connected, Connected, Trouble, Trouble, Disconnected]
    assert [event.kind for event in found if isinstance(event, Trouble)] == ["stale_session"] * 2


def test_the_session_that_is_heard_is_the_living_one() -> None:
    found = events(
        entry('Received: [2,"1","Heartbeat",{}]'),
        entry('Received: [2,"2","Heartbeat",{}]', session="s2"),
        entry("Connection is closed, status: CloseStatus[code=1000, reason=null]", session="s2"),
    )
    assert isinstance(found[2], Disconnected)


def test_pings_and_pongs_are_control_frames() -> None:
    assert events(entry("Sending ping message"), entry("Received pong message")) == [
        Control(NINE, "CP-7", "down", "ping", 1),
        Control(NINE, "CP-7", "up", "pong", 2),
    ]


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("Received empty text message. Will pretend this never happened.", "empty_message"),
        ('Attempted to send to closed session: [2,"1","Reset",{"type":"Soft"}]', "not_sent"),
        ("Connection ended unexpectedly", "transport_error"),
        ("Transport error", "transport_error"),
        ("Ping error", "ping_error"),
        ("Something that no version writes", "not_understood"),
    ],
)
def test_what_went_wrong_is_told_with_its_charger(what: str, kind: str) -> None:
    assert events(entry(what)) == [Trouble(1, kind, what, NINE, "CP-7")]


def test_a_charger_that_is_not_known_was_refused() -> None:
    line = "[ERROR] 2026-02-03 09:00:00,000 de.rwth.idsg.steve.Any (qtp77-31) - ChargeBoxId 'no/one' is not recognized."
    assert events(line) == [Refused(NINE, "no/one", 1, 404)]


def test_other_loggers_and_stack_traces_are_ignored_and_counted() -> None:
    found = events(
        "[INFO ] 2026-02-03 09:00:00,000 org.jooq.Constants (main) - Thank you",
        "de.rwth.idsg.steve.SteveException: No session context for chargeBoxId 'CP-7'",
        "\tat de.rwth.idsg.steve.ocpp.ws.Store.get(Store.java:129) ~[steve.jar:?]",
        "Caused by: java.io.IOException: Broken pipe",
        "\t... 12 more",
        "",
    )
    assert found == [Ignored(number) for number in range(1, 7)]


def test_a_line_of_no_known_shape_is_told() -> None:
    assert events("lorem ipsum") == [Trouble(1, "not_understood", "lorem ipsum")]


def test_a_message_that_is_cut_keeps_what_there_is() -> None:
    assert events(entry('Received: [2,"19","MeterVal'), entry('Sending: [3,"18",{}]')) == [
        Message(NINE, "CP-7", "up", '[2,"19","MeterVal', 1),
        Message(NINE, "CP-7", "down", '[3,"18",{}]', 2),
    ]


def test_text_that_is_no_ocpp_is_passed_on_to_be_complained_of() -> None:
    assert events(entry("Received: hello")) == [Message(NINE, "CP-7", "up", "hello", 1)]


def test_a_message_may_go_on_over_several_lines() -> None:
    found = events(entry('Received: [2,"19",'), '  "Heartbeat",', "  {}]", entry('Sending: [3,"19",{}]'))
    assert found == [
        Message(NINE, "CP-7", "up", '[2,"19",  "Heartbeat",  {}]', 1, 3),
        Message(NINE, "CP-7", "down", '[3,"19",{}]', 4),
    ]


@pytest.mark.parametrize("station", ["", "a b", "tenant:7", "é%2F[x]", "ch, sessionIds", "../etc"])
def test_a_charger_may_be_called_anything(station: str) -> None:
    (found,) = events(entry('Received: [2,"19","Heartbeat",{}]', station=station))
    assert found.station == station  # type: ignore[union-attr]


def test_lines_out_of_order_keep_their_times() -> None:
    found = events(entry("Sending ping message", seconds=5), entry("Received pong message", seconds=3))
    assert [event.ts for event in found] == [NINE + 5_000_000, NINE + 3_000_000]  # type: ignore[union-attr]


def test_times_are_those_of_the_given_zone() -> None:
    (found,) = steve.read([Line(1, entry("Connection is established"))], ZoneInfo("Europe/Berlin"))
    assert found.ts == NINE - 3_600_000_000  # type: ignore[union-attr]


def test_the_zone_is_found_from_what_steve_says_the_time_is(tmp_path: Path) -> None:
    path = tmp_path / "steve.log"
    path.write_text(steve.SAMPLE, "utf-8")
    tables = reading.read(str(path))
    assert tables["sources"]["kind"].to_pylist() == ["steve"]
    assert str(tables["messages"]["ts"][0].as_py()) == "2026-02-03 03:05:06.789000+00:00"


def test_each_line_is_accounted_for_once(tmp_path: Path) -> None:
    lines = [
        entry("Connection is established"),
        entry('Received: [2,"19",'),
        '"Heartbeat",{}]',
        entry('Received: [2,"20","Heart'),
        "\tat nowhere",
        "what?",
        entry("Sending ping message"),
    ]
    path = tmp_path / "steve.log"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    (row,) = reading.read(str(path))["sources"].to_pylist()
    assert row["records"] == len(lines)
    assert row["unknown"] == 2

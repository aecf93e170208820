from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest

from analyzer.sources import evcc, reading
from analyzer.sources.events import Connected, Disconnected, Event, Ignored, Line, Message, Trouble

if TYPE_CHECKING:
    from pathlib import Path

NINE = 1_770_109_200_000_000
HEARTBEAT = '[2, "19", "Heartbeat", {}]'


def entry(what: str, *, level: str = "TRACE", area: str = "ocpp  ", seconds: int = 0) -> str:
    return f"[{area}] {level} 2026/02/03 09:{seconds // 60:02d}:{seconds % 60:02d} {what}"


def events(*lines: str) -> list[Event]:
    return list(evcc.read((Line(number, line) for number, line in enumerate(lines, 1)), UTC))


@pytest.mark.parametrize(
    ("said", "direction"),
    [
        ("recv CP-7", "up"),
        ("send CP-7", "down"),
        ("sent CP-7", "down"),
        ("received JSON message from CP-7", "up"),
        ("sent JSON message to CP-7", "down"),
    ],
)
def test_every_version_s_words_tell_the_direction(said: str, direction: str) -> None:
    assert events(entry(f"{said}: {HEARTBEAT}")) == [Message(NINE, "CP-7", direction, HEARTBEAT, 1)]


def test_an_area_may_have_lost_its_padding() -> None:
    assert events(entry(f"recv CP-7: {HEARTBEAT}", area="ocpp ")) == [Message(NINE, "CP-7", "up", HEARTBEAT, 1)]


@pytest.mark.parametrize(
    "words",
    [
        "charge point connected: CP-7",
        "chargepoint connected: CP-7",
        "charge point connected, registering: CP-7",
        "unknown charge point connected: CP-7",
        "charging station connected: CP-7",
    ],
)
def test_every_version_s_words_tell_a_connection(words: str) -> None:
    assert events(entry(words, level="DEBUG")) == [Connected(NINE, "CP-7", 1)]


def test_an_end_without_a_word_why_is_lost() -> None:
    assert events(entry("charge point disconnected: CP-7", level="DEBUG")) == [Disconnected(NINE, "CP-7", 1, "lost")]


def test_a_close_frame_that_was_read_before_the_end_tells_why() -> None:
    found = events(
        entry("read failed unexpectedly for CP-7: websocket: close 1008 (policy violation)", level="ERROR"),
        entry("charge point disconnected: CP-8", level="DEBUG"),
        entry("charge point disconnected: CP-7", level="DEBUG"),
        entry("charge point disconnected: CP-7", level="DEBUG"),
    )
    assert found[0] == Trouble(
        1, "csms_error", "read failed unexpectedly for CP-7: websocket: close 1008 (policy violation)", NINE, "CP-7"
    )
    assert found[1:] == [
        Disconnected(NINE, "CP-8", 2, "lost"),
        Disconnected(NINE, "CP-7", 3, "close", "station", 1008),
        Disconnected(NINE, "CP-7", 4, "lost"),
    ]


@pytest.mark.parametrize(
    "echo",
    [
        "handling incoming CALL [19, Heartbeat] from CP-7",
        "handling incoming CALL RESULT [19] from CP-7",
        "sent CALL RESULT [19] for CP-7",
        "sent CALL ERROR [19] for CP-7",
        "enqueued CALL [20, TriggerMessage] for CP-7",
        "dispatched request 20 for CP-7",
        "completed request 20 for CP-7",
        "started timeout timer for CP-7",
        "timeout canceled for CP-7",
        "CP-7 ready to transmit again",
        "TriggerMessage MeterValues for CP-7: Accepted",
        "*core.StatusNotificationRequest: &{ConnectorId:1 ErrorCode:NoError Status:Preparing}",
    ],
)
def test_the_echoes_of_a_message_are_no_messages(echo: str) -> None:
    assert events(entry(echo)) == [Ignored(1)]


def test_other_areas_are_ignored() -> None:
    found = events(entry("charge power: 0W", area="lp-1  "), entry("recv CP-7: [2]", area="site  "), "")
    assert found == [Ignored(1), Ignored(2), Ignored(3)]


def test_an_error_is_told_with_the_charger_whose_message_it_names() -> None:
    what = 'ocpp message (20): FormationViolation - month 0 ([3,"20",{"scheduleStart":"0"}])'
    found = events(
        entry(f"recv CP-7: {HEARTBEAT}"),
        entry('recv CP-8: [3,"20",{"scheduleStart":"0"}]'),
        entry(what, level="ERROR"),
        entry("ocpp message (99): GenericError - Request timed out", level="ERROR"),
    )
    assert found[2] == Trouble(3, "csms_error", what, NINE, "CP-8")
    assert found[3] == Trouble(4, "csms_error", "ocpp message (99): GenericError - Request timed out", NINE)


def test_a_payload_cut_by_the_journal_keeps_what_there_is() -> None:
    cut = '[2,"19","StatusNotification",{"connectorId":1,"ti>'
    assert events(entry(f"recv CP-7: {cut}"), entry('send CP-7: [3,"19",{}]')) == [
        Message(NINE, "CP-7", "up", cut, 1),
        Message(NINE, "CP-7", "down", '[3,"19",{}]', 2),
    ]


def test_a_payload_may_go_on_over_several_lines() -> None:
    found = events(entry('recv CP-7: [2,"19",'), '"Heartbeat",{}]', entry('send CP-7: [3,"19",{}]'))
    assert found == [
        Message(NINE, "CP-7", "up", '[2,"19","Heartbeat",{}]', 1, 2),
        Message(NINE, "CP-7", "down", '[3,"19",{}]', 3),
    ]


def test_text_that_is_no_ocpp_is_passed_on_to_be_complained_of() -> None:
    assert events(entry("recv CP-7: hello")) == [Message(NINE, "CP-7", "up", "hello", 1)]


@pytest.mark.parametrize("station", ["", "a b", "10.0.0.7:9000", "TACW****", "é%2F", "CALL-7", "server"])
def test_a_charger_may_be_called_anything(station: str) -> None:
    assert events(entry(f"recv {station}: {HEARTBEAT}")) == [Message(NINE, station, "up", HEARTBEAT, 1)]


def test_lines_out_of_order_keep_their_times() -> None:
    found = events(entry('send CP-7: [3,"19",{}]', seconds=20), entry(f"recv CP-7: {HEARTBEAT}", seconds=17))
    assert [event.ts for event in found] == [NINE + 20_000_000, NINE + 17_000_000]  # type: ignore[union-attr]


def test_what_is_new_in_the_ocpp_area_is_told() -> None:
    assert events(entry("words of a later version")) == [Trouble(1, "not_understood", "words of a later version", NINE)]
    assert events("lorem ipsum") == [Trouble(1, "not_understood", "lorem ipsum")]


def test_a_csms_on_ocpp_go_may_log_to_a_terminal() -> None:
    found = events(
        "INFO[2026-02-03T10:00:00+01:00] new charge point connected                    client=CP-7",
        f"DEBU[2026-02-03T10:00:00+01:00] received JSON message from CP-7: {HEARTBEAT}  logger=ocppj",
        "INFO[2026-02-03T10:00:00+01:00] tariff changed",
        "INFO[2026-02-03T10:00:00+01:00] charge point disconnected                     client=CP-7",
    )
    assert found == [
        Connected(NINE, "CP-7", 1),
        Message(NINE, "CP-7", "up", HEARTBEAT, 2),
        Ignored(3),
        Disconnected(NINE, "CP-7", 4, "lost"),
    ]


def test_a_csms_on_ocpp_go_may_log_to_a_file() -> None:
    found = events(
        'time="2026-02-03T10:00:00+01:00" level=debug msg="sent JSON message to CP-7: [3,\\"19\\",{}]" logger=ocppj',
        'time="2026-02-03T10:00:00+01:00" level=info msg="new charge point connected" client=CP-7',
        'time="2026-02-03T10:00:00+01:00" level=debug msg="sent JSON message to CP-7: [3,\\"20\\",{',
    )
    assert found == [
        Message(NINE, "CP-7", "down", '[3,"19",{}]', 1),
        Connected(NINE, "CP-7", 2),
        Message(NINE, "CP-7", "down", '[3,"20",{', 3),
    ]


def test_a_charger_on_ocpp_go_speaks_of_the_server() -> None:
    found = events(
        f"DEBU[0007] sent JSON message to server: {HEARTBEAT}",
        'DEBU[0007] received JSON message from server: [3,"19",{}]',
    )
    assert found == [Message(None, "", "up", HEARTBEAT, 1), Message(None, "", "down", '[3,"19",{}]', 2)]


def test_another_program_on_logrus_is_not_evcc() -> None:
    assert evcc.sniff("INFO[2026-02-03T10:00:00+01:00] listening\nINFO[2026-02-03T10:00:01+01:00] bye") == 0


def test_evcc_is_known_even_where_its_head_has_no_ocpp() -> None:
    assert evcc.sniff(entry("charge power: 0W", area="lp-1  ")) == 1


def test_the_zone_is_found_from_what_evcc_says_the_time_is(tmp_path: Path) -> None:
    path = tmp_path / "evcc.log"
    path.write_text("".join(f"evcc  | {line}\n" for line in evcc.SAMPLE.splitlines()), "utf-8")
    tables = reading.read(str(path))
    (row,) = tables["sources"].to_pylist()
    assert (row["kind"], row["records"], row["unknown"], row["lifecycle"]) == ("evcc", 5, 0, 2)
    assert str(tables["messages"]["ts"][0].as_py()) == "2026-02-03 03:05:06+00:00"


def test_an_answer_logged_before_its_call_in_the_same_second_still_answers_it() -> None:
    found = events(entry('recv CP-7: [3,"7",{}]'), entry('send CP-7: [2,"7","Reset",{"type":"Soft"}]'))
    assert [(event.ts, event.origin) for event in found if isinstance(event, Message)] == [(NINE, 2), (NINE + 1, 1)]

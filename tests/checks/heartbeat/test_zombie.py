from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.heartbeat.zombie import zombie
from tests.manuals import damaged, findings, workspace

START = """
08:00:00 CP1 + ocpp1.6
08:00:10 CP1 < GetConfiguration#g {}
08:00:10.3 CP1 > =#g {"configurationKey": []}
"""
BEATS = """
08:01:00x10/60s CP1 > Heartbeat#h$(i)
08:01:00.1x10/60s CP1 < =#h$(i) {"currentTime": "$(now)"}
"""
CALLS = "08:02:30x3/60s CP1 < GetConfiguration#c$(i) {}\n"


def merged(*parts: str) -> str:
    lines = sorted(line for part in parts for line in part.strip().splitlines())
    return "\n".join(lines)


def test_three_calls_in_a_row_are_a_zombie_and_two_are_none() -> None:
    (found,) = findings(zombie, merged(START, BEATS, CALLS))
    assert (found["severity"], found["count"]) == ("critical", 3)
    assert findings(zombie, merged(START, BEATS, CALLS.replace("x3", "x2"))) == []


def test_without_heartbeats_between_it_is_only_silence() -> None:
    assert findings(zombie, merged(START, CALLS, "08:30:00 CP1 > Heartbeat")) == []


def test_heartbeats_that_are_not_answered_prove_no_link() -> None:
    assert findings(zombie, merged(START, CALLS, "08:01:00x10/60s CP1 > Heartbeat#h$(i)")) == []


def test_calls_of_two_connections_are_not_in_a_row() -> None:
    parts = "08:04:00 CP1 - 1006 by csms\n08:04:01 CP1 + ocpp1.6"
    assert findings(zombie, merged(START, BEATS, CALLS, parts)) == []


def test_a_call_that_the_end_of_the_connection_interrupts_does_not_count() -> None:
    end = "08:04:45 CP1 - 1006 by csms\n08:04:46 CP1 + ocpp1.6"
    assert findings(zombie, merged(START, BEATS, CALLS, end)) == []
    assert findings(zombie, merged(START, BEATS, CALLS, end.replace("08:04:4", "08:05:0")))


def test_an_error_is_an_answer() -> None:
    error = '08:03:31 CP1 > !#c1 NotSupported "no" {}'
    assert findings(zombie, merged(START, BEATS, CALLS, error)) == []


def test_an_action_that_the_charger_never_answers_is_ignored_not_lost() -> None:
    assert findings(zombie, merged(START, BEATS, CALLS.replace("GetConfiguration", "DataTransfer"))) == []


def test_it_holds_for_ocpp_201() -> None:
    text = merged(START, BEATS, CALLS).replace("ocpp1.6", "ocpp2.0.1").replace("GetConfiguration", "GetVariables")
    assert findings(zombie, text)


def test_a_log_without_any_answer_of_the_charger_is_not_judged() -> None:
    text = merged(START.replace("GetConfiguration", "Reset"), BEATS, CALLS)
    text = "\n".join(line for line in text.splitlines() if ">" not in line or "Heartbeat" in line)
    rows = zombie(*workspace(text).tables(zombie.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


def test_a_station_without_a_call_of_the_csms_is_not_judged() -> None:
    for text in (
        merged("08:00:00 CP1 + ocpp1.6", BEATS),
        merged("08:00:00 CP1 + ocpp1.6", BEATS, "08:10:59 CP1 < Reset#r {}"),
    ):
        rows = zombie(*workspace(text).tables(zombie.needs)).to_pylist()
        assert [(row["severity"], row["summary"]) for row in rows] == [
            ("unknown", "no call of the CSMS was watched for long enough")
        ]


def judged(text: str, **sources: object) -> list[tuple[object, object]]:
    made = workspace(text)
    rows = schema.from_rows("sources", [{**row, **sources} for row in made.table("sources").to_pylist()])
    tables = [rows if name == "sources" else made.table(name) for name in zombie.needs]
    return [(row["severity"], row["count"]) for row in zombie(*tables).to_pylist()]


def test_a_healthy_charger_that_answers_is_judged_and_clean() -> None:
    answers = '08:02:31x3/60s CP1 > =#c$(i) {"configurationKey": []}'
    assert judged(merged(START, BEATS, CALLS, answers)) == []


def test_an_answer_between_breaks_the_row() -> None:
    answer = '08:04:31 CP1 > =#c2 {"configurationKey": []}'
    assert judged(merged(START, BEATS, CALLS.replace("x3", "x5"), answer)) == []


@pytest.mark.parametrize("beat", ["08:02:00", "08:04:31", "08:03:00 CP2"])
def test_a_heartbeat_before_after_or_of_another_charger_proves_nothing(beat: str) -> None:
    name = beat if "CP" in beat else f"{beat} CP1"
    beats = f"{name} > Heartbeat#z\n{name} < =#z {{}}\n08:20:00 CP1 > Heartbeat"
    assert findings(zombie, merged(START, "08:00:05 CP2 + ocpp1.6", CALLS, beats)) == []


def test_another_answered_call_is_no_heartbeat() -> None:
    status = '08:03:00 CP1 > StatusNotification#s {"connectorId": 1}\n08:03:00 CP1 < =#s {}'
    assert findings(zombie, merged(START, CALLS, status, "08:20:00 CP1 > Heartbeat")) == []


def test_a_capture_without_any_answer_of_the_charger_is_judged() -> None:
    assert judged(merged("08:00:00 CP1 + ocpp1.6", BEATS, CALLS), kind="capture") == [("critical", 3)]


def test_what_needs_no_answer_does_not_count() -> None:
    sent = CALLS.replace("< GetConfiguration#c$(i)", "< ~GetConfiguration")
    assert findings(zombie, merged(START, BEATS, sent)) == []


def test_after_the_boot_was_accepted_calls_must_be_answered() -> None:
    boot = '08:00:02 CP1 > BootNotification#b {}\n08:00:03 CP1 < =#b {"status": "Accepted", "interval": 60, "currentTime": "2026-01-01T08:00:03Z"}'
    assert findings(zombie, merged(START, boot, BEATS, CALLS))
    assert findings(zombie, merged(START, boot.replace("Accepted", "Pending"), BEATS, CALLS)) == []


@pytest.mark.parametrize(
    ("moment", "where", "count"),
    [
        ("08:03:31", None, 0),
        ("08:03:31", "its own", 0),
        ("08:02:29", None, 1),
        ("08:06:31", None, 1),
        ("08:03:31", "another", 1),
    ],
)
def test_a_call_whose_answer_may_have_been_lost_is_not_unanswered(moment: str, where: str | None, count: int) -> None:
    text = merged(START, BEATS, CALLS)
    own = workspace(text).table("connections")["connection"][0].as_py()
    space = damaged(text, moment, own if where == "its own" else where)
    assert zombie(*space.tables(zombie.needs)).num_rows == count

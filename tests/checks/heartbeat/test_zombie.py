from __future__ import annotations

from analyzer.checks.heartbeat.zombie import zombie
from tests.manuals import findings, workspace

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

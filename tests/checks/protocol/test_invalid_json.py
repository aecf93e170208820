from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer import schema
from analyzer.checks import checks
from analyzer.checks.protocol.invalid_json import invalid_json
from analyzer.config import Config
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace, run
from tests.manuals import findings, tables

BEAT = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > Heartbeat
08:00:01.1 CP1 < = {"currentTime": "$(now)"}
"""
EMPTY = '[2,"7","StopTransaction",{"transactionId":,"meterStop":1}]'
CUT = '[2,"7","MeterValues",{"connectorId":1,"meterVal'


def captured(text: str, *holes: dict[str, object]) -> list[dict[str, object]]:
    """What the check says of the trace, were it a capture with these holes."""
    made = tables(text)
    sources = [{**row, "kind": "capture"} for row in made["sources"].to_pylist()]
    made["sources"] = schema.from_rows("sources", sources)
    made["transport"] = schema.from_rows("transport", [{"connection": "1.1", "kind": "hole", **hole} for hole in holes])
    rows: list[dict[str, object]] = invalid_json(*(made[name] for name in invalid_json.needs)).to_pylist()
    return rows


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ('{"transactionId":,"meterStop":1}', 'an empty value for "transactionId" (1x)'),
        ('{"meterValue":[,{"timestamp":1}]}', 'an empty value for "meterValue" (1x)'),
        ('{"meterStop":1,}', "a trailing comma (1x)"),
        ('{"meterStop":nan}', 'a number that JSON does not have for "meterStop" (1x)'),
        ('{"meterStop":16,5}', 'a number that JSON does not have for "meterStop" (1x)'),
        ("{meterStop:1}", "a name without quotes (1x)"),
    ],
)
def test_what_no_log_makes_is_told_in_words(payload: str, told: str) -> None:
    (found,) = findings(invalid_json, f'{BEAT}08:10:00 CP1 > raw [2,"7","StopTransaction",{payload}]')
    assert found["summary"] == f"1 of 2 messages of the charger is no JSON: {told}"
    assert (found["severity"], found["count"]) == ("error", 1)


@pytest.mark.parametrize(
    "text",
    [
        CUT,
        "[2,'7','Heartbeat',{}]",
        '[2,"7","Authorize",{"idTag":None}]',
        '[2,"7","DataTransfer",{"data":"{"a":1}"}]',
        "ping",
    ],
)
def test_what_a_log_may_have_made_is_not_judged_there_and_told_of_a_capture(text: str) -> None:
    trace = f"{BEAT}08:10:00 CP1 > raw {text}"
    assert findings(invalid_json, trace) == []
    (unknown,) = invalid_json(*(tables(trace)[name] for name in invalid_json.needs)).to_pylist()
    assert (unknown["severity"], unknown["station"]) == ("unknown", "CP1")
    (found,) = captured(trace)
    assert found["severity"] == "error"


def test_each_side_has_a_finding_of_its_own_with_all_its_faults_counted() -> None:
    text = f"""
    {BEAT}
    08:10:00x3/60s CP1 > raw {EMPTY}
    08:20:00 CP1 > raw [2,"8","Heartbeat",{{}},]
    08:30:00 CP1 < raw [3,"9",{{"status":"Accepted",}}]
    """.replace("    ", "")
    found = findings(invalid_json, text)
    assert [(row["count"], row["summary"]) for row in found] == [
        (
            4,
            '4 of 5 messages of the charger are no JSON: an empty value for "transactionId" (3x), a trailing comma (1x)',
        ),
        (1, "1 of 2 messages of the CSMS is no JSON: a trailing comma (1x)"),
    ]
    assert len({row["fingerprint"] for row in found}) == 2


def test_a_message_after_a_hole_in_the_capture_does_not_count_until_a_whole_one_came() -> None:
    made = tables(BEAT)
    before = made["connections"]["ts"][0].as_py()
    text = f"{BEAT}08:10:00 CP1 > raw {CUT}"
    hole = {"ts": made["messages"]["ts"][1].as_py(), "direction": "up"}
    (unknown,) = captured(text, hole)
    assert unknown["severity"] == "unknown"
    assert captured(text, {**hole, "ts": before})[0]["severity"] == "error"
    assert captured(text, {**hole, "direction": "down"})[0]["severity"] == "error"


def test_a_station_that_writes_json_is_judged_and_fine() -> None:
    made = run(checks(), Workspace(tables(BEAT), DERIVATIONS), Config(select=("PR01",)))
    assert len(made) == 0
    assert [(row["outcome"], row["station"]) for row in made.runs.to_pylist()] == [("ran", None)]


def test_a_card_number_is_not_shown() -> None:
    (found,) = findings(invalid_json, f'{BEAT}08:10:00 CP1 > raw [2,"7","Authorize",{{"idTag":"04AABBCC",}}]')
    assert "04AABBCC" not in str(found)


def test_text_without_times_is_judged() -> None:
    made = tables(f"{BEAT}08:10:00 CP1 > raw {EMPTY}")
    for name in ("messages", "issues"):
        rows = [{**row, "ts": None} for row in made[name].to_pylist()]
        made[name] = schema.from_rows(name, rows)
    (found,) = invalid_json(*(made[name] for name in invalid_json.needs)).to_pylist()
    assert (found["severity"], found["start"], found["count"]) == ("error", None, 1)


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    made = tables(BEAT)
    issue = {"kind": "bad_json", "detail": text, "station": "CP1", "source": "example.trace", "origin": 4}
    made["issues"] = schema.from_rows("issues", [issue])
    assert invalid_json(*(made[name] for name in invalid_json.needs)).num_rows == 1


def test_a_fault_of_neither_side_in_particular_counts_too() -> None:
    made = tables(BEAT)
    made["sources"] = schema.from_rows("sources", [{**row, "kind": "capture"} for row in made["sources"].to_pylist()])
    fault = {
        "kind": "bad_json",
        "detail": "a trailing comma: {,",
        "station": "CP1",
        "source": "example.trace",
        "origin": 4,
    }
    for count, said in ((1, "1 message is no JSON: "), (2, "2 messages are no JSON: ")):
        made["issues"] = schema.from_rows("issues", [fault] * count)
        (found,) = invalid_json(*(made[name] for name in invalid_json.needs)).to_pylist()
        assert found["summary"].startswith(said)


def test_a_fault_in_the_first_message_of_a_connection_is_one() -> None:
    (found,) = captured(f"08:00:00 CP1 + ocpp1.6\n08:10:00 CP1 > raw {CUT}")
    assert found["severity"] == "error"
    assert found["start"] == found["end"]
    assert found["start"] is not None


@pytest.mark.parametrize(("count", "more"), [(3, False), (4, True)])
def test_three_faults_are_told_and_of_more_their_number(count: int, more: bool) -> None:
    faults = ['{"a":,}', '{"a":1,}', "{a:1}", '{"a":nan}'][:count]
    text = "".join(f'08:1{n}:00 CP1 > raw [2,"{n}","DataTransfer",{fault}]\n' for n, fault in enumerate(faults))
    (found,) = findings(invalid_json, BEAT + text)
    assert ("and 1 other fault" in str(found["summary"])) == more

from __future__ import annotations

import pytest

from analyzer.checks.meter_values.transaction_id import transaction_id
from tests.manuals import findings

START = """
08:00:00 CP1 + ocpp1.6
08:01:00 CP1 > StartTransaction#s {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "$(now)"}
"""
ANSWER = '08:01:00.1 CP1 < =#s {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}\n'
STOP = '08:30:00 CP1 > StopTransaction#e {"transactionId": 7, "meterStop": 900, "timestamp": "$(now)"}\n'


def sample(
    at: str, identity: object, *, connector: int = 1, stamp: str = "$(now)", context: str = "Sample.Periodic"
) -> str:
    named = "" if identity is None else f'"transactionId": {identity}, '
    return (
        f'{at} CP1 > MeterValues {{"connectorId": {connector}, {named}"meterValue": [{{"timestamp": "{stamp}", '
        f'"sampledValue": [{{"value": "5", "context": "{context}"}}, {{"value": "7", "measurand": "Voltage"}}]}}]}}\n'
    )


@pytest.mark.parametrize("identity", [None, 0, -1, 8, '"7a"'])
def test_anything_but_the_running_transaction_is_wrong(identity: object) -> None:
    (found,) = findings(transaction_id, START + ANSWER + sample("08:05:00", identity) + sample("08:06:00", 7) + STOP)
    assert (found["severity"], found["count"], found["value"]) == ("error", 1, 50.0)


def test_the_running_transaction_is_right() -> None:
    assert findings(transaction_id, START + ANSWER + sample("08:05:00", 7) + sample("08:06:00", '"7"') + STOP) == []


@pytest.mark.parametrize("identity", [None, -1])
def test_a_start_that_was_never_answered_leaves_it_unknown(identity: object) -> None:
    assert findings(transaction_id, START + sample("08:05:00", identity) + STOP.replace("7", "-1", 1)) == []


def test_before_the_answer_and_after_the_end_there_is_nothing_to_name() -> None:
    text = START + sample("08:01:03", None) + ANSWER.replace("08:01:00.1", "08:01:04") + sample("08:01:06", None)
    assert findings(transaction_id, text + STOP + sample("08:30:10", None)) == []


def test_an_unanswered_start_ends_what_was_known_of_the_transaction_before() -> None:
    lost = START.strip().splitlines()[1].replace("08:01:00", "08:10:00").replace("#s", "#t")
    assert findings(transaction_id, START + ANSWER + lost + "\n" + sample("08:15:00", -1)) == []


@pytest.mark.parametrize(
    "text",
    [
        sample("08:05:00", None, connector=0),
        sample("08:05:00", None, connector=2),
        sample("08:05:00", None, context="Sample.Clock").replace(', {"value": "7", "measurand": "Voltage"}', ""),
        sample("08:05:00", None, context="Trigger").replace(', {"value": "7", "measurand": "Voltage"}', ""),
        sample("08:05:00", None, stamp="2026-01-01T07:30:00Z"),
        sample("08:05:00", None, stamp="2026-01-01T09:30:00Z"),
    ],
)
def test_what_is_not_sampled_in_the_transaction_need_not_name_it(text: str) -> None:
    assert findings(transaction_id, START + ANSWER + text + STOP) == []


def test_a_sample_without_a_time_may_be_a_late_one_of_another_transaction() -> None:
    other = START.replace("08:01:00", "08:00:10").replace("#s", "#o").replace("08:00:00 CP1 + ocpp1.6\n", "")
    other += '08:00:11 CP1 < =#o {"transactionId": 3, "idTagInfo": {"status": "Accepted"}}\n'
    late = sample("08:05:00", 3).replace('"timestamp": "$(now)", ', "")
    first, rest = "08:00:00 CP1 + ocpp1.6\n", START.replace("08:00:00 CP1 + ocpp1.6\n", "")
    assert findings(transaction_id, first + other + rest + ANSWER + late + STOP) == []
    assert findings(transaction_id, first + other + rest + ANSWER + late.replace("3,", "4,", 1) + STOP)


def test_values_of_one_message_count_once_and_connectors_are_apart() -> None:
    second = (
        (START + ANSWER).replace('"connectorId": 1', '"connectorId": 2').replace("#s", "#z").replace(": 7,", ": 9,")
    )
    second = second.replace("08:00:00 CP1 + ocpp1.6\n", "")
    text = (
        START
        + ANSWER
        + second
        + sample("08:05:00", None)
        + sample("08:06:00", 7, connector=2)
        + sample("08:07:00", 9, connector=2)
    )
    found = findings(transaction_id, text)
    assert [(row["count"], row["value"]) for row in found] == [(1, 100.0), (1, 50.0)]


@pytest.mark.parametrize("connector", ['"1"', "1e400", "99999999999999999999", "null", "[1]", "true"])
def test_hostile_connectors_are_left_out(connector: str) -> None:
    text = START.replace('"connectorId": 1', f'"connectorId": {connector}') + ANSWER + sample("08:05:00", None)
    assert findings(transaction_id, text) == []

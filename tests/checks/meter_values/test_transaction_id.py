from __future__ import annotations

import pytest

from analyzer.checks.meter_values.transaction_id import transaction_id
from tests.manuals import findings, workspace

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


@pytest.mark.parametrize("context", ["Sample.Periodic", "Transaction.Begin", "Transaction.End"])
def test_samples_of_a_transaction_are_periodic_or_of_its_ends(context: str) -> None:
    text = sample("08:05:00", None, context=context).replace(', {"value": "7", "measurand": "Voltage"}', "")
    assert len(findings(transaction_id, START + ANSWER + text + STOP)) == 1


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        (START + ANSWER + sample("08:05:00", 7) + STOP, []),
        (START + sample("08:05:00", 7) + STOP, ["unknown"]),
        (sample("08:05:00", 7), ["unknown"]),
        ((START + ANSWER + sample("08:05:00", None)).replace("ocpp1.6", "ocpp2.0.1"), []),
        ((START + ANSWER + sample("08:05:00", None)).replace("08:00:00 CP1 + ocpp1.6\n", ""), ["error"]),
    ],
)
def test_a_station_is_judged_where_an_answered_start_of_16_has_samples(text: str, severities: list[str]) -> None:
    made = transaction_id(*workspace(text).tables(transaction_id.needs))
    assert made["severity"].to_pylist() == severities


def test_the_wait_for_the_answer_is_five_seconds_by_both_clocks() -> None:
    late = sample("08:01:05.1", None) + sample("08:01:10", None, stamp="2026-01-01T08:01:04.9Z")
    assert [row["count"] for row in findings(transaction_id, START + ANSWER + late + STOP)] == [1]


def test_only_samples_of_the_transaction_are_counted_and_what_they_name_is_told() -> None:
    text = START + ANSWER + sample("08:05:00", None) + STOP + sample("08:31:00", None) + sample("08:32:00", 7)
    (found,) = findings(transaction_id, text)
    assert (found["count"], found["value"]) == (1, 100.0)
    assert "the transactionId none (1x), while transaction 7 ran" in str(found["summary"])


def test_two_messages_of_one_moment_are_two() -> None:
    (found,) = findings(transaction_id, START + ANSWER + sample("08:05:00", None) * 2 + STOP)
    assert found["count"] == 2


def test_after_the_end_was_seen_a_sample_without_a_time_names_nothing() -> None:
    untimed = sample("08:31:00", None).replace('"timestamp": "$(now)", ', "")
    assert findings(transaction_id, START + ANSWER + STOP + untimed) == []


def test_a_start_and_a_stop_without_their_times_are_judged_by_what_was_seen() -> None:
    text = (START + ANSWER + sample("08:05:00", None) + STOP).replace(', "timestamp": "$(now)"}\n', "}\n")
    assert [row["count"] for row in findings(transaction_id, text)] == [1]


@pytest.mark.parametrize("identity", [0, -1])
def test_the_ids_that_stand_for_none_are_no_late_samples_though_a_transaction_had_them(identity: int) -> None:
    before = START.replace("08:01:00", "08:00:10").replace("#s", "#o")
    before += f'08:00:11 CP1 < =#o {{"transactionId": {identity}, "idTagInfo": {{"status": "Accepted"}}}}\n'
    loose = sample("08:05:00", identity).replace('"timestamp": "$(now)", ', "")
    rest = START.replace("08:00:00 CP1 + ocpp1.6\n", "")
    assert len(findings(transaction_id, before + rest + ANSWER + loose + STOP)) == 1


def test_a_charger_of_2x_has_nothing_to_be_judged() -> None:
    event = '08:0{}:00 CP1 > TransactionEvent {{"eventType": "{}", "seqNo": {}, "timestamp": "$(now)", "triggerReason": "MeterValuePeriodic", "transactionInfo": {{"transactionId": "a"}}, "evse": {{"id": 1, "connectorId": 1}}, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{{"value": 5}}]}}]}}\n'
    text = "08:00:00 CP1 + ocpp2.0.1\n" + event.format(1, "Started", 0) + event.format(2, "Updated", 1)
    assert transaction_id(*workspace(text).tables(transaction_id.needs)).num_rows == 0


def test_an_identity_that_is_given_again_is_another_transaction_with_an_end_of_its_own() -> None:
    again = (START + ANSWER + STOP).replace("08:00:00 CP1 + ocpp1.6\n", "").replace("08:", "10:").replace("#s", "#t")
    text = START + ANSWER + sample("08:05:00", 7) + STOP + again.replace("#e", "#f")
    assert findings(transaction_id, text + sample("10:05:00", 7)) == []
    (found,) = findings(transaction_id, text + sample("10:05:00", 7) + sample("10:06:00", 8))
    assert (found["count"], found["value"]) == (1, pytest.approx(100 / 3))
    (found,) = findings(transaction_id, text + sample("08:06:00", 8) + sample("10:05:00", 7))
    assert found["count"] == 1


@pytest.mark.parametrize(("status", "count"), [("Invalid", 0), ("Blocked", 0), ("Accepted", 1)])
def test_what_was_refused_and_never_stopped_did_not_run(status: str, count: int) -> None:
    text = START + ANSWER.replace("Accepted", status) + sample("08:05:00", None)
    assert len(findings(transaction_id, text)) == count
    assert len(findings(transaction_id, text + STOP)) == 1

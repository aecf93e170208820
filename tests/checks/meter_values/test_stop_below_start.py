from __future__ import annotations

import pytest

from analyzer.checks.meter_values.stop_below_start import stop_below_start
from tests.manuals import findings, workspace

TRANSACTION = """
08:00:00 CP1 + ocpp1.6
08:01:00 CP1 > StartTransaction {{"connectorId": 1, "idTag": "T", "meterStart": {start}, "timestamp": "$(now)"}}
08:01:00.1 CP1 < = {{"transactionId": 7, "idTagInfo": {{"status": "Accepted"}}}}
08:31:10 CP1 > StopTransaction {{"transactionId": 7, "meterStop": {stop}, "timestamp": "$(now)"}}
"""


@pytest.mark.parametrize(
    ("start", "stop", "severity"),
    [
        (5000, 5000, None),
        (5000, 4999, "warning"),
        (5000, 4998, "warning"),
        (5000, 4997, "critical"),
        (5000, 0, "error"),
        (5000, -1, "error"),
        (0, 0, None),
        (0, -1, "error"),
        (2, 0, "warning"),
        (99_999_000, 1_100, "info"),
        (99_999_000, 0, "error"),
    ],
)
def test_the_depth_decides(start: int, stop: int, severity: str | None) -> None:
    found = findings(stop_below_start, TRANSACTION.format(start=start, stop=stop))
    assert [row["severity"] for row in found] == ([severity] if severity else [])


def test_a_meter_that_was_not_read_is_told_as_such() -> None:
    (found,) = findings(stop_below_start, TRANSACTION.format(start=5000, stop=-1))
    assert "was not read" in str(found["summary"])


def test_the_ends_of_a_201_transaction_are_samples_and_left_to_others() -> None:
    event = '"triggerReason": "Authorized", "transactionInfo": {"transactionId": "a"}, "timestamp": "$(now)"'
    text = f"""
    08:00:00 CP1 + ocpp2.0.1
    08:01:00 CP1 > TransactionEvent {{"eventType": "Started", "seqNo": 0, {event}, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{{"value": 5000}}]}}]}}
    08:31:00 CP1 > TransactionEvent {{"eventType": "Ended", "seqNo": 1, {event}, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{{"value": 3000}}]}}]}}
    """
    assert findings(stop_below_start, text) == []


def test_without_both_ends_it_is_not_judged() -> None:
    text = TRANSACTION.format(start=5000, stop=4000).replace("StopTransaction", "Heartbeat")
    rows = stop_below_start(*workspace(text).tables(stop_below_start.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


def test_each_end_has_a_kind_and_the_worst_is_told_with_its_own_count() -> None:
    later = TRANSACTION.format(start=5000, stop=-1).split("\n", 2)[2].replace("08:", "09:")
    later = later.replace('"transactionId": 7', '"transactionId": 8')
    later = later.replace("StartTransaction", "StartTransaction#second").replace("< =", "< =#second")
    (found,) = findings(stop_below_start, TRANSACTION.format(start=1000, stop=999) + later)
    assert (found["severity"], found["count"]) == ("error", 1)
    assert "8 from 5000 to -1 Wh" in str(found["summary"])
    assert str(found["summary"]).endswith("was not read; 1 transaction more for a lesser reason")
    assert "rounding" not in str(found["summary"])


SAMPLED = '08:30:00 CP1 > MeterValues {{"connectorId": 1, "transactionId": 7, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{{{}}}]}}]}}\n08:31:10'


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        ('"value": "230", "measurand": "Voltage"', None),
        ('"value": "x"', None),
        ('"value": "4000", "context": "Sample.Clock"', None),
        ('"value": "4000", "phase": "L1"', None),
        ('"value": "4998"', "4998"),
        ('"value": "5900"', "5900"),
    ],
)
def test_only_a_sample_of_the_register_itself_shows_that_the_register_went_back(sample: str, said: str | None) -> None:
    text = TRANSACTION.format(start=5000, stop=3800).replace("08:31:10", SAMPLED.format(sample))
    (found,) = findings(stop_below_start, text)
    assert found["severity"] == "critical"
    assert str(found["summary"]).endswith(f"Wh; its last sample says {said} Wh" if said else "to 3800 Wh")


def test_a_register_that_went_back_by_its_samples_is_told_elsewhere_and_rounding_is_not() -> None:
    text = TRANSACTION.replace("08:31:10", SAMPLED.replace("{{{}}}", '{{"value": "4997"}}'))
    assert findings(stop_below_start, text.format(start=5000, stop=3800)) == []
    assert [row["severity"] for row in findings(stop_below_start, text.format(start=5000, stop=4998))] == ["warning"]


def test_samples_in_the_stop_itself_prove_nothing_and_it_is_dated_by_the_stop() -> None:
    data = '"transactionData": [{"timestamp": "$(now)", "sampledValue": [{"value": "3800"}]}], "meterStop"'
    (found,) = findings(stop_below_start, TRANSACTION.format(start=5000, stop=3800).replace('"meterStop"', data))
    assert str(found["start"]).startswith("2026-01-01 08:31:10")


@pytest.mark.parametrize("name", [0, -1, 7])
def test_two_connectors_with_one_identity_are_told_apart(name: int) -> None:
    sampled = (
        '{} CP1 > MeterValues {{"connectorId": {}, "transactionId": NAME, "meterValue": '
        '[{{"timestamp": "$(now)", "sampledValue": [{{"value": "$({}+500*i)"}}]}}]}}\n'
    )
    text = TRANSACTION.format(start=1_000_000, stop=1_003_100).replace("StartTransaction", "StartTransaction#a")
    text = text.replace("< =", "< =#a").replace('"transactionId": 7', '"transactionId": NAME')
    other = text.replace("#a", "#b").replace('"connectorId": 1', '"connectorId": 2')
    other = other.replace("1000000", "5000").replace("1003100", "8100").replace(":00 CP1", ":02 CP1")
    other = other.replace("00.1 CP1", "02.1 CP1").replace("31:10", "33:10").split("\n", 2)[2]
    samples = sampled.format("08:03:00x5/300s", 1, 1_000_500) + sampled.format("08:03:01x5/300s", 2, 5_500)
    whole = (text + other + samples).replace("NAME", str(name))
    assert findings(stop_below_start, whole) == []
    assert findings(stop_below_start, whole.replace('"meterStop": 8100', '"meterStop": 4000'))[0]["count"] == 1

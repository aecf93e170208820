from __future__ import annotations

import pytest

from tests.manuals import workspace

Row = dict[str, object]


def rows(text: str) -> list[Row]:
    found: list[Row] = workspace(text).table("transactions").to_pylist()
    return found


START = """
08:00:10 CP1 > StartTransaction#s {"connectorId": 2, "idTag": "A", "meterStart": 100, "timestamp": "$(now-5)"}
08:00:10.1 CP1 < =#s {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
"""
STOP = '09:00:10 CP1 > StopTransaction#e {"transactionId": 7, "meterStop": 5100, "timestamp": "$(now-9)", "reason": "Remote"}\n'


def event(at: str, kind: str, value: object, more: str = "") -> str:
    sampled = f'[{{"timestamp": "$(now)", "sampledValue": [{{"value": {value}}}]}}]'
    return (
        f'{at} CP1 > TransactionEvent#{at} {{"eventType": "{kind}", "timestamp": "$(now-5)", "seqNo": 0, '
        f'"transactionInfo": {{"transactionId": "t"{more}}}, "meterValue": {sampled}, "evse": {{"id": 3, "connectorId": 1}}}}\n'
    )


def test_a_transaction_of_16_is_named_by_the_answer_and_measured_by_its_ends() -> None:
    (row,) = rows(START + STOP)
    assert (row["transaction"], row["connector"], row["evse"], row["reason"]) == ("7", 2, None, "Remote")
    assert (row["meter_start"], row["meter_stop"], row["energy"]) == (100.0, 5100.0, 5000.0)
    assert [str(row[name])[11:19] for name in ("start", "started", "end", "stopped")] == [
        "08:00:05", "08:00:10", "09:00:01", "09:00:10",
    ]  # fmt: skip


def test_an_open_transaction_has_no_end_and_no_energy() -> None:
    (row,) = rows(START)
    assert [row[name] for name in ("end", "stopped", "meter_stop", "reason", "energy")] == [None] * 5


def test_a_missing_reason_means_local() -> None:
    (row,) = rows(START + STOP.replace(', "reason": "Remote"', ""))
    assert row["reason"] == "Local"


def test_a_start_without_answer_is_a_transaction_without_a_name() -> None:
    (row,) = rows(START.split("08:00:10.1", maxsplit=1)[0])
    assert str(row["transaction"]).startswith("unanswered ")


def test_an_end_without_its_start_is_kept() -> None:
    (row,) = rows(STOP)
    assert (row["transaction"], row["started"], row["connector"]) == ("7", None, None)
    assert row["stopped"] is not None


def test_samples_count_by_their_times_and_tell_the_connector() -> None:
    entry = '{"timestamp": "$(now)", "sampledValue": [{"value": "1"}, {"value": "2", "measurand": "Voltage"}]}'
    sampled = f'08:10:00x4/60s CP1 > MeterValues {{"connectorId": 2, "transactionId": 7, "meterValue": [{entry}]}}\n'
    (row,) = rows(sampled + STOP)
    assert (row["samples"], row["connector"], row["started"]) == (4, 2, None)
    (row,) = rows(
        START + sampled.replace("Voltage", 'Voltage", "context": "Trigger').replace('"1"', '"1", "context": "Trigger"')
    )
    assert row["samples"] == 0


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_a_transaction_of_2x_is_named_by_the_charger_and_measured_by_its_samples(version: str) -> None:
    (row,) = rows(
        f"08:00:00 CP1 + {version}\n"
        + event("08:00:10", "Started", 100)
        + event("08:30:10", "Updated", 2000)
        + event("09:00:10", "Ended", 5100, ', "stoppedReason": "EVDisconnected"')
    )
    assert (row["transaction"], row["evse"], row["connector"], row["reason"]) == ("t", 3, 1, "EVDisconnected")
    assert (row["energy"], row["samples"]) == (5000.0, 3)


def test_an_event_without_a_place_keeps_the_place_that_is_known() -> None:
    later = '08:30:00 CP1 > TransactionEvent {"eventType": "Ended", "transactionInfo": {"transactionId": "t"}}'
    (row,) = rows("08:00:00 CP1 + ocpp2.0.1\n" + event("08:00:10", "Started", 100) + later)
    assert (row["evse"], row["connector"], row["end"]) == (3, 1, None)
    assert row["stopped"] is not None


def test_two_stations_may_use_the_same_identity() -> None:
    assert len(rows(START + STOP.replace("CP1", "CP2"))) == 2


@pytest.mark.parametrize(
    "sent",
    [
        "StartTransaction []",
        'StartTransaction {"connectorId": [], "meterStart": {}, "timestamp": 5}',
        'StopTransaction {"transactionId": {}, "meterStop": "much"}',
        'TransactionEvent {"eventType": ["Ended"], "transactionInfo": "t", "evse": 1}',
        'TransactionEvent {"eventType": "Started", "transactionInfo": {"transactionId": null}, "meterValue": 7}',
    ],
)
def test_odd_payloads_make_a_row_without_what_is_odd(sent: str) -> None:
    (row,) = rows(f"08:00:00 CP1 > {sent}")
    assert [row[name] for name in ("evse", "connector", "start", "end", "meter_start", "meter_stop")] == [None] * 6

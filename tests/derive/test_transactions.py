from __future__ import annotations

import pytest

from tests.derive.sessions import EVENTS, SAMPLED, START, event, rows, start, stop
from tests.manuals import workspace

STOP = '09:00:10 CP1 > StopTransaction#e {"transactionId": 7, "meterStop": 5100, "timestamp": "$(now-9)", "reason": "Remote"}\n'


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


def test_a_register_that_ran_out_of_digits_counted_on() -> None:
    answer = '{"transactionId": 7}'
    for before, after, energy in (
        (99_999_000, 2_700, 3_700.0),
        (99_999_000, 0, -99_999_000.0),
        (5_000, 4_000, -1_000.0),
    ):
        (row,) = rows(start("08:00:10", answer, meter=before) + stop("08:30:00", 7, after))
        assert row["energy"] == energy


def test_samples_of_two_connectors_with_one_identity_count_for_their_own() -> None:
    answer = '{"transactionId": -1}'
    text = start("08:00:10", answer) + start("08:01:10", answer, connector=1, name="t")
    (first, second) = rows(text + SAMPLED.format("08:10:00x3/60s") + stop("08:30:00", -1) + stop("08:31:00", -1))
    assert (first["connector"], first["samples"], second["samples"]) == (2, 3, 0)


def test_samples_count_for_the_last_transaction_with_their_identity_that_had_begun() -> None:
    text = start("08:00:10", '{"transactionId": -1}') + SAMPLED.format("08:10:00x2/60s") + stop("08:30:00", -1, 5)
    text += start("09:00:10", '{"transactionId": -1}', meter=5) + SAMPLED.format("09:10:00x3/60s")
    assert [row["samples"] for row in rows(text)] == [2, 3]


def test_a_number_with_a_fraction_of_nothing_is_the_same_identity() -> None:
    text = START.replace('"transactionId": 7,', '"transactionId": 7.0,') + STOP.replace("7", '"7"', 1)
    (row,) = rows(text)
    assert (row["transaction"], row["stopped"] is None) == ("7", False)


def test_the_first_event_that_names_an_evse_places_a_transaction() -> None:
    begin = "08:00:00 CP1 + ocpp2.0.1\n"
    bare = event("08:00:10", "Started", 100).replace(', "evse": {"id": 3, "connectorId": 1}', "")
    (row,) = rows(begin + bare + event("08:30:10", "Updated", 200))
    assert (row["evse"], row["connector"]) == (3, 1)
    later = event("08:40:10", "Updated", 300).replace('"id": 3, "connectorId": 1', '"id": 4, "connectorId": 2')
    (row,) = rows(begin + event("08:30:10", "Started", 200) + later)
    assert (row["evse"], row["connector"]) == (3, 1)
    half = event("08:20:10", "Started", 100).replace(', "connectorId": 1', "")
    (row,) = rows(begin + half + later + event("08:50:10", "Updated", 400))
    assert (row["evse"], row["connector"]) == (3, 1)


def test_an_answer_of_a_wrong_shape_refuses_nothing() -> None:
    space = workspace(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > StartTransaction#1 {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "$(now)"}
        08:00:02 CP1 < =#1 {"transactionId": 1, "idTagInfo": {"status": {}}}
        """
    )
    assert space.table("transactions")["refused"].to_pylist() == [False]


def test_what_names_no_transaction_is_kept_under_the_name_none() -> None:
    sent = '08:00:00 CP1 > TransactionEvent#{} {{"eventType": "Updated"}}\n'
    assert [row["transaction"] for row in rows(sent.format("a") + sent.format("b"))] == ["none"]
    assert [row["transaction"] for row in rows(stop("08:30:00", "null"))] == ["none"]
    again = [event(at, kind, 5).replace('"transactionId": "t"', "") for at, kind in EVENTS]
    assert [row["transaction"] for row in rows("08:00:00 CP1 + ocpp2.0.1\n" + "".join(again))] == ["none"] * 2

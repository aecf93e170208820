from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from analyzer.derive.readings import numbers
from analyzer.ocpp.meter_values import number
from tests.manuals import workspace

Row = dict[str, object]


def rows(text: str) -> list[Row]:
    found: list[Row] = workspace(text).table("readings").to_pylist()
    return found


def values(sampled: str, time: str = "$(now)") -> str:
    return (
        '08:00:00 CP1 > MeterValues {"connectorId": 1, "transactionId": 7, '
        f'"meterValue": [{{"timestamp": "{time}", "sampledValue": [{sampled}]}}]}}'
    )


def test_a_bare_value_of_16_is_the_register_in_wh() -> None:
    (row,) = rows(values('{"value": "12"}'))
    names = ("value", "unit", "measurand", "context", "location", "phase", "format", "raw_value", "raw_unit")
    assert [row[name] for name in names] == [
        12.0, "Wh", "Energy.Active.Import.Register", "Sample.Periodic", "Outlet", None, "Raw", "12", None,
    ]  # fmt: skip
    assert (row["connector"], row["transaction"], row["action"]) == (1, "7", "MeterValues")


@settings(max_examples=30, deadline=None)
@given(st.integers(-(10**9), 10**9))
def test_a_thousandth_of_the_number_in_a_unit_a_thousand_times_larger_is_the_same(number: int) -> None:
    small, large = rows(values(f'{{"value": "{number}"}}, {{"value": "{number / 1000}", "unit": "kWh"}}'))
    assert small["value"] == pytest.approx(large["value"])
    assert small["unit"] == large["unit"] == "Wh"


@pytest.mark.parametrize(
    ("time", "told"),
    [
        ("2026-01-01T09:00:00+01:00", ("08:00:00", True)),
        ("2026-01-01T08:00:00", ("08:00:00", False)),
        ("yesterday", (None, None)),
    ],
)
def test_the_time_is_that_of_the_charger_and_says_whether_it_has_a_zone(
    time: str, told: tuple[str | None, bool | None]
) -> None:
    (row,) = rows(values('{"value": "1"}', time))
    assert (row["measured"] and str(row["measured"])[11:19], row["zoned"]) == told


@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_a_value_of_2x_is_a_number_with_a_multiplier(version: str) -> None:
    (row,) = rows(
        f"08:00:00 CP1 + {version}\n"
        '08:00:01 CP1 > TransactionEvent {"eventType": "Updated", "evse": {"id": 2, "connectorId": 1}, '
        '"transactionInfo": {"transactionId": "t"}, "meterValue": [{"timestamp": "$(now)", "sampledValue": '
        '[{"value": 7.4, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W", "multiplier": 3}}]}]}'
    )
    assert (row["value"], row["unit"], row["evse"], row["connector"], row["transaction"]) == (7400.0, "W", 2, 1, "t")


def test_the_data_of_a_stop_are_readings_too() -> None:
    (row,) = rows(
        '08:00:00 CP1 > StopTransaction {"transactionId": 7, "transactionData": [{"timestamp": "$(now)", '
        '"sampledValue": [{"value": "5", "context": "Transaction.End"}]}]}'
    )
    assert (row["action"], row["context"], row["value"]) == ("StopTransaction", "Transaction.End", 5.0)


@pytest.mark.parametrize("value", ['"NaN"', '"7,4"', "null", "[]", '"7 kW"', '"1e999"'])
def test_what_is_no_number_has_no_value(value: str) -> None:
    (row,) = rows(values(f'{{"value": {value}}}'))
    assert row["value"] is None


@pytest.mark.parametrize("payload", ["[]", "7", '{"meterValue": 7}', '{"meterValue": [{"sampledValue": []}]}'])
def test_a_message_without_values_has_no_readings(payload: str) -> None:
    assert rows(f"08:00:00 CP1 > MeterValues {payload}") == []


def test_values_from_the_csms_are_no_readings() -> None:
    assert rows(values('{"value": "12"}').replace(">", "<")) == []


def event(transaction: str, evse: str = "", value: int = 5) -> str:
    return (
        f'08:00:01 CP1 > TransactionEvent {{"eventType": "Updated", {evse}"transactionInfo": '
        f'{{"transactionId": "{transaction}"}}, "meterValue": [{{"timestamp": "$(now)", "sampledValue": '
        f'[{{"value": {value}}}]}}]}}\n'
    )


def placed(*events: str) -> list[tuple[object, object]]:
    found = rows("08:00:00 CP1 + ocpp2.0.1\n" + "".join(events))
    return [(row["evse"], row["connector"]) for row in found]


NAMED = '"evse": {"id": 2, "connectorId": 1}, '


def test_an_event_that_leaves_out_its_evse_has_that_of_its_transaction() -> None:
    assert placed(event("t", NAMED), event("t"), event("u")) == [(2, 1), (2, 1), (None, None)]
    assert placed(event("t", NAMED), event("t", '"evse": {"id": 2}, ')) == [(2, 1), (2, 1)]
    assert placed(event("t", '"evse": {"id": 2}, '), event("t", NAMED), event("t")) == [(2, None), (2, 1), (2, 1)]


def test_an_evse_is_told_by_an_event_without_values_too() -> None:
    bare = event("t", NAMED).replace('[{"value": 5}]', "[]")
    assert placed(event("t"), bare, event("t")) == [(None, None), (2, 1)]


def test_an_event_that_names_another_evse_is_believed_and_changes_nothing_for_the_next() -> None:
    assert placed(event("t", NAMED), event("t", '"evse": {"id": 3}, '), event("t")) == [(2, 1), (3, None), (2, 1)]


def test_a_transaction_of_another_station_has_its_own_place() -> None:
    other = event("t").replace("CP1", "CP2")
    found = rows(f"08:00:00 CP1 + ocpp2.0.1\n08:00:00 CP2 + ocpp2.0.1\n{event('t', NAMED)}{other}")
    assert [row["evse"] for row in found] == [2, None]


def test_messages_are_read_batch_by_batch_as_they_are_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "08:00:00 CP1 + ocpp2.0.1\n" + event("t", NAMED) + event("t") * 4
    whole = rows(text)
    monkeypatch.setattr(sys.modules["analyzer.derive.readings"], "BATCH", 2)
    assert rows(text) == whole
    assert [row["evse"] for row in whole] == [2] * 5


@given(
    st.lists(
        st.none()
        | st.text(alphabet="0123456789+-.eE, \u00a0naifx_", max_size=8)
        | st.sampled_from(["1" * 401, "1e999", "-1e308"])
    )
)
def test_numbers_of_a_column_are_those_of_each_text(texts: list[str | None]) -> None:
    found = numbers(pa.array(texts, pa.string()))
    assert [None if np.isnan(value) else value for value in found.tolist()] == [number(text) for text in texts]

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from analyzer.ocpp.meter_values import MAX_NAME, MAX_VALUE, Sample, number, sampled_values
from analyzer.ocpp.payloads import LARGEST
from analyzer.schema import TABLES
from tests.ocpp.test_payloads import JSON

if TYPE_CHECKING:
    from pathlib import Path

ACTIONS = st.sampled_from(["MeterValues", "StopTransaction", "TransactionEvent"])
VERSIONS = st.sampled_from([None, "1.6", "2.0.1", "2.1"])
NAMES = st.sampled_from(
    [
        "meterValue",
        "transactionData",
        "sampledValue",
        "value",
        "unit",
        "unitOfMeasure",
        "multiplier",
        "measurand",
        "timestamp",
        "format",
        "context",
        "phase",
        "location",
        "connectorId",
        "evseId",
        "evse",
        "id",
        "transactionId",
        "transactionInfo",
        "signedMeterValue",
    ]
)
ALMOST_METER_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["7.4", "1e308", "kWh"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=30,
)


def samples(payload: object, action: str = "MeterValues", version: str | None = "1.6") -> list[Sample]:
    return list(sampled_values(action, json.dumps(payload), version))


def sample(version: str = "1.6", **sampled: object) -> Sample:
    [found] = samples({"meterValue": [{"sampledValue": [sampled]}]}, version=version)
    return found


def test_a_sample_is_what_the_table_of_readings_holds_per_value() -> None:
    readings = {field.name for field in TABLES["readings"].fields}
    assert set(Sample._fields) <= readings


def test_what_is_left_out_has_the_default_of_the_standard() -> None:
    assert sample(value="5") == Sample(
        None, "Sample.Periodic", "Energy.Active.Import.Register", None, "Outlet", 5.0, "Wh", "5", None, "Raw", None, None, None
    )  # fmt: skip


def test_a_meter_value_of_16_keeps_its_connector_transaction_and_timestamp() -> None:
    [found] = samples(
        {
            "connectorId": 2,
            "transactionId": -1,
            "meterValue": [
                {
                    "timestamp": "2026-01-01T00:00:00",
                    "sampledValue": [
                        {
                            "value": "7.4",
                            "unit": "kW",
                            "measurand": "Power.Active.Import",
                            "phase": "L1",
                            "context": "Trigger",
                            "location": "Inlet",
                        }
                    ],
                }
            ],
        }
    )
    assert (found.measured, found.connector, found.transaction) == ("2026-01-01T00:00:00", 2, "-1")
    assert (found.value, found.unit, found.raw_value, found.raw_unit) == (7400.0, "W", "7.4", "kW")
    assert (found.phase, found.context, found.location) == ("L1", "Trigger", "Inlet")


def test_a_meter_value_since_201_has_an_evse_and_a_power_of_ten() -> None:
    payload = {
        "evseId": 3,
        "meterValue": [
            {"sampledValue": [{"value": 12.5, "unitOfMeasure": {"unit": "kWh", "multiplier": -1}}]},
        ],
    }
    [found] = samples(payload, version="2.0.1")
    assert (found.evse, found.connector, found.transaction) == (3, None, None)
    assert found.value == pytest.approx(1250.0)
    assert (found.unit, found.raw_value) == ("Wh", "12.5")


def test_a_stop_brings_the_samples_of_its_transaction() -> None:
    payload = {"transactionId": 9, "transactionData": [{"sampledValue": [{"value": "1"}, {"value": "2"}]}]}
    assert [(each.value, each.transaction) for each in samples(payload, "StopTransaction")] == [(1.0, "9"), (2.0, "9")]


def test_a_transaction_event_names_its_evse_connector_and_transaction() -> None:
    payload = {
        "evse": {"id": 1, "connectorId": 2},
        "transactionInfo": {"transactionId": "ab-1"},
        "meterValue": [{"sampledValue": [{"value": 1}]}],
    }
    [found] = samples(payload, "TransactionEvent", "2.1")
    assert (found.evse, found.connector, found.transaction) == (1, 2, "ab-1")


def test_an_object_where_an_array_belongs_is_taken() -> None:
    assert [each.value for each in samples({"meterValue": {"sampledValue": {"value": "3"}}})] == [3.0]


def test_a_number_where_16_wants_text_is_taken() -> None:
    assert sample(value=230.5).value == 230.5


@pytest.mark.parametrize(
    "raw", ["NaN", "inf", "-Infinity", "7,4", "", " ", "0x10", "12 kWh", "1_000", "\u0661", "1e999"]
)
def test_what_is_no_decimal_has_no_value_but_stays_as_it_was_sent(raw: str) -> None:
    found = sample(value=raw)
    assert found.value is None
    assert found.raw_value == raw


@pytest.mark.parametrize(
    ("raw", "value"), [("-5", -5), ("+5.0", 5), (" 1.5\n", 1.5), ("1E3", 1000), ("0007", 7), (".5", 0.5), ("5.", 5)]
)
def test_a_decimal_has_its_value(raw: str, value: float) -> None:
    assert sample(value=raw).value == value


@pytest.mark.parametrize("raw", [None, True, [], {}])
def test_what_is_neither_text_nor_number_has_no_value(raw: object) -> None:
    assert sample(value=raw).value is None


def test_signed_data_has_no_value_even_where_it_looks_like_a_number() -> None:
    found = sample(value="1234567890", format="SignedData")
    assert (found.value, found.format, found.raw_value) == (None, "SignedData", "1234567890")


def test_a_sample_since_201_that_holds_a_signature_alone_is_signed_data() -> None:
    assert sample("2.0.1", signedMeterValue={}).format == "SignedData"
    assert sample("2.0.1", value=1, signedMeterValue={}).format == "Raw"


def test_a_value_that_no_register_counts_to_is_none() -> None:
    assert sample(value="1e308", unit="kWh").value is None
    assert sample(value="1e15").value == LARGEST
    assert sample(value="1.1e15").value is None


def test_hostile_lengths_are_cut() -> None:
    found = sample(value="9" * 100_000, measurand="m" * 100_000, unit="u" * 100_000)
    assert (len(found.raw_value or ""), len(found.measurand), len(found.unit)) == (MAX_VALUE, MAX_NAME, MAX_NAME)
    assert found.value is None


@pytest.mark.parametrize("payload", ["", "{", "null", "[]", '"x"', '{"meterValue":null}', '{"meterValue":[null,1,[]]}'])
def test_a_payload_without_samples_gives_none(payload: str) -> None:
    assert list(sampled_values("MeterValues", payload, "1.6")) == []


def fit_for_a_table(found: Sample) -> bool:
    texts = [part for part in found if isinstance(part, str)]
    numbers = [part for part in (found.evse, found.connector) if part is not None]
    return (
        all(part.encode("utf-8") is not None for part in texts)
        and all(-(2**63) <= part < 2**63 for part in numbers)
        and (found.value is None or abs(found.value) <= LARGEST)
    )


@given(ACTIONS, JSON | ALMOST_METER_VALUES, VERSIONS)
def test_any_json_payload_gives_samples_that_fit_a_table(action: str, payload: object, version: str | None) -> None:
    assert all(map(fit_for_a_table, samples(payload, action, version)))


@given(ACTIONS, ALMOST_METER_VALUES, VERSIONS)
def test_any_sampled_value_gives_a_sample_that_fits_a_table(action: str, sampled: object, version: str | None) -> None:
    payload = {
        name: [{"timestamp": sampled, "sampledValue": [sampled, {"value": sampled, "unit": sampled}]}]
        for name in ("meterValue", "transactionData")
    }
    found = samples(payload, action, version)
    assert found
    assert all(map(fit_for_a_table, found))


@given(ACTIONS, st.text(), VERSIONS)
def test_any_text_gives_samples_without_raising(action: str, payload: str, version: str | None) -> None:
    assert all(map(fit_for_a_table, sampled_values(action, payload, version)))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_same_as_text_and_as_json(value: float) -> None:
    assert number(value) == number(str(value)) == value


def test_a_current_for_each_phase_and_a_register_without_a_zone_parse() -> None:
    # Made after its shape: no zone, a current for each phase, the register in kWh.
    phases = [
        {"value": f"{15 + n}.10", "measurand": "Current.Import", "phase": f"L{n}", "unit": "A"} for n in (1, 2, 3)
    ]
    energy = {
        "value": "1234.5",
        "measurand": "Energy.Active.Import.Register",
        "unit": "kWh",
        "context": "Sample.Periodic",
    }
    payload = {
        "connectorId": 1,
        "transactionId": 77,
        "meterValue": [{"timestamp": "2025-12-18T21:43:08", "sampledValue": [*phases, energy]}],
    }
    found = samples(payload)
    assert [each.value for each in found] == [16.1, 17.1, 18.1, 1_234_500.0]
    assert [each.phase for each in found] == ["L1", "L2", "L3", None]
    assert {(each.transaction, each.measured) for each in found} == {("77", "2025-12-18T21:43:08")}


def test_every_value_of_a_real_log_that_has_text_is_a_number(corpus: Path) -> None:
    text = (corpus / "logs" / "homeassistant_goe.log").read_text(encoding="utf-8", errors="replace")
    decoder = json.JSONDecoder()
    calls = (decoder.raw_decode(text, found.start())[0] for found in re.finditer(r'\[2,"[^"]*","MeterValues"', text))
    found = [each for call in calls for each in samples(call[3])]
    assert found
    assert all(each.value is not None for each in found)

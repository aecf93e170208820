from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.ocpp.meter_values import measured_in, place_of
from analyzer.ocpp.meter_values_typed import decode_request
from analyzer.ocpp.payloads import decode, members

SCALARS = st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats(allow_nan=False) | st.text(max_size=6)
NAMES = st.sampled_from(["Voltage", "", "Energy.Active.Import.Register", "x" * 120]) | SCALARS
UNITS = st.fixed_dictionaries({}, optional={"unit": NAMES, "multiplier": SCALARS}) | SCALARS
SAMPLED = st.fixed_dictionaries(
    {},
    optional={
        "value": SCALARS | st.just("12.5"), "context": NAMES, "measurand": NAMES, "phase": NAMES, "location": NAMES,
        "unit": NAMES, "format": st.sampled_from(["Raw", "SignedData"]) | SCALARS, "unitOfMeasure": UNITS,
        "signedMeterValue": SCALARS,
    },
)  # fmt: skip
METER_VALUES = st.lists(
    st.fixed_dictionaries({}, optional={"timestamp": SCALARS, "sampledValue": st.lists(SAMPLED, max_size=3) | SAMPLED}),
    max_size=3,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "meterValue": METER_VALUES | SCALARS, "transactionData": METER_VALUES | SCALARS, "connectorId": SCALARS,
        "transactionId": SCALARS, "evseId": SCALARS, "evse": st.fixed_dictionaries({"id": SCALARS}) | SCALARS,
        "transactionInfo": st.fixed_dictionaries({"transactionId": SCALARS}) | SCALARS,
    },
)  # fmt: skip
ACTIONS = ["MeterValues", "StopTransaction", "TransactionEvent"]
USUAL = (
    '{"connectorId":1,"transactionId":7,"meterValue":[{"timestamp":"2026-01-01T00:00:00Z",'
    '"sampledValue":[{"value":"1.5","unit":"kWh"},{"value":"","signedMeterValue":{"a":1}}]}]}'
)


@pytest.mark.parametrize("action", ACTIONS)
@given(request=REQUESTS)
@settings(max_examples=150, deadline=None)
def test_what_has_the_shape_of_the_standard_is_read_as_any_other_shape_is(
    action: str, request: dict[str, object]
) -> None:
    payload = json.dumps(request)
    typed = decode_request(payload)
    if typed is not None:
        general = members(decode(payload))
        assert list(typed.measured(action)) == list(measured_in(action, general))
        assert typed.place(action, "2.0.1") == place_of(action, general, "2.0.1")


def test_a_usual_message_has_the_shape_of_the_standard() -> None:
    typed = decode_request(USUAL)
    assert typed is not None
    assert [(each.raw_value, each.meaning.raw_unit) for each in typed.measured("MeterValues")] == [
        ("1.5", "kWh"),
        ("", None),
    ]


@pytest.mark.parametrize(
    "payload", [None, "", "{", "[]", '{"meterValue":{}}', '{"meterValue":[{"sampledValue":[{"value":[]}]}]}']
)
def test_another_shape_is_left_to_the_general_reading(payload: str | None) -> None:
    assert decode_request(payload) is None

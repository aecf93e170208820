from __future__ import annotations

import json

import pytest

from analyzer.checks.meter_values.not_a_number import not_a_number
from tests.manuals import findings


def sent(value: object, version: str = "1.6", **more: object) -> str:
    body = {"meterValue": [{"timestamp": "2026-01-01T08:01:00Z", "sampledValue": [{"value": value, **more}]}]}
    place = {"connectorId": 1} if version == "1.6" else {"evseId": 1}
    return f"08:00:00 CP1 + ocpp{version}\n08:01:00 CP1 > MeterValues {json.dumps({**place, **body})}"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("NaN", "NaN or infinity"),
        ("-Infinity", "NaN or infinity"),
        ("7,4", "a decimal comma"),
        ("1.234.567", "separated thousands"),
        ("12'345", "separated thousands"),
        ("7.4 kW", "a unit inside"),
        ("0x1F", "hexadecimal"),
        ("1F", "a unit inside"),
        ("4f434d46", "hexadecimal"),
        ("1e300", "a number too great"),
        ("", "nothing"),
        ("---", "other text"),
        ("\u0663", "other text"),
    ],
)
def test_what_stands_in_place_of_a_number_is_named(value: str, kind: str) -> None:
    (found,) = findings(not_a_number, sent(value))
    assert kind in str(found["summary"])
    assert found["severity"] == "error"


@pytest.mark.parametrize("value", ["0", "-7.4", "+7.4", " 12 ", ".5", "5.", "1e3", "1.5E-3"])
def test_decimal_numbers_are_numbers(value: str) -> None:
    assert findings(not_a_number, sent(value)) == []


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_numbers_of_2x_are_numbers_and_what_json_does_not_know_is_none(version: str) -> None:
    assert findings(not_a_number, sent(7.4, version)) == []
    (found,) = findings(not_a_number, sent(float("nan"), version))
    assert found["count"] == 1


@pytest.mark.parametrize("name", ["SignedData", "signedData"])
def test_signed_data_need_not_be_a_number(name: str) -> None:
    assert findings(not_a_number, sent("OCMF|{}|{}", format=name)) == []


def test_a_value_that_is_missing_or_no_scalar_is_left_to_the_schema() -> None:
    assert findings(not_a_number, sent(None)) == []
    assert findings(not_a_number, sent({"a": 1})) == []


def test_one_finding_tells_how_many_of_how_many() -> None:
    text = sent("1") + "".join(
        f'\n08:0{minute}:00 CP1 > MeterValues {{"connectorId": 1, "meterValue": [{{"sampledValue": [{{"value": "x"}}]}}]}}'
        for minute in (2, 3, 4)
    )
    (found,) = findings(not_a_number, text)
    assert (found["count"], found["value"], found["unit"]) == (3, 75.0, "Percent")

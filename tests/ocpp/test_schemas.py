from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, strategies as st
from ocpp.v16.enums import Action as Action16
from ocpp.v21.enums import Action as Action21
from ocpp.v201.enums import Action as Action201

from analyzer.ocpp.schemas import FOLDERS, MAX_MESSAGE, MAX_VIOLATIONS, Violation, violations
from tests.ocpp.test_payloads import JSON

ACTIONS = {"1.6": Action16, "2.0.1": Action201, "2.1": Action21}
EVERY = [(version, action.value) for version, actions in ACTIONS.items() for action in actions]


def broken(version: str, action: str, payload: object, *, request: bool = True) -> list[Violation]:
    text = json.dumps(payload)
    found = violations(version, action, text, request=request)
    assert found is not None
    return found


def profile(limit: float) -> dict[str, object]:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": schedule,
        },
    }


@pytest.mark.parametrize(("version", "action"), EVERY)
def test_every_action_has_a_schema_that_compiles_for_its_request_and_its_answer(version: str, action: str) -> None:
    assert violations(version, action, "[]")
    assert violations(version, action, "[]", request=False)


def test_the_event_stream_that_is_sent_without_an_answer_has_one_schema() -> None:
    payload = {"id": 1, "pending": 0, "basetime": "2026-01-01T00:00:00Z", "data": [{"t": 0, "v": "1"}]}
    assert broken("2.1", "NotifyPeriodicEventStream", payload) == []
    assert violations("2.1", "NotifyPeriodicEventStream", "{}", request=False) is None


@pytest.mark.parametrize(
    ("version", "action"),
    [
        ("1.6", "Nonsense"),
        ("1.6", "TransactionEvent"),
        ("2.1", "StartTransaction"),
        ("1.5", "Heartbeat"),
        ("1.6", "HeartbeatResponse"),
        ("2.1", "HeartbeatRequest"),
        ("1.6", "../schemas/Heartbeat"),
        ("1.6", ""),
        ("1.6", "x" * 100_000),
        ("1.6", "\0"),
    ],
)
def test_an_action_that_the_version_has_not_is_not_judged(version: str, action: str) -> None:
    assert violations(version, action, "{}") is None


@pytest.mark.parametrize("limit", [21.4, 0.1, 0.3, 16, 32.0, 1.1, 4.35e2, 99999.9])
def test_a_limit_of_one_decimal_is_a_multiple_of_a_tenth(limit: float) -> None:
    assert broken("1.6", "SetChargingProfile", profile(limit)) == []


def test_no_multiple_of_a_tenth_below_1000_is_refused() -> None:
    refused = [
        tenths for tenths in range(10_000) if violations("1.6", "SetChargingProfile", json.dumps(profile(tenths / 10)))
    ]
    assert refused == []


def test_a_limit_of_two_decimals_is_no_multiple_of_a_tenth() -> None:
    [found] = broken("1.6", "SetChargingProfile", profile(21.45))
    assert (found.rule, found.path) == (
        "multipleOf",
        "csChargingProfiles.chargingSchedule.chargingSchedulePeriod[].limit",
    )
    assert found.message.endswith("breaks multipleOf 0.1")


def test_a_violation_says_what_is_wanted() -> None:
    found = broken(
        "1.6", "StatusNotification", {"connectorId": "1", "status": "Charging", "extra": 1, "errorCode": "Odd"}
    )
    assert {(each.path, each.rule, each.message) for each in found} == {
        ("connectorId", "type", "connectorId must be integer"),
        ("errorCode", "enum", "errorCode is none of the standard's values"),
        ("", "additionalProperties", "the payload has the undefined extra"),
    }
    assert broken("1.6", "Authorize", {}) == [Violation("", "required", "the payload lacks idTag")]
    assert broken("1.6", "Authorize", {"idTag": "x" * 21}) == [
        Violation("idTag", "maxLength", "idTag breaks maxLength 20")
    ]


def test_the_same_violation_at_every_index_is_told_once() -> None:
    values = [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [{"value": 1}, {"value": 2}]}] * 10
    assert broken("1.6", "MeterValues", {"connectorId": 1, "meterValue": values}) == [
        Violation("meterValue[].sampledValue[].value", "type", "meterValue[].sampledValue[].value must be string")
    ]


def test_a_timestamp_that_is_none_is_no_matter_of_the_schema() -> None:
    values = [{"timestamp": "yesterday", "sampledValue": [{"value": "1"}]}]
    assert broken("1.6", "MeterValues", {"connectorId": 1, "meterValue": values}) == []


def test_both_spellings_of_celsius_are_valid() -> None:
    sampled = [{"value": "20", "measurand": "Temperature", "unit": unit} for unit in ("Celsius", "Celcius")]
    values = [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": sampled}]
    assert broken("1.6", "MeterValues", {"connectorId": 1, "meterValue": values}) == []


def test_an_answer_is_held_against_the_schema_of_the_answer() -> None:
    answer = {"currentTime": "2026-01-01T00:00:00Z"}
    assert broken("2.0.1", "Heartbeat", answer, request=False) == []
    assert [each.rule for each in broken("2.0.1", "Heartbeat", {}, request=False)] == ["required"]


@pytest.mark.parametrize("payload", ["", "{", '{"a":' * 5000 + "1" + "}" * 5000])
def test_what_is_no_json_is_one_violation(payload: str) -> None:
    assert violations("1.6", "Heartbeat", payload) == [
        Violation("", "json", "the payload is no JSON that can be validated")
    ]


@pytest.mark.parametrize("payload", ['{"a":' * 400 + "1" + "}" * 400, '{"\\ud800":1}', '{"a":"\\ud800"}'])
def test_what_the_validator_cannot_follow_is_refused_without_raising(payload: str) -> None:
    assert violations("1.6", "Heartbeat", payload)


def test_the_violations_of_one_payload_are_limited() -> None:
    payload = {f"member{index}": 1 for index in range(200)}
    values = [{"timestamp": index} for index in range(200)]
    found = broken("1.6", "MeterValues", {"meterValue": values, **payload})
    assert len(found) <= MAX_VIOLATIONS
    assert all(len(each.message) <= MAX_MESSAGE for each in found)


@given(st.sampled_from(EVERY), st.text(alphabet="\u0394\u0398\u039b", min_size=3), st.booleans())
def test_no_value_of_a_message_is_told(every: tuple[str, str], secret: str, request: bool) -> None:
    version, action = every
    names = ("idTag", "idToken", "key", "value", "status", "connectorId", "evseId", "certificate", "meterValue", "type")
    for value in (secret, [secret], {"idToken": secret, "type": secret}):
        payload = json.dumps(dict.fromkeys(names, value))
        for found in violations(version, action, payload, request=request) or ():
            assert secret not in "".join(found)


@given(st.sampled_from(EVERY), JSON, st.booleans())
def test_any_json_is_judged_without_raising(every: tuple[str, str], value: object, request: bool) -> None:
    version, action = every
    payload = json.dumps(value)
    for each in violations(version, action, payload, request=request) or ():
        assert "".join(each).encode("utf-8")


def test_validating_runs_nothing_of_the_ocpp_package() -> None:
    program = (
        "import sys; from analyzer.ocpp.schemas import violations; "
        "assert violations('1.6', 'Heartbeat', '{}') == []; "
        "assert not [name for name in sys.modules if name.split('.')[0] == 'ocpp']"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_versions_are_those_of_the_standard() -> None:
    assert list(FOLDERS) == ["1.6", "2.0.1", "2.1"]

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st
from ocpp.v16.enums import ConfigurationKey

from analyzer.ocpp.keys import SINCE_201, Setting, canonical, settings_said
from tests.ocpp.test_payloads import JSON

ACTIONS = st.sampled_from(
    ["BootNotification", "ChangeConfiguration", "GetConfiguration", "SetVariables", "GetVariables", "NotifyReport"]
)
NAMES = st.sampled_from(
    [
        "interval",
        "status",
        "key",
        "value",
        "configurationKey",
        "setVariableData",
        "setVariableResult",
        "getVariableResult",
        "reportData",
        "component",
        "variable",
        "name",
        "instance",
        "attributeType",
        "attributeStatus",
        "attributeValue",
        "variableAttribute",
        "type",
        "evse",
        "id",
    ]
)
ALMOST_SETTINGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["Accepted", "Actual"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=30,
)


def said(action: str, request: object, answer: object = None) -> list[Setting]:
    return list(settings_said(action, json.dumps(request), None if answer is None else json.dumps(answer)))


def variable(component: str, name: str, instance: str | None = None, **more: object) -> dict[str, object]:
    named = {"name": name} if instance is None else {"name": name, "instance": instance}
    return {"component": {"name": component}, "variable": named, **more}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("OCPPCommCtrlr.HeartbeatInterval", "HeartbeatInterval"),
        ("ocppcommctrlr.heartbeatinterval", "HeartbeatInterval"),
        ("OCPPCommCtrlr.WebSocketPingInterval", "WebSocketPingInterval"),
        ("OCPPCommCtrlr.MessageTimeout[Default]", "MessageTimeout"),
        ("OCPPCommCtrlr.MessageAttempts[TransactionEvent]", "TransactionMessageAttempts"),
        ("OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]", "TransactionMessageRetryInterval"),
        ("SampledDataCtrlr.TxUpdatedInterval", "MeterValueSampleInterval"),
        ("SampledDataCtrlr.TxUpdatedMeasurands", "MeterValuesSampledData"),
        ("SampledDataCtrlr.TxEndedMeasurands", "StopTxnSampledData"),
        ("AlignedDataCtrlr.Interval", "ClockAlignedDataInterval"),
        ("AlignedDataCtrlr.Measurands", "MeterValuesAlignedData"),
        ("AlignedDataCtrlr.TxEndedMeasurands", "StopTxnAlignedData"),
        ("TxCtrlr.EVConnectionTimeOut", "ConnectionTimeOut"),
        ("TxCtrlr.StopTxOnInvalidId", "StopTransactionOnInvalidId"),
        ("TxCtrlr.StopTxOnEVSideDisconnect", "StopTransactionOnEVSideDisconnect"),
        ("heartbeatINTERVAL", "HeartbeatInterval"),
        ("OCPPCommCtrlr.MessageAttempts[Other]", "OCPPCommCtrlr.MessageAttempts[Other]"),
        ("Vendor.Thing[A]", "Vendor.Thing[A]"),
    ],
)
def test_a_setting_has_one_name_in_all_versions(name: str, key: str) -> None:
    assert canonical(name) == key


def test_the_canonical_names_are_keys_of_16() -> None:
    # MessageTimeout came with the errata (3.83), which the package does not have.
    assert set(SINCE_201.values()) - {key.value for key in ConfigurationKey} == {"MessageTimeout"}


@given(st.text())
def test_a_canonical_name_is_its_own_canonical_name(name: str) -> None:
    assert canonical(canonical(name)) == canonical(name)


@pytest.mark.parametrize("status", ["Accepted", "Pending", "Rejected"])
def test_a_boot_answer_gives_the_heartbeat_interval_with_the_status_of_the_registration(status: str) -> None:
    answer = {"status": status, "interval": 60, "currentTime": "2026-01-01T00:00:00Z"}
    assert said("BootNotification", {}, answer) == [Setting("HeartbeatInterval", "60", "boot", status)]


def test_a_boot_that_was_not_answered_says_nothing() -> None:
    assert said("BootNotification", {"interval": 60}) == []


def test_a_change_has_the_status_that_the_charger_answered() -> None:
    request = {"key": "heartbeatinterval", "value": "30"}
    assert said("ChangeConfiguration", request, {"status": "RebootRequired"}) == [
        Setting("HeartbeatInterval", "30", "set", "RebootRequired")
    ]
    assert said("ChangeConfiguration", request) == [Setting("HeartbeatInterval", "30", "set", None)]


def test_what_a_configuration_holds_is_told_as_text() -> None:
    answer = {
        "configurationKey": [
            {"key": "HeartbeatInterval", "readonly": False, "value": "60"},
            {"key": "Number", "value": 5},
            {"key": "Flag", "value": True},
            {"key": "Nothing", "readonly": True},
            {"value": "nameless"},
        ],
        "unknownKey": ["Other"],
    }
    assert said("GetConfiguration", {}, answer) == [
        Setting("HeartbeatInterval", "60", "get", None),
        Setting("Number", "5", "get", None),
        Setting("Flag", "true", "get", None),
        Setting("Nothing", None, "get", None),
    ]


def test_each_result_of_set_variables_belongs_to_its_own_data_in_any_order() -> None:
    data = [
        variable("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="60"),
        variable("Vendor", "Thing", "A", attributeValue="x"),
        variable("OCPPCommCtrlr", "HeartbeatInterval", attributeType="Target", attributeValue="90"),
    ]
    results = [
        variable("OCPPCommCtrlr", "HeartbeatInterval", attributeType="Target", attributeStatus="Rejected"),
        variable("vendor", "thing", "a", attributeStatus="UnknownVariable"),
        variable("OCPPCommCtrlr", "HeartbeatInterval", attributeStatus="Accepted"),
    ]
    assert said("SetVariables", {"setVariableData": data}, {"setVariableResult": results}) == [
        Setting("HeartbeatInterval", "60", "set", "Accepted"),
        Setting("Vendor.Thing[A]", "x", "set", "UnknownVariable"),
    ]


def test_one_variable_of_two_connectors_keeps_two_results() -> None:
    def of(evse: int, **more: object) -> dict[str, object]:
        component = {"name": "Connector", "evse": {"id": evse}}
        return {"component": component, "variable": {"name": "Enabled"}, **more}

    data = {"setVariableData": [of(1, attributeValue="true"), of(2, attributeValue="true")]}
    results = {"setVariableResult": [of(1, attributeStatus="Accepted"), of(2, attributeStatus="Rejected")]}
    assert [each.status for each in said("SetVariables", data, results)] == ["Accepted", "Rejected"]


def test_a_variable_that_was_read_counts_only_where_it_was_accepted_and_actual() -> None:
    results = [
        variable("SampledDataCtrlr", "TxUpdatedInterval", attributeStatus="Accepted", attributeValue="120"),
        variable("SampledDataCtrlr", "TxEndedInterval", attributeStatus="UnknownVariable"),
        variable(
            "AlignedDataCtrlr", "Interval", attributeStatus="Accepted", attributeType="MaxSet", attributeValue="9"
        ),
    ]
    assert said("GetVariables", {}, {"getVariableResult": results}) == [
        Setting("MeterValueSampleInterval", "120", "get", None)
    ]


def test_a_report_tells_the_actual_values() -> None:
    report = [
        variable(
            "OCPPCommCtrlr", "HeartbeatInterval", variableAttribute=[{"type": "MaxSet", "value": "9"}, {"value": "60"}]
        ),
        variable("Vendor", "Silent", variableAttribute=[{"mutability": "WriteOnly"}]),
    ]
    assert said("NotifyReport", {"reportData": report}, {}) == [Setting("HeartbeatInterval", "60", "report", None)]


def test_an_action_that_tells_no_settings_gives_none() -> None:
    assert said("Heartbeat", {"key": "a", "value": "b"}, {"interval": 5}) == []


@given(ACTIONS, JSON | ALMOST_SETTINGS, JSON | ALMOST_SETTINGS)
def test_any_json_gives_settings_that_fit_a_table(action: str, request: object, answer: object) -> None:
    for setting in said(action, request, answer):
        assert setting.key
        assert all(part is None or part.encode("utf-8") is not None for part in setting)


@given(ACTIONS, ALMOST_SETTINGS)
def test_any_entry_gives_settings_that_fit_a_table(action: str, entry: object) -> None:
    payload = {
        name: [entry, {"key": "a", "component": {"name": "b"}, "variable": {"name": "c"}, "variableAttribute": entry}]
        for name in ("configurationKey", "setVariableData", "setVariableResult", "getVariableResult", "reportData")
    }
    for setting in said(action, payload, payload):
        assert setting.key
        assert all(part is None or part.encode("utf-8") is not None for part in setting)


@given(ACTIONS, st.none() | st.text(), st.none() | st.text())
def test_any_text_gives_settings_without_raising(action: str, request: str | None, answer: str | None) -> None:
    assert list(settings_said(action, request, answer)) == []

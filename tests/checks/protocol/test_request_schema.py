from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st
from ocpp.v16.enums import Action

from analyzer import schema
from analyzer.checks.protocol.request_schema import request_schema
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.ocpp.actions import direction
from analyzer.sources.reading import read
from tests.manuals import findings, workspace

if TYPE_CHECKING:
    from pathlib import Path

START = "08:00:00 CP1 + {}\n"
VALUE = 'MeterValues {{"connectorId": 1, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{}]}}]}}'

NUMBER = '{"value": 16}'


def asked(text: str, version: str = "ocpp1.6", answer: str = "= {}") -> list[dict[str, object]]:
    """What the check says of one request of the charger and the answer to it."""
    return findings(request_schema, f"{START.format(version)}08:00:01 CP1 > {text}\n08:00:02 CP1 < {answer}")


@pytest.mark.parametrize(
    ("version", "request_", "told"),
    [
        ("ocpp1.6", VALUE.format('{"value": 16}'), "meterValue[].sampledValue[].value must be string"),
        ("ocpp1.6", 'MeterValues {"connectorId": 1, "meterValue": {}}', "meterValue must be array"),
        ("ocpp1.6", 'StopTransaction {"meterStop": 1, "timestamp": "$(now)"}', "the payload lacks transactionId"),
        (
            "ocpp1.6",
            'StatusNotification {"connectorId": 1, "errorCode": "NoError", "status": "charging"}',
            "status is none of the standard's values",
        ),
        (
            "ocpp2.0.1",
            'MeterValues {"evseId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "16"}]}]}',
            "meterValue[].sampledValue[].value must be number",
        ),
        (
            "ocpp2.0.1",
            'BootNotification {"chargePointVendor": "E", "chargePointModel": "A"}',
            "the payload lacks chargingStation",
        ),
        (
            "ocpp2.1",
            'NotifyEvent {"generatedAt": "$(now)", "seqNo": 0, "eventData": []}',
            "eventData breaks minItems 1",
        ),
        ("ocpp2.1", "~NotifyPeriodicEventStream {}", "the payload lacks data"),
    ],
)
def test_what_breaks_a_rule_is_told_with_its_member(version: str, request_: str, told: str) -> None:
    (found,) = asked(request_, version)
    assert told in str(found["summary"])
    assert found["evidence"]


def test_a_request_that_was_answered_all_the_same_is_a_warning_and_a_refused_one_an_error() -> None:
    wrong = VALUE.format('{"value": 16}')
    assert asked(wrong)[0]["severity"] == "warning"
    (found,) = asked(wrong, answer='! FormationViolation "value" {}')
    assert found["severity"] == "error"
    assert str(found["summary"]).endswith("; the CSMS refused 1 of them")
    assert findings(request_schema, f"{START.format('ocpp1.6')}08:00:01 CP1 > {wrong}")[0]["severity"] == "error"


def test_members_that_are_only_undefined_are_an_information() -> None:
    (found,) = asked('Heartbeat {"load": 1}')
    assert (found["severity"], found["count"]) == ("info", 1)
    assert "has the undefined load" in str(found["summary"])


def test_there_is_one_finding_for_each_action_and_side() -> None:
    text = f"""{START.format("ocpp1.6")}
08:00:01x3/60s CP1 > MeterValues#m$(i) {{"connectorId": 1, "meterValue": [{{"sampledValue": [{{"value": 16}}]}}]}}
08:00:02x3/60s CP1 < =#m$(i) {{}}
08:10:00 CP1 > MeterValues#ok {{"connectorId": 1, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{{"value": "1"}}]}}]}}
08:10:01 CP1 < =#ok {{}}
08:11:00 CP1 > DataTransfer#up {{}}
08:11:01 CP1 < =#up {{"status": "Accepted"}}
08:12:00 CP1 < DataTransfer#down {{}}
08:12:01 CP1 > =#down {{"status": "Accepted"}}
"""
    found = findings(request_schema, text)
    assert [(row["count"], row["value"], str(row["summary"]).split(" break")[0]) for row in found] == [
        (1, 100.0, "1 of 1 DataTransfer request of the CSMS"),
        (1, 100.0, "1 of 1 DataTransfer request of the charger"),
        (3, 75.0, "3 of 4 MeterValues requests of the charger"),
    ]
    assert "meterValue[] lacks timestamp (3x), meterValue[].sampledValue[].value must be string (3x)" in str(
        found[2]["summary"]
    )
    assert len({row["fingerprint"] for row in found}) == 3


def test_the_unit_of_a_frequency_is_right_in_every_request_of_16() -> None:
    sample = '{"value": "50.02", "measurand": "Frequency", "unit": "Hertz"}'
    stop = f'"transactionData": [{{"timestamp": "$(now)", "sampledValue": [{sample}]}}]'
    assert asked(VALUE.format(sample)) == []
    assert asked(f'StopTransaction {{"transactionId": 1, "meterStop": 1, "timestamp": "$(now)", {stop}}}') == []


def test_a_value_is_never_shown() -> None:
    (found,) = asked('Authorize {"idTag": "SECRET-CARD-OF-MORE-THAN-20"}')
    assert "idTag breaks maxLength 20" in str(found["summary"])
    assert "SECRET" not in str(found)


def test_where_the_subprotocol_was_not_seen_it_may_be_201_or_21() -> None:
    event = '08:00:01 CP1 > TransactionEvent {"eventType": "Started", "timestamp": "$(now)", "triggerReason": "Authorized", "seqNo": 0, "transactionInfo": {"transactionId": "t", "operationMode": "ChargingOnly"}}'
    assert findings(request_schema, event) == []
    assert findings(request_schema, f"{START.format('ocpp2.1')}{event}") == []
    assert findings(request_schema, f"{START.format('ocpp2.0.1')}{event}")
    assert findings(request_schema, event.replace('"seqNo": 0', '"seqNo": "0"'))


def test_a_station_of_an_unknown_version_is_not_judged() -> None:
    for text in ("08:00:01 CP1 > Heartbeat", "08:00:00 CP1 + ocpp2.0\n08:00:01 CP1 > Heartbeat"):
        rows = request_schema(*workspace(text).tables(request_schema.needs)).to_pylist()
        assert [(row["severity"], row["station"]) for row in rows] == [("unknown", "CP1")]


def test_a_vendors_action_is_not_judged_beside_others_that_are() -> None:
    text = f"{START.format('ocpp1.6')}08:00:01 CP1 > Heartbeat\n08:00:02 CP1 > VendorReport {{}}"
    assert request_schema(*workspace(text).tables(request_schema.needs)).num_rows == 0


@given(
    st.sampled_from([action.value for action in Action]),
    st.dictionaries(
        st.sampled_from(["connectorId", "idTag", "meterValue", "status", "key", "value", "x"]),
        st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii"), max_size=4),
        max_size=3,
    ),
)
def test_an_answer_is_never_judged_and_no_payload_makes_it_fail(action: str, payload: dict[str, object]) -> None:
    side, other = ("<", ">") if direction(action) == "down" else (">", "<")
    text = json.dumps(payload).replace("$", "")
    right = f"{START.format('ocpp1.6')}08:00:01 CP1 > Heartbeat#h\n08:00:02 CP1 < =#h {text}"
    assert findings(request_schema, right) == []
    findings(
        request_schema, f"{START.format('ocpp1.6')}08:00:01 CP1 {side} {action} {text}\n08:00:02 CP1 {other} = {{}}"
    )


def test_a_vendors_cloud_is_told_of_its_requests_and_not_of_its_answers(corpus: Path) -> None:
    made = Workspace(read(str(corpus / "captures" / "growatt_1218.pcap")), DERIVATIONS)
    (found,) = request_schema(*made.tables(request_schema.needs)).to_pylist()
    assert (found["severity"], found["count"]) == ("warning", 6)
    assert "DataTransfer requests of the CSMS" in found["summary"]
    assert "the payload lacks vendorId (6x)" in found["summary"]


@pytest.mark.parametrize("name", ["action", "connection"])
def test_a_request_of_which_no_action_or_connection_is_known_is_not_judged(name: str) -> None:
    wrong = f"{START.format('ocpp1.6')}08:00:01 CP1 > {VALUE.format(NUMBER)}"
    calls, connections = workspace(wrong).tables(request_schema.needs)
    assert request_schema(calls, connections)["severity"].to_pylist() == ["error"]
    other = {**calls.to_pylist()[0], "origin": 99, "id": "x", name: None}
    rows = schema.from_rows("calls", [*calls.to_pylist(), other])
    assert request_schema(rows, connections)["count"].to_pylist() == [1]
    assert request_schema(schema.from_rows("calls", [other]), connections)["severity"].to_pylist() == ["unknown"]


@pytest.mark.parametrize(("members", "more"), [(4, ""), (5, ", and 1 other rule")])
def test_four_rules_are_told_and_of_more_their_number(members: int, more: str) -> None:
    wrong = dict.fromkeys(["info", "vendorId", "vendorErrorCode", "status", "errorCode"][:members], "x" * 300)
    right = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    (found,) = asked("StatusNotification " + json.dumps({**right, **wrong}))
    assert str(found["summary"]).endswith("(1x)" + more)
    assert found["start"] == found["end"]
    assert found["start"] is not None


def test_16_is_told_by_its_actions_where_the_subprotocol_was_not_seen() -> None:
    boot = '08:00:00 CP1 > BootNotification {"chargePointVendor": "E", "chargePointModel": "A"}\n'
    (found,) = findings(request_schema, f"{boot}08:00:01 CP1 > {VALUE.format(NUMBER)}")
    assert "must be string" in str(found["summary"])

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from analyzer.ocpp.concealment import conceal
from analyzer.ocpp.pseudonyms import pseudonym

SECRET = "SECRET-7F3A9C"  # noqa: S105 - made up


@pytest.mark.parametrize(
    "payload",
    [
        {"idTag": SECRET},
        {"idTagInfo": {"status": "Accepted", "parentIdTag": SECRET}},
        {"idToken": {"idToken": SECRET, "type": "ISO14443"}},
        {"groupIdToken": {"idToken": SECRET, "type": "Central"}},
        {"chargePointVendor": "V", "iccid": SECRET, "imsi": SECRET},
        {"chargingStation": {"modem": {"iccid": SECRET, "imsi": SECRET}}},
        {"key": "AuthorizationKey", "value": SECRET},
        {"value": SECRET, "key": "AuthorizationKey"},
        {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": SECRET}]},
        {"setVariableData": [{"attributeValue": SECRET, "variable": {"name": "BasicAuthPassword"}}]},
        {"connectionData": {"basicAuthPassword": SECRET, "apn": {"apnPassword": SECRET}}},
        {"localAuthorizationList": [{"idTag": "other"}, {"idTag": SECRET}]},
    ],
)
def test_a_secret_does_not_pass(payload: object) -> None:
    concealed = conceal(json.dumps([2, "1", "Any", payload]))
    assert SECRET not in concealed
    assert isinstance(json.loads(concealed), list)


def test_a_card_number_that_is_sent_as_a_number_does_not_pass_and_stays_a_number() -> None:
    concealed = conceal('{"idTag": 12345678}')
    assert "12345678" not in concealed
    assert json.loads(concealed)["idTag"] < 0


@pytest.mark.parametrize(
    "text",
    [
        f"{{'idTag': '{SECRET}'}}",
        f"{{idTag:{SECRET}}}",
        f'{{idTag:"{SECRET}"}}',
        f"wss://csms/ocpp?password={SECRET}&x=1",
        f"/ocpp/CP1?apikey={SECRET}",
        f"/ocpp/CP1?x=1&token={SECRET}",
        json.dumps({"id_tag": SECRET}),
        json.dumps({"additionalInfo": [{"additionalIdToken": SECRET, "type": "x"}]}),
        json.dumps({"eMAID": SECRET}),
        json.dumps({"configurationKey": [{"key": "WifiPSK", "value": SECRET}]}),
        json.dumps({"apn": {"apnUserName": SECRET}}),
        f"payload={{'key': 'AuthorizationKey', 'value': '{SECRET}'}}",
        json.dumps({"data": json.dumps({"idTag": SECRET, "more": 1})}),
        json.dumps({"data": json.dumps({"key": "AuthorizationKey", "value": SECRET})}),
        json.dumps({"data": json.dumps({"data": json.dumps({"idTag": SECRET})})}),
        f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{SECRET}"',
    ],
)
def test_a_secret_in_another_dialect_does_not_pass(text: str) -> None:
    assert SECRET not in conceal(text)


@pytest.mark.parametrize("name", ["G_WifiPassword", "G_CardPin", "G_Authentication", "wifi.passphrase", "SharedSecret"])
def test_the_passwords_of_vendors_do_not_pass(name: str) -> None:
    entries: list[dict[str, object]] = [
        {"key": name, "readonly": False, "value": SECRET},
        {"key": "WebSocketPingInterval", "value": "120"},
    ]
    concealed = json.loads(conceal(json.dumps({"configurationKey": entries})))["configurationKey"]
    assert concealed == [{**entries[0], "value": pseudonym(SECRET)}, entries[1]]


def test_a_password_in_a_url_does_not_pass() -> None:
    concealed = conceal(json.dumps({"location": f"ftp://user:{SECRET}@files.example:21/logs", "retries": 3}))
    assert json.loads(concealed) == {"location": f"ftp://user:{pseudonym(SECRET)}@files.example:21/logs", "retries": 3}


def test_json_within_json_stays_json() -> None:
    inner = json.loads(json.loads(conceal(json.dumps({"data": json.dumps({"idTag": SECRET, "more": 1})})))["data"])
    assert inner == {"idTag": pseudonym(SECRET), "more": 1}


def test_the_other_settings_beside_a_password_stay() -> None:
    entries = [{"key": "AuthorizationKey", "value": SECRET}, {"key": "HeartbeatInterval", "value": "60"}]
    concealed = json.loads(conceal(json.dumps({"configurationKey": entries, "unknownKey": ["password"]})))
    assert concealed["configurationKey"] == [{"key": "AuthorizationKey", "value": pseudonym(SECRET)}, entries[1]]


def test_the_other_variables_beside_a_password_stay() -> None:
    def entry(name: str, value: str) -> dict[str, object]:
        return {
            "component": {"name": "SecurityCtrlr"},
            "variable": {"name": name},
            "variableAttribute": [{"type": "Actual", "value": value}],
        }

    report = {"reportData": [entry("Interval", "60"), entry("BasicAuthPassword", SECRET), entry("Other", "7")]}
    expected = {
        "reportData": [entry("Interval", "60"), entry("BasicAuthPassword", pseudonym(SECRET)), entry("Other", "7")]
    }
    assert json.loads(conceal(json.dumps(report))) == expected


@pytest.mark.parametrize("literal", ["null", "true", "false"])
def test_a_member_without_a_secret_stays_as_it_is(literal: str) -> None:
    text = f'{{"idTag":{literal},"idToken":{{"type":"Central"}}}}'
    assert conceal(text) == text


def test_a_message_that_is_cut_off_keeps_its_secret_to_itself() -> None:
    assert SECRET not in conceal(f'[2,"1","Authorize",{{"idTag":"{SECRET}')


def test_a_secret_with_an_escaped_quote_is_replaced_whole() -> None:
    assert "TAIL" not in conceal(json.dumps({"idTag": 'HEAD"TAIL'}))


def test_the_same_secret_can_be_followed_through_messages() -> None:
    first, second = (json.loads(conceal(json.dumps({name: SECRET})))[name] for name in ("idTag", "parentIdTag"))
    assert first == second == pseudonym(SECRET)


@pytest.mark.parametrize(
    "text",
    [
        '[2,"1","Heartbeat",{}]',
        '[2,"1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"60"}]',
        '[2,"1","MeterValues",{"meterValue":[{"sampledValue":[{"value":"12"}]}]}]',
    ],
)
def test_a_message_without_secrets_stays_as_it_is(text: str) -> None:
    assert conceal(text) == text


@given(st.text())
def test_any_text_is_concealed_without_raising(text: str) -> None:
    conceal(text)


@given(st.text())
def test_what_is_concealed_stays_as_it_is(secret: str) -> None:
    concealed = conceal(json.dumps({"idTag": secret}))
    assert conceal(concealed) == concealed


@pytest.mark.parametrize(
    "text",
    [
        "upgrade with Authorization: Basic SECRET123",
        '{"headers": {"Authorization": "Bearer SECRET123"}}',
        "sent Bearer SECRET123 to the CSMS",
        "GET /ocpp/CP-7?pw=SECRET123&v=1",
        "GET /ocpp/CP-7?v=1&auth=SECRET123",
        '[2,"1","DataTransfer",{"vendorId":"V","data":"{\\"accessToken\\":\\"SECRET123\\"}"}]',
        '{"authToken":"SECRET123"}',
    ],
)
def test_headers_queries_and_tokens_of_any_name_are_concealed(text: str) -> None:
    assert "SECRET123" not in conceal(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"tokenCount":7,"token_type":"x"}',
        "a Basic charger",
        '{"pw":"7400","key":"MeterValueSampleInterval","value":"60"}',
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert conceal(text) == text

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from analyzer.ocpp import pseudonyms
from analyzer.ocpp.pseudonyms import SHORTEST, conceal, pseudonym

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "SECRET-7F3A9C"  # noqa: S105 - made up


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    pseudonyms._key.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    pseudonyms._key.cache_clear()


def under(key: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OCPP_ANALYZER_KEY", key)
    pseudonyms._key.cache_clear()
    return pseudonym(SECRET)


def test_a_key_decides_the_pseudonym(keyed: pytest.MonkeyPatch) -> None:
    first = under("one", keyed)
    assert under("two", keyed) != first
    assert under("one", keyed) == first


def test_without_a_key_another_process_gives_other_pseudonyms(keyed: pytest.MonkeyPatch) -> None:
    keyed.delenv("OCPP_ANALYZER_KEY", raising=False)
    first = pseudonym(SECRET)
    pseudonyms._key.cache_clear()
    assert pseudonym(SECRET) != first


@given(st.text(min_size=1, max_size=200))
def test_a_pseudonym_is_as_long_as_its_secret_and_tells_nothing_of_it(secret: str) -> None:
    stand_in = pseudonym(secret)
    assert len(stand_in) == max(SHORTEST, len(secret))
    assert stand_in == pseudonym(secret)
    assert stand_in != secret


def test_nothing_has_no_pseudonym() -> None:
    assert pseudonym("") == ""


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_secrets_have_two_pseudonyms(first: str, second: str) -> None:
    assert (pseudonym(first) == pseudonym(second)) is (first == second)


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


def test_a_card_number_that_is_sent_as_a_number_does_not_pass() -> None:
    assert "12345678" not in conceal('{"idTag": 12345678}')


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
def test_a_stand_in_stays_as_it_is(secret: str) -> None:
    assert pseudonym(pseudonym(secret)) == pseudonym(secret)
    concealed = conceal(json.dumps({"idTag": secret}))
    assert conceal(concealed) == concealed

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.ocppj import Envelope, looks_like_ocpp, parse
from analyzer.wire.problems import Problem

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[2,"1","Heartbeat",{}]', Envelope(2, "1", "Heartbeat", "{}")),
        ('\ufeff [ 2 , "1" , "Heartbeat" , { "a" : 1 } ] ', Envelope(2, "1", "Heartbeat", '{ "a" : 1 }')),
        ('[3,"1",{"x":"\\u00e4"}]', Envelope(3, "1", None, '{"x":"\\u00e4"}')),
        ('[4,"1","GenericError","why",{"a":1}]', Envelope(4, "1", None, '{"a":1}', "GenericError", "why")),
        ('[4,"1","GenericError"]', Envelope(4, "1", None, "{}", "GenericError", None)),
        ('[5,"1","InternalError","",{}]', Envelope(5, "1", None, "{}", "InternalError", "")),
        ('[6,"1","NotifyPeriodicEventStream",{}]', Envelope(6, "1", "NotifyPeriodicEventStream", "{}")),
        ("[3,17,{}]", Envelope(3, "17", None, "{}")),
        ('[3,"1",{"x":NaN}]', Envelope(3, "1", None, '{"x":NaN}')),
        ('[3,"\\ud800",{}]', Envelope(3, "\ud800", None, "{}")),
    ],
)
def test_an_envelope_is_taken_apart(text: str, expected: Envelope) -> None:
    assert parse(text) == expected
    assert looks_like_ocpp(text.removeprefix("\ufeff").encode())


@pytest.mark.parametrize(
    ("text", "kind", "detail"),
    [
        ("", "bad_json", "it is empty at character 0"),
        ('[2,"1"', "bad_json", "it ends too early at character 6"),
        ('[2,"1","A",{}] x', "bad_json", "something after its end at character 15"),
        ("[" * 1_000_000, "bad_json", "nested too deep"),
        ("{}", "not_ocpp", "it is not a JSON array"),
        ("[]", "not_ocpp", "its first element is no message type from 2 to 6"),
        ('[true,"1",{}]', "not_ocpp", "its first element is no message type from 2 to 6"),
        ('[2,"1","A"]', "not_ocpp", "a CALL of 3 elements"),
        ("[3,null,{}]", "not_ocpp", "the message id of a CALLRESULT is no text"),
        ('[2,"1",7,{}]', "not_ocpp", "the action of a CALL is no text"),
        ('[4,"1",7,"",{}]', "not_ocpp", "the error code of a CALLERROR is no text"),
    ],
)
def test_what_is_no_message_is_told_with_the_rule_it_breaks(text: str, kind: str, detail: str) -> None:
    problem = parse(text)
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.detail) == (kind, detail)


def test_a_number_of_five_thousand_digits_is_kept_as_text() -> None:
    digits = "9" * 5_000
    assert parse(f'[3,"1",{{"x":{digits},"y":NaN}}]') == Envelope(3, "1", None, f'{{"x":{digits},"y":NaN}}')


@given(st.text(max_size=30), st.text(min_size=1, max_size=30), st.dictionaries(st.text(), JSON, max_size=3))
def test_what_json_writes_is_read_back(identity: str, action: str, payload: dict[str, object]) -> None:
    text = json.dumps([2, identity, action, payload])
    found = parse(text)
    assert isinstance(found, Envelope)
    assert (found.id, found.action, found.payload) == (identity, action, json.dumps(payload))


@given(st.text(max_size=60) | JSON.map(json.dumps))
def test_any_text_raises_nothing(text: str) -> None:
    assert isinstance(parse(text), Envelope | Problem)
    assert isinstance(parse("[2," + text), Envelope | Problem)

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from analyzer.ocpp.payloads import decode, members, objects, text, whole

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.text())
def test_any_text_decodes_or_is_nothing(payload: str) -> None:
    decode(payload)


@given(JSON)
def test_what_was_written_is_read(value: object) -> None:
    assert repr(decode(json.dumps(value))) == repr(value)


@pytest.mark.parametrize("payload", ["", "{", "[" * 1_000_000, '{"a":}', None])
def test_what_is_no_json_is_nothing(payload: str | None) -> None:
    assert decode(payload) is None


def test_an_integer_of_5000_digits_stays_text() -> None:
    assert decode('{"a":' + "1" * 5000 + "}") == {"a": "1" * 5000}


def test_text_that_no_column_can_hold_is_replaced() -> None:
    assert text(decode('"a\\ud800b"')) == "a?b"


@given(JSON)
def test_members_are_read_from_any_shape(value: object) -> None:
    assert isinstance(members(value), dict)
    assert all(isinstance(entry, dict) for entry in objects(value))
    written = text(value)
    assert written is None or isinstance(written.encode(), bytes)
    number = whole(value)
    assert number is None or -(2**63) <= number < 2**63

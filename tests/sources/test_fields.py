from __future__ import annotations

import json

from hypothesis import given, strategies as st

from analyzer.sources import fields
from analyzer.wire import ocppj


def test_directions_are_known_by_their_sides_whatever_the_spelling() -> None:
    words = ("cp-to-csms", "CS_TO_CSMS", "csms-to-cp", "Charger to CSMS", "in", None, 7)
    assert [fields.direction(word) for word in words] == ["up", "up", "down", "up", None, None, None]


def test_types_are_known_by_number_or_name() -> None:
    words = ("CALL", "CallResult", "CALL_ERROR", 5, "6", "response", "EVENT", None)
    assert [fields.kind(word) for word in words] == [2, 3, 4, 5, 6, 3, None, None]


@given(st.sampled_from([2, 3, 4, 5, 6]), st.text(), st.text(min_size=1))
def test_what_is_written_is_read_as_the_same_message(kind: int, identity: str, named: str) -> None:
    text = fields.written(kind, identity, named, '{"a":1}', (named, "why"))
    envelope = ocppj.parse(text)
    assert isinstance(envelope, ocppj.Envelope)
    assert (envelope.type, envelope.id, envelope.payload) == (kind, identity, '{"a":1}')
    assert named in {envelope.action, envelope.error_code} or kind == 3


def test_a_part_that_is_missing_is_empty() -> None:
    assert json.loads(fields.written(2, None, None, "")) == [2, "", "", {}]

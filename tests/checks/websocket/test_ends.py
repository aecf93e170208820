from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.websocket.ends import abrupt, closed, established


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"upgraded": 1}, True),
        ({"last_up": 1}, True),
        ({"last_down": 1}, True),
        ({"scheme": "wss"}, True),
        ({"scheme": "ws"}, False),
        ({}, False),
        ({"upgraded": 1, "inferred": True}, False),
        ({"upgraded": 1, "end_kind": "refused"}, False),
    ],
)
def test_a_connection_is_established_when_something_shows_that_it_came_up(
    row: dict[str, object],
    expected: bool,  # noqa: FBT001
) -> None:
    assert established(schema.from_rows("connections", [{"station": "CP1", **row}])).tolist() == [expected]


@pytest.mark.parametrize(
    ("kind", "code", "bad", "good"),
    [
        ("fin", None, True, False),
        ("close", 1000, False, True),
        ("lost", 1006, True, False),
        ("lost", None, False, False),
        ("open", None, False, False),
    ],
)
def test_an_end_is_abrupt_or_closed_or_neither(kind: str, code: int | None, bad: bool, good: bool) -> None:  # noqa: FBT001
    rows = schema.from_rows("connections", [{"station": "CP1", "upgraded": 1, "end_kind": kind, "close_code": code}])
    assert (abrupt(rows).tolist(), closed(rows).tolist()) == ([bad], [good])

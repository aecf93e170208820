from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.websocket.close_codes import close_codes
from tests.manuals import findings, workspace


@pytest.mark.parametrize(
    ("code", "severity"),
    [
        (1000, None), (1001, None), (1002, "warning"), (1003, "warning"), (1005, None), (1006, None), (1007, "warning"),
        (1008, "warning"), (1009, "warning"), (1010, "warning"), (1011, "warning"), (1012, "info"), (1013, "info"),
        (1014, "info"), (2999, None), (3000, "info"), (4999, "info"), (5000, None),
    ],
)  # fmt: skip
def test_a_code_has_a_severity(code: int, severity: str | None) -> None:
    found = findings(close_codes, f"08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - {code} by csms")
    assert [row["severity"] for row in found] == ([severity] if severity else [])


def test_codes_and_sides_are_findings_of_their_own() -> None:
    text = """
    08:00:00x6/100s CP1 + ocpp1.6
    08:01:00x3/100s CP1 - 1011 by csms
    08:06:00x2/100s CP1 - 1011 by station
    08:09:20 CP1 - 1008 by csms
    """
    found = findings(close_codes, text)
    assert [row["count"] for row in found] == [1, 3, 2]
    assert len({row["fingerprint"] for row in found}) == 3


def test_the_reason_is_quoted_and_cut() -> None:
    (found,) = findings(close_codes, f'08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - 1008 by csms "{"x" * 500}"')
    assert len(str(found["summary"])) < 250


def test_a_close_frame_tells_where_the_connection_does_not() -> None:
    connections = schema.from_rows("connections", [{"station": "CP1", "connection": "a", "end_kind": "fin"}])
    frame = {"station": "CP1", "connection": "a", "direction": "up", "kind": "close", "close_code": 1002}
    (found,) = close_codes(
        connections, schema.from_rows("controls", [frame, {**frame, "close_code": 1011}])
    ).to_pylist()
    assert "The charger closed the connection with code 1002" in found["summary"]


def test_a_log_that_tells_of_no_connection_is_not_judged() -> None:
    rows = close_codes(*workspace("08:00:00 CP1 > Heartbeat").tables(close_codes.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]
    assert findings(close_codes, "08:00:00 CP1 + ocpp1.6\n08:00:10 CP1 > Heartbeat") == []


def test_the_code_of_the_connection_counts_before_that_of_a_frame() -> None:
    row = {"station": "CP1", "connection": "a", "end_kind": "close", "close_code": 1011, "end_side": "csms"}
    frame = {"station": "CP1", "connection": "a", "direction": "up", "kind": "close", "close_code": 1002}
    tables = (schema.from_rows("connections", [row]), schema.from_rows("controls", [frame]))
    assert [str(found["summary"])[:42] for found in close_codes(*tables).to_pylist()] == [
        "The CSMS closed the connection with code 1"
    ]
    inferred = schema.from_rows("connections", [{**row, "inferred": True}])
    assert close_codes(inferred, tables[1])["severity"].to_pylist() == ["warning"]


@pytest.mark.parametrize(
    ("code", "said"), [(1011, "internal error"), (1012, "service restart"), (4000, "a private code")]
)
def test_what_a_code_means_is_told(code: int, said: str) -> None:
    (found,) = findings(close_codes, f"08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - {code} by csms")
    assert f"code {code} ({said}), 1 time" in str(found["summary"])
    assert str(found["start"]).startswith("2026-01-01 08:01:00")


def test_a_close_frame_without_a_code_tells_nothing() -> None:
    connections = schema.from_rows("connections", [{"station": "CP1", "connection": "a", "end_kind": "close"}])
    frame = {"station": "CP1", "connection": "a", "direction": "up", "kind": "close", "close_code": None}
    assert close_codes(connections, schema.from_rows("controls", [frame])).num_rows == 0

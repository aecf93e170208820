from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.websocket.ends import abrupt, closed, established, of_pattern


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
        ({"scheme": "wss", "last_up": 1, "end_kind": "tls"}, False),
        ({"scheme": "wss", "end_kind": "port_closed"}, False),
        ({"scheme": "wss", "end_kind": "unreachable"}, False),
    ],
)
def test_a_connection_is_established_when_something_shows_that_it_came_up(
    row: dict[str, object],
    expected: bool,
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
def test_an_end_is_abrupt_or_closed_or_neither(kind: str, code: int | None, bad: bool, good: bool) -> None:
    rows = schema.from_rows("connections", [{"station": "CP1", "upgraded": 1, "end_kind": kind, "close_code": code}])
    assert (abrupt(rows).tolist(), closed(rows).tolist()) == ([bad], [good])


@pytest.mark.parametrize(
    ("noticed", "idle", "station", "fits"),
    [
        (10, 60.0, "CP1", True), (20, 60.0, "CP1", True), (9, 60.0, "CP1", False), (21, 60.0, "CP1", False),
        (15, 60.0, "CP2", False), (15, 62.2, "CP1", True), (15, 62.3, "CP1", False), (15, 57.8, "CP1", False),
    ],
)  # fmt: skip
def test_an_outage_fits_a_pattern_of_its_station_within_its_time_and_two_percent_and_a_second(
    noticed: int,
    idle: float,
    station: str,
    fits: bool,
) -> None:
    outages = schema.from_rows("outages", [{"station": station, "noticed": noticed, "idle_up": idle}])
    pattern = {"station": "CP1", "kind": "hard", "clock": "up", "seconds": 60.0}
    assert of_pattern(outages, pattern, 10, 20).tolist() == [fits]


@pytest.mark.parametrize(("idle", "fits"), [(300.0, True), (299.9, False), (9000.0, True)])
def test_a_silent_drop_comes_after_a_fatal_quiet_or_a_longer_one(idle: float, fits: bool) -> None:
    outages = schema.from_rows("outages", [{"station": "CP1", "noticed": 15, "idle_down": idle}])
    pattern = {"station": "CP1", "kind": "silent", "clock": "any", "seconds": 300.0, "fatal": 300.0}
    assert of_pattern(outages, pattern, 10, 20).tolist() == [fits]

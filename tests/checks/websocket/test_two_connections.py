from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.websocket.two_connections import two_connections
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from tests.checks.websocket.seen_in_a_capture import captured, judged, severities
from tests.manuals import findings, tables, workspace

FIRST = "08:00:00 CP1 + ocpp1.6 client=10.0.0.7\n08:00:10 CP1 > Heartbeat\n08:00:10.1 CP1 < = {}\n"
SECOND = "08:03:00 CP1/2 + ocpp1.6 client=10.0.0.9\n"


@pytest.mark.parametrize(("last", "found"), [("08:03:05", 0), ("08:03:06", 1)])
def test_the_older_one_must_speak_five_seconds_after_the_newer_began(last: str, found: int) -> None:
    rows = findings(two_connections, f"{FIRST}{SECOND}{last} CP1 > Heartbeat\n08:10:00 CP1 - fin")
    assert [(row["severity"], row["value"]) for row in rows] == [("warning", 6.0)] * found


@pytest.mark.parametrize(
    ("older", "newer", "severity"),
    [
        ("08:04:00", "08:09:00", "warning"),
        ("08:04:01", "08:04:00", "warning"),
        ("08:04:01", "08:04:01", "error"),
        ("08:30:00", "08:29:00", "error"),
    ],
)
def test_it_is_an_error_where_the_charger_speaks_on_both_for_more_than_a_minute(
    older: str, newer: str, severity: str
) -> None:
    text = "\n".join(sorted([f"{older} CP1 > Heartbeat", f"{newer} CP1/2 > Heartbeat"]))
    (row,) = findings(two_connections, FIRST + SECOND + text)
    assert row["severity"] == severity
    assert "from 10.0.0.7 and 10.0.0.9, and spoke on both" in row["summary"]


@pytest.mark.parametrize("bye", ["1001 by station", "fin by station", "rst by station"])
def test_a_late_goodbye_is_no_life(bye: str) -> None:
    assert (
        findings(two_connections, f"{FIRST}{SECOND}08:05:00 CP1 * record by station bytes=31\n08:05:00 CP1 - {bye}")
        == []
    )


def test_encrypted_records_show_that_it_lives() -> None:
    (row,) = findings(two_connections, f"{FIRST}{SECOND}08:05:00 CP1 * record by station bytes=310\n08:06:00 CP1 - rst")
    assert (row["severity"], row["value"]) == ("warning", 120.0)
    assert "on the older one" in row["summary"]


def test_what_the_csms_sends_to_the_older_one_proves_nothing() -> None:
    assert findings(two_connections, FIRST + SECOND + "08:05:00 CP1 < Reset {}\n08:06:00 CP1 < ping") == []


def test_two_inputs_may_tell_of_one_connection_and_are_not_compared() -> None:
    made = tables(f"{FIRST}{SECOND}08:05:00 CP1 > Heartbeat")
    rows = [{**row, "source": f"{place}.pcap"} for place, row in enumerate(made["connections"].to_pylist())]
    other = Workspace({**made, "connections": schema.from_rows("connections", rows)}, DERIVATIONS)
    assert [row["severity"] for row in judged(two_connections, other)] == ["unknown"]


def test_only_a_capture_without_it_passes() -> None:
    assert severities(two_connections, workspace(FIRST)) == ["unknown"]
    assert severities(two_connections, captured(FIRST)) == []


def test_two_chargers_are_no_pair() -> None:
    text = f"{FIRST}{SECOND}08:05:00 CP1 > Heartbeat".replace("CP1/2", "CP2")
    assert severities(two_connections, captured(text)) == []

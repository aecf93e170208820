from __future__ import annotations

import pytest

from analyzer.checks.websocket.malformed_upgrade import SHOWN, malformed_upgrade
from tests.manuals import findings, workspace

SEEN = "client_port=50001 authorization=none"
FAULT = f"{SEEN} upgrade_faults=no%20Upgrade%20header"


def unjudged(text: str) -> list[str]:
    rows = malformed_upgrade(*workspace(text).tables(malformed_upgrade.needs)).to_pylist()
    return [row["summary"] for row in rows if row["severity"] == "unknown"]


def test_a_fault_of_a_connection_that_comes_to_nothing_is_an_error() -> None:
    (found,) = findings(malformed_upgrade, f"08:00:00x2/60s CP1 x 400 {FAULT}\n08:05:00 CP1 + ocpp1.6 {SEEN}")
    assert (found["severity"], found["count"]) == ("error", 2)
    assert found["summary"] == "2 of 3 upgrades were malformed: no Upgrade header"


def test_a_fault_that_both_live_with_is_a_warning() -> None:
    text = f"08:00:00 CP1 + ocpp1.6 {FAULT}\n08:00:01 CP1 > Heartbeat"
    (found,) = findings(malformed_upgrade, text)
    assert (found["severity"], found["summary"]) == (
        "warning",
        "1 of 1 upgrade was malformed: no Upgrade header; both talk all the same",
    )
    refused_later = f"{text}\n08:10:00 CP1 - rst\n08:11:00 CP1 x 400 {FAULT}"
    assert [row["severity"] for row in findings(malformed_upgrade, refused_later)] == ["error"]


def test_two_faults_are_told_with_their_counts_and_in_bounds() -> None:
    text = f"08:00:00x2/60s CP1 x 400 {FAULT}\n08:05:00 CP1 x 400 {SEEN} upgrade_faults={'x' * 10_000}"
    (found,) = findings(malformed_upgrade, text)
    assert "no Upgrade header (2x); xxx" in str(found["summary"])
    assert str(found["summary"]).count("x") < SHOWN + 20


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        (f"08:00:00 CP1 + ocpp1.6 {SEEN}", True),
        ("08:00:00 CP1 + ocpp1.6 authorization=none", False),
        ("08:00:00 CP1 + ocpp1.6 client_port=50001", False),
        ("08:00:00 CP1 > Heartbeat", False),
    ],
)
def test_only_packets_show_the_headers(text: str, judged: bool) -> None:
    assert unjudged(text) == ([] if judged else ["no request for a WebSocket was seen with its headers"])


def test_stations_are_told_apart() -> None:
    text = f"08:00:00 CP1 x 400 {FAULT}\n08:00:00 CP2 + ocpp1.6 {SEEN}"
    assert [row["station"] for row in findings(malformed_upgrade, text)] == ["CP1"]

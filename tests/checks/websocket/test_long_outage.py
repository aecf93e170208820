from __future__ import annotations

import pytest

from analyzer.checks.websocket.long_outage import long_outage
from tests.manuals import findings, workspace


@pytest.mark.parametrize(
    ("back", "severity"), [("08:15:00", None), ("08:15:01", "warning"), ("09:10:00", "warning"), ("09:10:01", "error")]
)
def test_five_minutes_are_long_and_an_hour_is_too_long(back: str, severity: str | None) -> None:
    found = findings(long_outage, f"08:00:00 CP1 + ocpp1.6\n08:10:00 CP1 - rst\n{back} CP1 + ocpp1.6")
    assert [row["severity"] for row in found] == ([severity] if severity else [])


@pytest.mark.parametrize(("until", "count"), [("08:14:00", 0), ("08:16:00", 1)])
def test_an_outage_at_the_edge_counts_for_as_long_as_it_was_watched(until: str, count: int) -> None:
    text = f"08:00:00 CP1 + ocpp1.6\n08:10:00 CP1 - rst\n{until} CP2 > Heartbeat"
    found = findings(long_outage, text)
    assert len(found) == count
    assert all("at the end of the input" in str(row["summary"]) and row["end"] is None for row in found)


def test_all_outages_of_a_station_are_one_finding_with_their_manners() -> None:
    text = "08:00:00x4/1800s CP1 + ocpp1.6\n08:10:00x2/1800s CP1 - fin by csms\n09:10:00 CP1 - 1006\n09:20:00 CP1 x 503"
    (found,) = findings(long_outage, text)
    assert (found["count"], found["value"]) == (3, 1200.0)
    assert "TCP closed by the CSMS (2x)" in str(found["summary"])
    assert "1 attempt failed" in str(found["summary"])


def test_a_log_of_messages_alone_is_not_judged() -> None:
    rows = long_outage(*workspace("08:00:00x2/9000s CP1 > Heartbeat").tables(long_outage.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


@pytest.mark.parametrize(
    ("action", "answer", "count"),
    [("Reset", '{"status": "Accepted"}', 0), ("Reset", '{"status": "Rejected"}', 1), ("GetLog", "{}", 1)],
)
def test_an_accepted_reset_excuses_what_follows(action: str, answer: str, count: int) -> None:
    text = f"""
    08:00:00 CP1 + ocpp2.0.1
    08:09:00 CP1 < {action} {{}}
    08:09:00.2 CP1 > = {answer}
    08:10:00 CP1 - 1001 by station
    08:20:00 CP1 + ocpp2.0.1
    """
    assert len(findings(long_outage, text)) == count

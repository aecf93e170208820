from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.websocket.unreachable import unreachable
from tests.manuals import damaged, findings, workspace

ENDS = "client=10.0.0.7 client_port=50001 server=203.0.113.5 server_port=443"
LATER = "\n09:30:00 CP9 > Heartbeat"
"""The input goes on, so the answer would have been seen."""


def up(time: str, *, server: str = "203.0.113.5", beat: str | None = None) -> str:
    said = f"\n{beat or time}.5 CP1 > Heartbeat#{time}\n{beat or time}.6 CP1 < =#{time} {{}}"
    return f"\n{time} CP1 + ocpp1.6 client=10.0.0.7 client_port=50009 server={server} server_port=443" + said


def unjudged(text: str) -> list[tuple[str, str]]:
    rows = unreachable(*workspace(text).tables(unreachable.needs)).to_pylist()
    return [(row["station"], row["summary"]) for row in rows if row["severity"] == "unknown"]


@pytest.mark.parametrize(
    ("repeats", "severity"), [("x2/60s", "warning"), ("x3/300s", "error"), ("x3/301s", "warning"), ("x9/60s", "error")]
)
def test_three_failures_in_ten_minutes_are_an_error(repeats: str, severity: str) -> None:
    (found,) = findings(unreachable, f"08:00:00{repeats} CP1 x unreachable {ENDS}{LATER}")
    assert found["severity"] == severity
    assert "to 203.0.113.5:443 failed" in str(found["summary"])


def test_no_answer_and_a_closed_port_are_told_apart() -> None:
    text = f"08:00:00x2/60s CP1 x unreachable {ENDS}\n08:05:00 CP1 x port_closed {ENDS}{LATER}"
    (found,) = findings(unreachable, text)
    assert "2x no answer to SYN" in str(found["summary"])
    assert "1x SYN answered by RST" in str(found["summary"])


@pytest.mark.parametrize(("last", "count"), [("08:00:19", 0), ("08:00:20", 1)])
def test_an_attempt_at_the_end_of_the_input_must_be_watched_for_twenty_seconds(last: str, count: int) -> None:
    text = f"08:00:00 CP1 x unreachable {ENDS}\n{last} CP9 > Heartbeat"
    assert len(findings(unreachable, text)) == count
    judged = [("CP9", "no attempt to open a TCP connection was watched to its end")]
    assert unjudged(text) == ([] if count else [("CP1", judged[0][1])]) + judged


def test_what_a_router_reports_needs_no_waiting() -> None:
    text = f"08:00:00 CP1 x unreachable {ENDS}\n08:00:01 CP1 * icmp detail=host%20unreachable"
    assert [row["severity"] for row in findings(unreachable, text)] == ["warning"]


def test_a_reset_at_the_end_of_the_input_is_an_answer() -> None:
    (found,) = findings(unreachable, f"08:00:00 CP1 x port_closed {ENDS}")
    assert (found["severity"], found["count"]) == ("warning", 1)


@pytest.mark.parametrize(("lost", "count"), [("07:59:59", 1), ("08:00:05", 0), ("08:00:21", 1)])
def test_an_answer_may_be_among_lost_packets(lost: str, count: int) -> None:
    tables = damaged(f"08:00:00 CP1 x unreachable {ENDS}{LATER}", lost).tables(unreachable.needs)
    rows = [row for row in unreachable(*tables).to_pylist() if row["severity"] != "unknown"]
    assert len(rows) == count


@pytest.mark.parametrize(("after", "count"), [("08:00:10", 0), ("08:00:11", 1)])
def test_an_attempt_that_another_follows_at_once_costs_nothing(after: str, count: int) -> None:
    assert len(findings(unreachable, f"08:00:00 CP1 x port_closed {ENDS}{up(after)}{LATER}")) == count


def test_an_attempt_while_the_old_connection_is_silent_is_a_failure() -> None:
    text = f"{up('07:00:00', beat='07:59:00')}\n08:00:00x3/60s CP1 x unreachable {ENDS}{LATER}"
    (found,) = findings(unreachable, text.strip())
    assert found["severity"] == "error"


@pytest.mark.parametrize(("kind", "severity"), [("port_closed", "info"), ("unreachable", "warning")])
@pytest.mark.parametrize("back", ["08:19:00", "08:19:01"])
def test_failures_within_one_short_outage_are_a_restart(kind: str, severity: str, back: str) -> None:
    text = f"{up('08:00:00')}\n08:09:00 CP1 - 1001 by csms\n08:09:20x4/30s CP1 x {kind} {ENDS}{up(back)}{LATER}"
    (found,) = findings(unreachable, text.strip())
    assert (found["severity"], found["count"]) == (severity if back == "08:19:00" else "error", 4)


def test_syns_and_what_routers_say_are_told() -> None:
    text = f"""
    08:00:00 CP1 x unreachable {ENDS}
    08:00:00 CP1 * syn by station
    08:00:01 CP1 * syn by station
    08:00:03 CP1 * syn by station
    08:00:03.1 CP1 * icmp detail=host%20unreachable
    08:30:00 CP9 > Heartbeat
    """
    (found,) = findings(unreachable, text)
    assert "3 SYNs in all; the network says: host unreachable" in str(found["summary"])


def test_stations_are_told_apart() -> None:
    text = f"08:00:00x3/60s CP1 x unreachable {ENDS}\n08:00:00 CP2 x port_closed {ENDS}{LATER}"
    assert [(row["station"], row["severity"]) for row in findings(unreachable, text)] == [
        ("CP1", "error"),
        ("CP2", "warning"),
    ]


def test_an_attempt_that_the_input_cuts_off_is_not_counted_among_all() -> None:
    text = f"08:00:00 CP1 x port_closed {ENDS}\n08:10:00 CP1 + start_observed=false {ENDS}"
    tables = workspace(text).tables(unreachable.needs)
    rows = [{**row, "start_observed": True} for row in tables[0].to_pylist()]
    found = unreachable(schema.from_rows("connections", rows), *tables[1:])
    assert "1 of 1 attempt to open" in found["summary"][0].as_py()


def test_a_log_does_not_tell_of_tcp() -> None:
    why = "no attempt to open a TCP connection was watched to its end"
    assert unjudged("08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat") == [("CP1", why)]
    assert unjudged(up("08:00:00").strip()) == []
    assert unjudged("08:00:00 CP1 + start_observed=false client_port=50001") == [("CP1", why)]

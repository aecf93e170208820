from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from analyzer.checks.websocket.fixed_lifetime import fixed_lifetime
from analyzer.checks.websocket.idle_cutoff import idle_cutoff
from tests.manuals import findings, workspace

LIFE = """
08:00:00x{n}/1860s CP1 + ocpp1.6
08:05:00x{n}/1860s CP1 > Heartbeat#a$(i)
08:05:00.1x{n}/1860s CP1 < =#a$(i) {{}}
{more}
08:25:00x{n}/1860s CP1 > Heartbeat#b$(i)
08:25:00.1x{n}/1860s CP1 < =#b$(i) {{}}
08:30:00x{n}/1860s CP1 - {end}
"""


def lives(end: str = "fin by csms", n: int = 6, more: str = "") -> str:
    return LIFE.format(n=n, end=end, more=more)


def clock(seconds: float) -> str:
    return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat(" ", "milliseconds")[:-6]


@pytest.mark.parametrize("how", ["fin by csms", "rst", "1000 by csms", "1012 by csms", "1006 by station", "timeout"])
def test_ends_at_one_age_are_told_however_they_end(how: str) -> None:
    (found,) = findings(fixed_lifetime, lives(how))
    assert (found["severity"], found["value"], found["count"]) == ("warning", 1800.0, 5)
    assert "5 of 5 connections lived 30 min" in str(found["summary"])


def test_who_ended_them_is_told_where_it_is_one() -> None:
    (found,) = findings(fixed_lifetime, lives("fin by csms"))
    assert "ended by the CSMS, though they had been quiet for 299.9 s only" in str(found["summary"])


@pytest.mark.parametrize(
    ("how", "severity"), [("1000 by station", "info"), ("1001 by station", "info"), ("fin by station", "warning")]
)
def test_a_charger_that_closes_by_itself_plans_it(how: str, severity: str) -> None:
    assert [row["severity"] for row in findings(fixed_lifetime, lives(how))] == [severity]


@pytest.mark.parametrize("code", [1002, 1008, 1009, 1011])
def test_a_code_that_tells_of_a_fault_is_another_checks(code: int) -> None:
    assert findings(fixed_lifetime, lives(f"{code} by csms")) == []


@pytest.mark.parametrize(("n", "count"), [(5, 0), (6, 1)])
def test_it_takes_five_ends_of_which_the_outage_was_seen(n: int, count: int) -> None:
    text = lives(n=n)
    assert len(findings(fixed_lifetime, text)) == count
    rows = fixed_lifetime(*workspace(text).tables(fixed_lifetime.needs)).to_pylist()
    why = ["4 outages of the 5 that a pattern takes"]
    assert [row["summary"] for row in rows if row["severity"] == "unknown"] == ([] if count else why)


def test_resets_and_reboots_are_no_ends_of_a_pattern() -> None:
    reset = '08:29:50x{n}/1860s CP1 < Reset#r$(i) {{"type": "Soft"}}\n08:29:50.1x{n}/1860s CP1 > =#r$(i) {{"status": "Accepted"}}'
    assert (
        findings(
            fixed_lifetime,
            lives("1001 by station", more="").replace("\n08:30:00", "\n" + reset.format(n=6) + "\n08:30:00"),
        )
        == []
    )
    boot = '08:00:00.5x6/1860s CP1 > BootNotification#p$(i) {"reason": "Watchdog", "chargingStation": {"vendorName": "E", "model": "A"}}'
    assert findings(fixed_lifetime, lives().replace("\n08:05:00x", f"\n{boot}\n08:05:00x", 1)) == []


def test_connections_that_were_joined_in_the_middle_have_no_age() -> None:
    assert findings(fixed_lifetime, lives().replace("+ ocpp1.6", "+ start_observed=false")) == []


def test_a_charger_that_was_quiet_is_not_ended_by_its_age() -> None:
    assert findings(fixed_lifetime, lives().replace("08:25:00", "08:20:00")) == []
    assert len(findings(fixed_lifetime, lives().replace("08:25:00", "08:21:30"))) == 1


@pytest.mark.parametrize("length", [59, 60])
def test_short_lives_are_flapping(length: int) -> None:
    text = f"""
    08:00:00x6/120s CP1 + ocpp1.6
    08:00:20x6/120s CP1 > Heartbeat#a$(i)
    08:00:20.1x6/120s CP1 < =#a$(i) {{}}
    08:00:45x6/120s CP1 > Heartbeat#b$(i)
    08:00:45.1x6/120s CP1 < =#b$(i) {{}}
    08:0{length // 60}:{length % 60:02d}x6/120s CP1 - fin by csms
    08:14:00 CP1 + ocpp1.6
    """
    assert len(findings(fixed_lifetime, text)) == (length == 60)


def test_ends_at_random_ages_show_no_lifetime() -> None:
    chance, lines = random.Random(5), []
    for station in range(10):
        now = 0.0
        while now < 86400:
            end = now + chance.expovariate(1 / 1800)
            lines.append((now, f"CP{station} + ocpp1.6"))
            beat = now + 1
            while beat < end:
                lines.append((beat, f"CP{station} > Heartbeat#{beat}"))
                beat += 60
            lines.append((end, f"CP{station} - rst"))
            now = end + chance.uniform(5, 60)
    text = "\n".join(f"{clock(at)} {what}" for at, what in sorted(lines))
    assert findings(fixed_lifetime, text) == []


def test_a_cut_off_is_told_once() -> None:
    text = """
    08:00:00x7/400s CP1 + ocpp1.6
    08:02:00x7/400s CP1 > Heartbeat#a$(i)
    08:02:00.1x7/400s CP1 < =#a$(i) {}
    08:02:30x7/400s CP1 > StatusNotification#b$(i) {}
    08:02:30.1x7/400s CP1 < =#b$(i) {}
    08:02:59x7/400s CP1 > StatusNotification#c$(i) {}
    08:02:59.1x7/400s CP1 < =#c$(i) {}
    08:04:40x7/400s CP1 - fin by csms
    """
    assert len(findings(idle_cutoff, text)) + len(findings(fixed_lifetime, text)) == 1


def test_a_log_of_messages_alone_is_not_judged() -> None:
    rows = fixed_lifetime(*workspace("08:00:00 CP1 > Heartbeat").tables(fixed_lifetime.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]

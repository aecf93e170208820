from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.checks.websocket.idle_cutoff import idle_cutoff
from analyzer.checks.websocket.noticed_late import noticed_late
from analyzer.checks.websocket.silent_drop import silent_drop
from tests.manuals import findings, workspace

LIFE = """
08:00:00x{n}/1600s CP1 + ocpp1.6
08:00:01x{n}/1600s CP1 > {what}#a$(i) {{}}
08:00:01.1x{n}/1600s CP1 < =#a$(i) {{"currentTime": "$(now)", "interval": 300, "status": "Accepted"}}
08:05:01x{n}/1600s CP1 > Heartbeat#b$(i)
08:05:01.1x{n}/1600s CP1 < =#b$(i) {{}}
08:10:01x{n}/1600s CP1 > Heartbeat#c$(i)
08:10:01.1x{n}/1600s CP1 < =#c$(i) {{}}
{end}x{n}/1600s CP1 - {how}
"""


def lives(end: str = "08:15:01", how: str = "1006 by csms", n: int = 6, what: str = "BootNotification") -> str:
    return LIFE.format(n=n, end=end, how=how, what=what)


def clock(seconds: float) -> str:
    return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).isoformat(" ", "milliseconds")[:-6]


@pytest.mark.parametrize("how", ["1006 by csms", "fin by csms", "rst", "timeout", "lost"])
def test_ends_that_are_noticed_at_the_next_beat_are_no_cut_off(how: str) -> None:
    (found,) = findings(noticed_late, lives(how=how))
    assert (found["severity"], found["count"]) == ("info", 5)
    assert "that is 1x the heartbeat interval" in str(found["summary"])


@pytest.mark.parametrize(
    ("interval", "times"), [(290, 0), (295, 1), (306, 1), (307, 0), (150, 2), (100, 3), (75, 0), (200, 0), (3600, 0)]
)
def test_the_quiet_must_be_near_to_a_small_number_of_intervals(interval: int, times: int) -> None:
    found = findings(noticed_late, lives().replace('"interval": 300', f'"interval": {interval}'))
    assert [f"that is {times}x the heartbeat" in str(row["summary"]) for row in found] == [True] * (times > 0)


def test_a_period_of_pings_may_be_it() -> None:
    text = """
    08:00:00x6/400s CP1 + ocpp1.6
    08:00:40x6/400s CP1 > ping
    08:00:40.1x6/400s CP1 < pong
    08:01:20x6/400s CP1 > ping
    08:01:20.1x6/400s CP1 < pong
    08:02:00x6/400s CP1 > ping
    08:02:00.1x6/400s CP1 < pong
    08:02:40x6/400s CP1 - rst
    """
    (found,) = findings(noticed_late, text)
    assert "1x the period of its pings" in str(found["summary"])


@pytest.mark.parametrize(("n", "count"), [(5, 0), (6, 1)])
def test_it_takes_five_ends_of_which_the_outage_was_seen(n: int, count: int) -> None:
    text = lives(n=n)
    assert len(findings(noticed_late, text)) == count
    rows = noticed_late(*workspace(text).tables(noticed_late.needs)).to_pylist()
    why = ["4 outages of the 5 that a pattern takes"]
    assert [row["summary"] for row in rows if row["severity"] == "unknown"] == ([] if count else why)


def test_where_no_interval_is_known_nothing_is_told() -> None:
    text = """
    08:00:00x6/400s CP1 + ocpp1.6
    08:00:01x6/400s CP1 > StatusNotification#a$(i) {}
    08:02:00x6/400s CP1 > StatusNotification#b$(i) {}
    08:03:30x6/400s CP1 - rst
    """
    assert findings(noticed_late, text) == []


def test_stations_are_told_apart() -> None:
    other = lives(how="1000 by station").replace("CP1", "CP2").replace("08:15:01x", "08:14:00x")
    assert [row["station"] for row in findings(noticed_late, lives() + other)] == ["CP1"]


def random_life(seed: int, cut: float | None, deaths: float, interval: float) -> str:
    """Chargers that beat; their connections die at random or of a cut-off, and the end is noticed at the next beat."""
    chance, lines = random.Random(seed), []
    now, number = 1.0, 0
    while now < 8 * 3600:
        dies = now + chance.expovariate(1 / deaths)
        lines.append((now, "CP1 + ocpp1.6"))
        while now < dies:
            lines.append((now, f"CP1 > Heartbeat#{number}"))
            lines.append((now + 0.1, f'CP1 < =#{number} {{"currentTime": "$(now)"}}'))
            quiet = interval + chance.gauss(0, 0.2) if chance.random() < 0.7 else chance.uniform(5, interval)
            if cut is not None and quiet > cut:
                dies = now
            now, number = now + quiet, number + 1
        lines.append((now, "CP1 - 1006 by csms"))
        now += chance.uniform(15, 30)
    return "\n".join(f"{clock(at)} {what}" for at, what in sorted(lines))


@settings(max_examples=10)
@given(
    st.integers(0, 1000),
    st.sampled_from([None, 40.0, 100.0, 250.0, 299.8]),
    st.sampled_from([900.0, 3600.0]),
    st.sampled_from([60.0, 300.0]),
)
def test_one_end_is_never_told_as_a_cut_off_and_as_none(
    seed: int, cut: float | None, deaths: float, interval: float
) -> None:
    text = random_life(seed, cut, deaths, interval)
    real = len(findings(idle_cutoff, text)) + len(findings(silent_drop, text))
    artefact = len(findings(noticed_late, text))
    assert not (real and artefact)


@pytest.mark.xfail(strict=True, reason="few deaths that are noticed at the next beat look like a race with it (WS11)")
@pytest.mark.parametrize(("seed", "deaths", "interval"), [(1, 3600.0, 300.0), (2, 900.0, 60.0), (38, 900.0, 300.0)])
def test_random_deaths_are_no_cut_off_however_few_they_are(seed: int, deaths: float, interval: float) -> None:
    assert not findings(idle_cutoff, random_life(seed, None, deaths, interval))


def test_random_deaths_that_are_noticed_at_the_beat_are_told_as_such() -> None:
    (found,) = findings(noticed_late, random_life(3, None, 1800.0, 300.0))
    assert found["value"] < 0.7


def test_a_log_of_messages_alone_is_not_judged() -> None:
    rows = noticed_late(*workspace("08:00:00 CP1 > Heartbeat").tables(noticed_late.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]

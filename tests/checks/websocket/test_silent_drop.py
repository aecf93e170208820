from __future__ import annotations

import pytest

from analyzer.checks.websocket.idle_cutoff import idle_cutoff
from analyzer.checks.websocket.silent_drop import silent_drop
from tests.manuals import findings, workspace

LIFE = """
08:00:00x{n}/900s CP1 + ocpp1.6
08:00:30x{n}/900s CP1 > Heartbeat#a$(i)
08:00:30.1x{n}/900s CP1 < =#a$(i) {{}}
08:02:30x{n}/900s CP1 > Heartbeat#b$(i)
08:02:30.1x{n}/900s CP1 < =#b$(i) {{}}
08:07:30x{n}/900s CP1 > Heartbeat#c$(i)
{end}
"""


@pytest.mark.parametrize("how", ["1006 by station", "timeout", "rst", "fin by station", "1000 by station"])
def test_the_first_message_after_a_quiet_that_is_never_answered_shows_it(how: str) -> None:
    text = LIFE.format(n=6, end=f"08:08:30x6/900s CP1 - {how}")
    (found,) = findings(silent_drop, text)
    assert (found["value"], found["limit"]) == (pytest.approx(299.9), pytest.approx(119.9))
    assert findings(idle_cutoff, text) == []


def test_a_connection_that_is_replaced_while_it_seems_alive_is_dead() -> None:
    assert findings(silent_drop, LIFE.format(n=6, end=""))


@pytest.mark.parametrize(("n", "count"), [(5, 0), (6, 1)])
def test_it_takes_five_ends_of_which_the_outage_was_seen(n: int, count: int) -> None:
    assert len(findings(silent_drop, LIFE.format(n=n, end=f"08:08:30x{n}/900s CP1 - timeout"))) == count


def test_retries_do_not_shorten_the_quiet() -> None:
    retries = "08:07:40x6/900s CP1 > StatusNotification#d$(i) {}\n08:08:30x6/900s CP1 - timeout"
    (found,) = findings(silent_drop, LIFE.format(n=6, end=retries))
    assert found["value"] == pytest.approx(299.9)


def test_random_deaths_that_the_next_beat_notices_are_no_pattern() -> None:
    lives = """
    08:00:00x6/3600s CP1 + ocpp1.6
    08:05:00x60/300s CP1 > Heartbeat#a$(i)
    08:05:00.1x60/300s CP1 < =#a$(i) {}
    08:57:30x6/3600s CP1 > StatusNotification#d$(i) {}
    08:59:00x6/3600s CP1 - timeout
    """
    assert findings(silent_drop, lives) == []


def test_a_log_of_messages_alone_is_not_judged() -> None:
    rows = silent_drop(*workspace("08:00:00 CP1 > Heartbeat").tables(silent_drop.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]

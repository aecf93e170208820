from __future__ import annotations

import pytest

from analyzer.checks.protocol.unanswered import unanswered
from analyzer.checks.websocket.one_way import one_way
from tests.checks.websocket.seen_in_a_capture import severities
from tests.manuals import damaged, findings, workspace

BEFORE = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > BootNotification {}
08:00:01.1 CP1 < = {"status": "Accepted", "interval": 60, "currentTime": "2026-01-01T08:00:01Z"}
08:00:10 CP1 < GetConfiguration {}
08:00:11 CP1 > = {}
08:05:00 CP1 - fin by csms
"""
ONE_WAY = (
    BEFORE
    + """
08:06:00 CP1 + ocpp1.6
08:06:01x{count}/20s CP1 > StatusNotification#s$(i) {{}}
{end} CP1 - 1001 by station
"""
)
DOWN = (
    BEFORE
    + """
08:06:00 CP1 + ocpp1.6
08:06:01x4/20s CP1 < GetConfiguration#s$(i) {}
08:16:00 CP1 - rst
"""
)


def text(count: int, end: str) -> str:
    return (
        ONE_WAY.replace('{"', '{{"').replace('"}\n', '"}}\n').replace(" {}\n", " {{}}\n").format(count=count, end=end)
    )


@pytest.mark.parametrize(
    ("count", "end", "found"), [(3, "08:08:00", 1), (2, "08:08:00", 0), (3, "08:07:59", 0), (20, "08:20:00", 1)]
)
def test_it_takes_three_messages_and_two_heartbeat_intervals(count: int, end: str, found: int) -> None:
    rows = findings(one_way, text(count, end))
    assert [(row["severity"], row["value"]) for row in rows] == [("error", float(count))] * found


@pytest.mark.parametrize("more", ["08:07:00 CP1 < Reset {}", "08:07:00 CP1 < =#s0 {}"])
def test_one_message_of_the_other_side_is_enough(more: str) -> None:
    lines = text(4, "08:16:00").splitlines()
    assert findings(one_way, "\n".join([*lines[:-1], more, lines[-1]])) == []


def test_where_pongs_show_that_the_csms_lives_its_missing_answers_are_told_once() -> None:
    lines = text(4, "08:16:00").splitlines()
    alive = "\n".join([*lines[:-1], "08:07:10 CP1 < pong", lines[-1]])
    assert (len(findings(unanswered, alive)), len(findings(one_way, alive))) == (1, 0)


def test_what_the_charger_never_answers_is_told_once() -> None:
    told = len(findings(unanswered, DOWN))
    assert (told, len(findings(one_way, DOWN))) == (1, 0)


def test_an_unanswered_boot_is_told_once() -> None:
    boots = BEFORE + "08:06:00 CP1 + ocpp1.6\n08:06:01x5/60s CP1 > BootNotification#b$(i) {}\n08:16:00 CP1 - rst"
    assert (len(findings(unanswered, boots)), len(findings(one_way, boots))) == (1, 0)


def test_a_part_of_the_input_that_was_lost_may_hold_the_answers() -> None:
    assert "error" not in severities(one_way, damaged(text(4, "08:16:00"), "08:10:00"))
    assert "error" in severities(one_way, damaged(text(4, "08:16:00"), "08:04:00"))


def test_an_input_of_one_direction_is_not_judged() -> None:
    one = "08:00:00x2/1200s CP1 + ocpp1.6\n08:00:01x35/60s CP1 > StatusNotification#h$(i)\n08:18:00x2/1200s CP1 - fin"
    assert severities(one_way, workspace(one)) == ["unknown"]


def test_a_connection_of_messages_alone_is_not_judged() -> None:
    assert severities(one_way, workspace("08:00:00x20/60s CP1 > Heartbeat")) == ["unknown"]

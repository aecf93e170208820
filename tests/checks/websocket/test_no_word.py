from __future__ import annotations

import pytest

from analyzer.checks.websocket.no_word import no_word
from tests.checks.websocket.seen_in_a_capture import captured, severities
from tests.manuals import damaged, findings, workspace

BOOT = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > BootNotification {}
08:00:01.1 CP1 < = {"status": "Accepted", "interval": 100, "currentTime": "2026-01-01T08:00:01Z"}
08:05:00 CP1 - 1001 by csms
08:06:00 CP1 + ocpp1.6
"""


@pytest.mark.parametrize(
    ("then", "severity"),
    [
        ("08:11:00 CP1 > Heartbeat", None),
        ("08:11:01 CP1 > Heartbeat", "warning"),
        ("08:11:01 CP1 < Reset", "warning"),
        ("08:11:01 CP1 - 1000 by csms", "error"),
        ("08:11:01 CP1 - fin by station", "error"),
        ("08:11:00 CP1 - fin by station", None),
        ("08:10:00 CP1 < ping\n08:11:01 CP1 - rst", "error"),
        ("08:11:01 CP2 + ocpp1.6", "error"),
        ("08:11:00 CP2 + ocpp1.6", None),
        ("08:11:01 CP1 + ocpp1.6", None),
        ("08:11:01 CP1 - 1006", None),
        ("08:06:10 CP1 > raw [2,\n08:11:01 CP1 - rst", None),
    ],
)
def test_it_takes_three_heartbeat_intervals_without_a_message(then: str, severity: str | None) -> None:
    found = [row for row in findings(no_word, BOOT + then) if row["station"] == "CP1"]
    assert [row["severity"] for row in found] == ([severity] if severity else [])


def test_a_short_interval_does_not_make_a_minute_long() -> None:
    text = BOOT.replace('"interval": 100', '"interval": 1')
    assert findings(no_word, f"{text}08:07:00 CP1 > Heartbeat") == []
    assert len(findings(no_word, f"{text}08:07:01 CP1 > Heartbeat")) == 1


def test_the_period_that_a_charger_keeps_counts_where_it_is_longer() -> None:
    beats = "08:07:40x8/100s CP1 > Heartbeat#h$(i)\n08:30:00 CP1 - 1000\n"
    text = (
        BOOT.replace('"interval": 100', '"interval": 20') + beats + "08:31:00 CP1 + ocpp1.6\n08:35:00 CP1 > Heartbeat"
    )
    assert findings(no_word, text) == []


def test_of_a_charger_that_never_spoke_it_takes_two_connections_of_a_capture() -> None:
    life = "08:00:00x{n}/300s CP1 + ocpp1.6\n08:02:00x{n}/300s CP1 - 1000 by csms"
    assert severities(no_word, captured(life.format(n=1))) == ["unknown"]
    assert severities(no_word, captured(life.format(n=2))) == ["error"]
    assert severities(no_word, workspace(life.format(n=2))) == ["unknown"]


def test_a_part_of_the_input_that_was_lost_may_hold_the_first_word() -> None:
    text = BOOT + "08:12:00 CP1 - 1000 by csms"
    assert severities(no_word, damaged(text, "08:07:00")) == []
    assert severities(no_word, damaged(text, "08:04:00")) == ["error"]


def test_a_log_of_messages_alone_is_not_judged() -> None:
    assert severities(no_word, workspace("08:00:00x2/9000s CP1 > Heartbeat")) == ["unknown"]

from __future__ import annotations

import pytest

from analyzer.checks.websocket.half_open import half_open
from tests.checks.websocket.seen_in_a_capture import severities
from tests.manuals import damaged, findings, workspace

TALK = """
08:00:00 CP1 + ocpp1.6
08:01:00 CP1 > Heartbeat
08:01:00.1 CP1 < = {}
08:02:00 CP1 < TriggerMessage {}
"""
BACK = "08:10:00 CP1 + ocpp1.6\n08:10:01 CP1 > Heartbeat\n08:10:01.1 CP1 < = {}\n"


def resent(count: int, step: float, *rest: str) -> str:
    again = f"08:02:01x{count}/{step}s CP1 * retransmission by csms bytes=90"
    return TALK + "\n".join([again, *rest])


@pytest.mark.parametrize(
    ("count", "step", "found"), [(4, 2, 0), (5, 2, 1), (2, 30, 0), (2, 30.1, 1), (1, 1, 0), (9, 0.05, 0)]
)
def test_it_takes_five_rounds_or_half_a_minute(count: int, step: float, found: int) -> None:
    text = resent(count, step, "08:09:00 CP1 - rst", "08:20:00 CP2 + ocpp1.6")
    assert len(findings(half_open, text)) == found


@pytest.mark.parametrize(
    ("end", "found"),
    [
        ("08:05:00 CP1 - rst", 1),
        ("08:05:00 CP1 - rst by station", 1),
        ("08:05:00 CP1 - timeout", 1),
        ("08:05:00 CP1 - fin by csms", 1),
        ("08:05:00 CP1 - 1011 by csms", 1),
        ("08:05:00 CP1 - fin by station", 0),
        ("08:05:00 CP1 - 1001 by station", 0),
        ("08:05:00 CP1 > Heartbeat\n08:09:00 CP1 - rst", 0),
        ("08:05:00 CP1 < ping\n08:09:00 CP1 - rst", 1),
        ("08:05:00 CP1 > pong\n08:09:00 CP1 - rst", 0),
        ("08:05:00 CP1 * keep_alive by station\n08:09:00 CP1 - rst", 0),
        ("08:05:00 CP1 * rst by station\n08:09:00 CP1 - rst by station", 1),
        ("08:01:59 CP1 * zero_window by station\n08:09:00 CP1 - rst", 0),
        ("", 0),
        (BACK, 1),
    ],
)
def test_the_silent_side_says_nothing_more_and_the_other_gives_up(end: str, found: int) -> None:
    lines = sorted(filter(None, resent(6, 7, end).splitlines()))
    rows = findings(half_open, "\n".join(lines))
    assert [row["severity"] for row in rows] == ["error"] * found


def test_the_charger_may_be_the_one_that_waits() -> None:
    text = resent(6, 7, "08:09:00 CP1 - timeout").replace("by csms", "by station").replace("< Trigger", "> Trigger")
    (row,) = findings(half_open, text)
    assert (
        row["summary"] == "The charger sent the same bytes again 6 times in 35 s and heard nothing of the CSMS any more"
    )
    assert row["value"] == 35.0


@pytest.mark.parametrize(("step", "found"), [(130, 1), (131, 0)])
def test_losses_far_from_each_other_are_not_of_the_same_bytes(step: int, found: int) -> None:
    assert len(findings(half_open, resent(6, step, "09:00:00 CP1 - rst"))) == found


def test_a_capture_of_one_direction_shows_no_answer() -> None:
    text = resent(6, 7, "08:09:00 CP1 - rst")
    assert findings(half_open, "\n".join(line for line in text.splitlines() if "Heartbeat" not in line)) == []


def test_the_goodbye_may_be_sent_again() -> None:
    text = TALK + "08:02:01 CP1 - fin by csms\n08:02:02x6/7s CP1 * retransmission by csms bytes=1\n" + BACK
    assert findings(half_open, text) == []


def test_a_part_of_the_capture_that_was_lost_may_hold_the_answer() -> None:
    text = resent(6, 7, "08:09:00 CP1 - rst", "08:30:00 CP1 + ocpp1.6")
    assert "error" in severities(half_open, workspace(text))
    assert "error" not in severities(half_open, damaged(text, "08:02:20"))
    assert "error" in severities(half_open, damaged(text, "08:20:00"))


def test_a_reboot_explains_it() -> None:
    boot = '08:10:01 CP1 > BootNotification {"reason": "Watchdog"}\n08:10:02 CP1 < = {"status": "Accepted"}'
    text = resent(6, 7, "08:09:00 CP1 - rst", "08:10:00 CP1 + ocpp2.0.1").replace("ocpp1.6", "ocpp2.0.1")
    assert len(findings(half_open, text)) == 1
    assert findings(half_open, f"{text}\n{boot}") == []


def test_connections_of_several_chargers_are_told_apart() -> None:
    text = resent(6, 7, "08:09:00 CP1 - rst") + "\n08:00:00 CP2 + ocpp1.6\n08:09:00 CP2 - rst\n08:30:00 CP2 + ocpp1.6"
    assert [row["station"] for row in findings(half_open, text)] == ["CP1"]


REPLACED = """
08:00:00 CP1 + ocpp1.6
08:01:00 CP1 > Heartbeat
08:01:00.1 CP1 < = {{}}
{sent}
08:10:00 CP1 + ocpp1.6
08:11:00 CP1 > Heartbeat
08:11:00.1 CP1 < = {{}}
{end}
"""


@pytest.mark.parametrize(
    ("sent", "severity"),
    [("", "info"), ("08:05:00 CP1 < ChangeAvailability {}", "warning"), ("08:00:50 CP1 < Reset {}", "info")],
)
def test_in_a_log_a_new_connection_without_an_end_of_the_old_one_shows_it(sent: str, severity: str) -> None:
    (row,) = findings(half_open, REPLACED.format(sent=sent, end="08:30:00 CP1 - fin"))
    assert (row["severity"], row["count"], row["value"]) == (severity, 1, 540.0)
    assert ("sent 1 call in vain" in row["summary"]) == (severity == "warning")


def test_a_log_that_tells_of_no_end_is_not_judged() -> None:
    assert severities(half_open, workspace(REPLACED.format(sent="", end=""))) == ["unknown"]


def test_what_the_segments_tell_is_not_told_again() -> None:
    text = resent(6, 7, BACK, "08:20:00 CP1 - fin")
    assert [row["severity"] for row in findings(half_open, text)] == ["error"]


def test_a_log_of_messages_alone_is_not_judged() -> None:
    assert severities(half_open, workspace("08:00:00x2/9000s CP1 > Heartbeat")) == ["unknown"]

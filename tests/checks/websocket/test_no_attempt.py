from __future__ import annotations

import pytest

from analyzer.checks.websocket.no_attempt import MOST_BEHIND, no_attempt
from tests.checks.websocket.seen_in_a_capture import severities
from tests.manuals import damaged, findings, workspace

LOOKUP = "07:59:00 CP1 * lookup name=csms.example status=NOERROR\n"
LIFE = "08:00:00 CP1 + ocpp1.6 client=10.0.0.7\n08:10:00 CP1 - fin by csms\n"
BACK = "08:40:00 CP1 + ocpp1.6 client=10.0.0.7\n"


@pytest.mark.parametrize(("back", "found"), [("08:20:00", 0), ("08:20:01", 1)])
def test_ten_minutes_without_an_attempt_are_too_long(back: str, found: int) -> None:
    rows = findings(no_attempt, f"{LOOKUP}{LIFE}{back} CP1 + ocpp1.6 client=10.0.0.7")
    assert [(row["severity"], row["value"]) for row in rows] == [("error", 601.0)] * found


@pytest.mark.parametrize(
    "attempt",
    [
        "08:15:00 CP1 * lookup name=csms.example",
        "08:15:00 CP1 x unreachable client=10.0.0.7",
        "08:15:00 CP1 x 503",
        "08:15:00 CP1 x tls",
        "08:15:00 unnamed * lookup name=csms.example client=10.0.0.7",
    ],
)
def test_whatever_it_tries_counts(attempt: str) -> None:
    text = "\n".join([LOOKUP + LIFE + attempt, attempt.replace("08:15", "08:24"), "08:33:00 CP1 + ocpp1.6"])
    assert findings(no_attempt, text) == []


@pytest.mark.parametrize(
    ("evidence", "severity"),
    [
        (LOOKUP, "error"),
        ("07:59:00 CP1 x unreachable client=10.0.0.7\n", "error"),
        ("07:59:00 other * lookup name=csms.example client=10.0.0.7\n", "error"),
        ("07:59:00 other * lookup name=csms.example client=10.0.0.8\n", "unknown"),
        ("07:59:00 CP1 x 503\n", "unknown"),
        ("07:59:00 CP1 x tls\n", "unknown"),
        ("", "unknown"),
    ],
)
def test_it_is_judged_where_all_its_attempts_would_be_seen(evidence: str, severity: str) -> None:
    assert severities(no_attempt, workspace(evidence + LIFE + BACK)) == [severity]


def test_an_address_of_many_chargers_tells_of_none() -> None:
    others = [f"07:50:0{place} P{place} + ocpp1.6 client=10.0.0.7\n" for place in range(MOST_BEHIND)]
    lookup = "07:59:00 other * lookup name=csms.example client=10.0.0.7\n"
    assert severities(no_attempt, workspace("".join(others[1:]) + lookup + LIFE + BACK)) == ["error"]
    assert severities(no_attempt, workspace("".join(others) + lookup + LIFE + BACK)) == ["unknown"]


def test_a_charger_that_does_not_come_back_may_have_no_power() -> None:
    (row,) = findings(no_attempt, LOOKUP + LIFE + "08:30:00 CP2 + ocpp1.6")
    assert (row["severity"], row["value"]) == ("warning", 1200.0)
    assert "may have no power" in row["summary"]
    assert findings(no_attempt, LOOKUP + LIFE + "08:19:00 CP2 + ocpp1.6") == []


@pytest.mark.parametrize(("reason", "found"), [("PowerUp", 0), ("Watchdog", 0), ("", 0)])
def test_a_boot_may_mean_that_it_had_no_power(reason: str, found: int) -> None:
    boot = f'08:40:01 CP1 > BootNotification {{"reason": "{reason}"}}\n08:40:02 CP1 < = {{"status": "Accepted"}}'
    assert len(findings(no_attempt, LOOKUP + LIFE + BACK + boot)) == found


def test_a_reset_by_order_excuses_it() -> None:
    order = '08:09:00 CP1 < Reset {}\n08:09:01 CP1 > = {"status": "Accepted"}\n'
    begin, end = LIFE.splitlines(keepends=True)
    assert findings(no_attempt, LOOKUP + begin + order + end + BACK) == []


def test_a_part_of_the_capture_that_was_lost_may_hold_an_attempt() -> None:
    assert severities(no_attempt, damaged(LOOKUP + LIFE + BACK, "08:15:00")) == []
    assert severities(no_attempt, damaged(LOOKUP + LIFE + BACK, "08:05:00")) == ["error"]


def test_short_outages_and_none_are_fine() -> None:
    assert severities(no_attempt, workspace(LIFE + "08:11:00 CP1 + ocpp1.6")) == []
    assert severities(no_attempt, workspace("08:00:00 CP1 + ocpp1.6")) == []

from __future__ import annotations

import pytest

from analyzer.verdict.unheard import unheard
from tests.manuals import workspace

BOOT = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": %d, "status": "Accepted"}
"""
BEATS = "08:01:00x30/60s CP1 > Heartbeat#h$(i)\n08:01:00.1x30/60s CP1 < =#h$(i) {}\n"


def silent(text: str) -> dict[str, str]:
    space = workspace(text)
    names = ("connections", "messages", "sources", "settings", "outages")
    return unheard({name: space.table(name) for name in names})


def until(clock: str) -> str:
    """Another charger is heard until then."""
    return f"08:00:00 CP2 + ocpp1.6\n{clock} CP2 > Heartbeat#other\n"


@pytest.mark.parametrize(
    ("interval", "end", "told"),
    [
        (60, "08:35:00", None),
        (60, "08:35:01", "not heard since 08:30:00, 301 s before the input ends"),
        (600, "09:00:00", None),
        (600, "09:00:01", "not heard since 08:30:00, 30 min before the input ends"),
        (86400, "23:00:00", None),
    ],
)
def test_it_takes_three_intervals_and_five_minutes(interval: int, end: str, told: str | None) -> None:
    assert silent(BOOT % interval + BEATS + until(end)).get("CP1") == told


def test_a_charger_that_was_as_quiet_before_is_not_said_to_have_fallen_silent() -> None:
    seldom = "08:01:00x3/1800s CP1 > Heartbeat#h$(i)\n"
    assert "CP1" not in silent(BOOT % 60 + seldom + until("10:00:00"))
    assert "CP1" in silent(BOOT % 60 + seldom + until("10:02:00"))


def test_without_a_known_interval_it_takes_an_hour() -> None:
    word = "08:01:00 CP1 + ocpp1.6\n"
    assert "CP1" not in silent(word + until("09:01:00"))
    assert "CP1" in silent(word + until("09:01:01"))


@pytest.mark.parametrize("end", ["1006", "fin by csms", "1001 by station"])
def test_an_end_that_was_seen_is_an_outage_and_no_silence(end: str) -> None:
    assert "CP1" not in silent(BOOT % 60 + BEATS + f"08:30:30 CP1 - {end}\n" + until("11:00:00"))


def test_another_day_is_told() -> None:
    text = BOOT % 60 + BEATS + "2026-01-02 03:00:00 CP2 + ocpp1.6"
    assert silent(text)["CP1"].endswith("-01 08:30:00, 18.5 h before the input ends")


def test_a_charger_that_is_heard_to_the_end_of_the_input_is_not_told_of() -> None:
    assert silent(BOOT % 60 + BEATS) == {}

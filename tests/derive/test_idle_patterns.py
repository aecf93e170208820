from __future__ import annotations

import pytest

from tests.manuals import workspace

LIVES = """
08:00:00x7/300s CP1 + ocpp1.6
08:00:01x7/300s CP1 > Heartbeat#a$(i)
08:00:01.2x7/300s CP1 < =#a$(i) {}
08:00:31x7/300s CP1 > Heartbeat#b$(i)
08:00:31.2x7/300s CP1 < =#b$(i) {}
"""


def patterns(text: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = workspace(text).table("idle_patterns").to_pylist()
    return rows


@pytest.mark.parametrize(
    ("at", "clock", "seconds"), [("08:01:31", "up", 60.0), ("08:01:31.2", "any", 60.0), ("08:02:11.2", "any", 100.0)]
)
def test_the_clock_is_the_one_that_gives_whole_seconds(at: str, clock: str, seconds: float) -> None:
    (row,) = patterns(LIVES + f"{at}x7/300s CP1 - 1000 by csms")
    assert (row["kind"], row["clock"], row["seconds"]) == ("hard", clock, pytest.approx(seconds))
    assert (row["count"], row["ends"]) == (6, 6)


def test_a_close_frame_is_the_end_and_no_sign_of_life() -> None:
    made = workspace(LIVES + "08:01:31x7/300s CP1 - 1000 by csms")
    assert made.table("outages")["idle_any"].to_pylist() == pytest.approx([59.8] * 6)


def test_reboots_are_no_part_of_a_pattern() -> None:
    boot = '08:00:00.5x7/300s CP1 > BootNotification#p$(i) {"reason": "PowerUp"}\n'
    assert patterns(boot + LIVES + "08:01:31x7/300s CP1 - fin by csms") == []


def test_an_interval_that_is_shortened_later_does_not_hide_the_race_with_the_one_before() -> None:
    cut = """
08:00:00x8/600s CP1 + ocpp1.6 start_observed=false
08:00:01x8/600s CP1 > Heartbeat#a$(i)
08:01:01x8/600s CP1 > Heartbeat#b$(i)
08:02:01.1x8/600s CP1 - fin by csms
"""
    order = '09:30:00 CP1 + ocpp1.6\n09:30:01 CP1 < ChangeConfiguration#c {"key":"HeartbeatInterval","value":"20"}\n09:30:02 CP1 > =#c {"status":"Accepted"}\n09:30:22x9/20s CP1 > Heartbeat#z$(i)\n'
    (row,) = patterns(cut + order)
    assert row["interval"] == 60.0

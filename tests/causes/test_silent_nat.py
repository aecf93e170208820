from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer import schema
from analyzer.causes.silent_nat import silent_nat
from tests.causes.stories import names, ranked

QUIET = """
08:00:00x7/900s CP1 + ocpp1.6
08:00:01x7/900s CP1 > Heartbeat#a$(i)
08:00:01.1x7/900s CP1 < =#a$(i) {}
08:01:01x7/900s CP1 > Heartbeat#b$(i)
08:01:01.1x7/900s CP1 < =#b$(i) {}
"""
UNHEARD = "08:06:01x7/900s CP1 > Heartbeat#c$(i)\n08:06:31x7/900s CP1 - 1006"
ANSWERED = "08:06:01x7/900s CP1 > Heartbeat#c$(i)\n08:06:01.1x7/900s CP1 < =#c$(i) {}\n08:06:31x7/900s CP1 - 1006"


def test_a_first_message_after_a_long_quiet_that_nobody_answers_is_a_silent_drop() -> None:
    outages = ranked(QUIET + UNHEARD)
    assert {outage[0]["cause"] for outage in outages} == {"silent_nat"}
    row = outages[0][0]
    assert (row["owner"], row["confidence"]) == ("network", "high")
    assert row["evidence_for"].startswith(
        "the first message after 300 s of quiet or more was never answered, while 60 s of quiet were survived"
    )
    assert "pings every 30 s" in row["remedy"]


def test_a_drop_after_an_answer_is_none() -> None:
    assert "silent_nat" not in names(QUIET + ANSWERED)


def test_a_reboot_in_such_a_quiet_is_told_apart() -> None:
    boots = '\n08:00:00.5x7/900s CP1 > BootNotification#p$(i) {"reason": "Watchdog"}'
    assert names(QUIET.replace("\n08:00:01x", f"{boots}\n08:00:01x") + UNHEARD) == {"reboot"}


@pytest.mark.parametrize(
    ("changed", "clues"),
    [
        ({}, 2),
        ({"end_kind": "close", "end_side": "station"}, 2),
        ({"end_kind": "close", "end_side": "csms"}, 0),
        ({"boot": "reboot"}, 0),
        ({"idle_up": None}, 0),
        ({"idle_down": None}, 0),
        ({"idle_down": 299.0}, 0),
        ({"idle_up": 330.0}, 0),
    ],
)
def test_it_takes_a_quiet_of_the_csms_that_is_always_fatal_and_a_charger_that_still_spoke(
    changed: dict[str, object], clues: int
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    outage = {"station": "CP1", "start": start, "end_kind": "lost", "idle_up": 30.0, "idle_down": 330.0, **changed}
    pattern = {"station": "CP1", "kind": "silent", "fatal": 300.0, "survived": 60.0, "count": 6, "ends": 6}
    found = silent_nat(schema.from_rows("outages", [outage]), schema.from_rows("idle_patterns", [pattern]))
    assert len(found) == clues

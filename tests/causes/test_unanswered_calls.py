from __future__ import annotations

import pytest

from analyzer.causes import causes
from tests.causes.stories import first
from tests.manuals import damaged

LIFE = "08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat#a\n08:00:01.1 CP1 < =#a {}\n"
ASKED = "08:01:00x4/60s CP1 > Heartbeat#h$(i)\n08:00:30x10/30s CP1 < ping\n"
BACK = "\n08:10:00 CP1 + ocpp1.6\n08:10:01 CP1 > Heartbeat#z\n08:10:01.1 CP1 < =#z {}\n"


def test_a_charger_that_gives_up_on_a_csms_that_does_not_answer_is_not_to_blame() -> None:
    row = first(LIFE + ASKED + "08:05:10 CP1 - fin by station" + BACK)
    assert (row["cause"], row["owner"], row["confidence"]) == ("unanswered_calls", "CSMS", "high")
    assert row["evidence_for"] == (
        "the CSMS did not answer the last 4 calls (Heartbeat) while it still sent; "
        "the charger, which waited, ended the connection"
    )


def test_the_other_way_round_the_charger_is_asked() -> None:
    asked = "08:01:00x4/60s CP1 < GetConfiguration#g$(i)\n08:01:30x4/60s CP1 > Heartbeat#h$(i)\n08:01:30.1x4/60s CP1 < =#h$(i) {}\n"
    row = first(LIFE + asked + "08:05:10 CP1 - 1006 by csms" + BACK)
    assert (row["cause"], row["owner"]) == ("unanswered_calls", "charger")
    assert row["evidence_for"].startswith("the charger did not answer the last 4 calls (GetConfiguration)")


@pytest.mark.parametrize(
    "asked",
    [
        "08:01:00x4/60s CP1 > Heartbeat#h$(i)\n",  # the CSMS was not heard any more: the link was dead
        "08:01:00x2/60s CP1 > Heartbeat#h$(i)\n08:00:30x10/30s CP1 < ping\n",  # two calls are lost with any connection
        "08:01:00x4/60s CP1 > Heartbeat#h$(i)\n08:01:00.1x4/60s CP1 < =#h$(i) {}\n",
    ],
)
def test_a_dead_link_few_calls_or_answered_ones_are_no_evidence(asked: str) -> None:
    assert first(LIFE + asked + "08:05:10 CP1 - fin by station" + BACK)["cause"] == "cannot_tell"


def test_calls_that_hung_before_an_answer_do_not_count() -> None:
    answered = "08:05:00 CP1 > Heartbeat#y\n08:05:00.1 CP1 < =#y {}\n"
    assert first(LIFE + ASKED + answered + "08:05:10 CP1 - fin by station" + BACK)["cause"] == "cannot_tell"


def test_answers_that_may_have_been_lost_with_a_part_of_the_input_are_no_evidence() -> None:
    (cause,) = [known for known in causes() if known.name == "unanswered_calls"]
    for moment, found in (("08:00:00", True), ("08:05:00", False)):
        space = damaged(LIFE + ASKED + "08:05:10 CP1 - fin by station" + BACK, moment)
        assert bool(cause(*space.tables(cause.needs))) == found

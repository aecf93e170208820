from __future__ import annotations

import pytest

from tests.causes.stories import first

LIFE = "08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat\n08:00:01.1 CP1 < = {}\n"
BACK = "\n08:30:00 CP1 + ocpp1.6\n08:30:01 CP1 > Heartbeat\n08:30:01.1 CP1 < = {}\n"


@pytest.mark.parametrize(
    ("end", "owner", "words"),
    [
        ("1011 by csms", "CSMS", "the CSMS closed with code 1011: an error in the server"),
        ("1012 by csms", "CSMS", "the CSMS closed with code 1012: a restart of the service"),
        ("1002 by csms", "charger", "the CSMS closed with code 1002: protocol error"),
        ("1009 by station", "CSMS", "the charger closed with code 1009: a message too big"),
        ("1001 by station", "charger", "the charger closed with code 1001: going away: a restart or a shutdown"),
        ("4999 by csms", "CSMS", "the CSMS closed with code 4999: a private code"),
        ("3000 by csms", "CSMS", "the CSMS closed with code 3000: a code that no standard names"),
    ],
)
def test_a_code_says_why_and_whose_it_is_to_mend(end: str, owner: str, words: str) -> None:
    row = first(LIFE + f"08:10:00 CP1 - {end}" + BACK)
    assert (row["cause"], row["owner"], row["evidence_for"]) == ("closed_by_code", owner, words)


def test_the_reason_that_was_given_is_told_and_raises_the_confidence() -> None:
    row = first(LIFE + '08:10:00 CP1 - 1011 by csms "keepalive ping timeout"' + BACK)
    assert row["evidence_for"].endswith('it gave the reason "keepalive ping timeout"')
    assert row["confidence"] == "high"


@pytest.mark.parametrize("end", ["1000 by csms", "1001 by csms"])
def test_a_code_that_says_little_is_told_with_what_is_missing(end: str) -> None:
    row = first(LIFE + f"08:10:00 CP1 - {end}" + BACK)
    assert (row["cause"], row["confidence"]) == ("closed_by_code", "low")
    assert row["missing"] == "why the CSMS closed, from its own log"
    assert row["remedy"] == "Look in the log of the CSMS for why it closed the connection."


def test_no_close_frame_is_no_code() -> None:
    assert first(LIFE + "08:10:00 CP1 - 1006 by csms" + BACK)["cause"] == "cannot_tell"

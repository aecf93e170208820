from __future__ import annotations

import pytest

from tests.causes.stories import first, ranked

LIFE = "08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat\n08:00:01.1 CP1 < = {}\n08:10:00 CP1 - fin by csms\n"
BACK = "08:30:00 CP1 + ocpp1.6\n08:30:01 CP1 > Heartbeat\n08:30:01.1 CP1 < = {}\n"


@pytest.mark.parametrize(
    ("status", "owner"), [(401, "configuration"), (404, "configuration"), (503, "CSMS"), (418, "CSMS")]
)
def test_refused_attempts_are_the_cause_and_their_status_names_the_owner(status: int, owner: str) -> None:
    row = first(LIFE + f"08:10:10x4/60s CP1 x {status}\n" + BACK)
    assert (row["cause"], row["owner"], row["confidence"]) == ("refused", owner, "high")
    assert row["evidence_for"].startswith(f"4 attempts to connect were refused, with HTTP {status} (")


def test_one_attempt_is_counted_as_one() -> None:
    row = first(LIFE + "08:10:10 CP1 x 503\n" + BACK)
    assert row["evidence_for"].startswith("1 attempt to connect was refused, with HTTP 503")


def test_what_most_attempts_got_is_told() -> None:
    row = first(LIFE + "08:10:10 CP1 x 502\n08:11:00x3/60s CP1 x 401\n" + BACK)
    assert row["evidence_for"].startswith("4 attempts to connect were refused, mostly with HTTP 401 (credentials)")


def test_a_server_that_asks_for_credentials_and_gets_them_refused_nothing() -> None:
    row = first(LIFE + "08:29:59 CP1 x 401\n" + BACK)
    assert row["cause"] == "cannot_tell"


@pytest.mark.parametrize("attempt", ["08:10:10x4/60s CP2 x 401\n", ""])
def test_attempts_of_another_charger_or_outside_the_outage_do_not_count(attempt: str) -> None:
    row = first("07:50:00x4/60s CP1 x 401\n" + LIFE + attempt + BACK)
    assert row["cause"] == "cannot_tell"


def test_a_charger_that_never_came_online_has_no_outage() -> None:
    assert ranked("08:00:00x9/60s CP1 x 401") == []

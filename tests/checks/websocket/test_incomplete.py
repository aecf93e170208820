from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.websocket.incomplete import incomplete
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from tests.checks.websocket.seen_in_a_capture import captured, severities
from tests.manuals import damaged, findings, tables, workspace

TALK = "08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat\n08:00:01.1 CP1 < = {}\n"


def counted(first: int, second: int, *, back: str = "09:00:01", more: str = "") -> str:
    return f"""
    08:00:00 CP1 + ocpp1.6
    08:00:01x30/60s CP1 > Heartbeat#$({first}+i)
    08:00:01.1x30/60s CP1 < =#$({first}+i) {{}}
    {more}
    {back}x5/60s CP1 > Heartbeat#$({second}+i)
    """


@pytest.mark.parametrize(
    ("second", "back", "found"), [(130, "09:00:01", 0), (131, "09:00:01", 1), (160, "08:39:01", 0)]
)
def test_ids_that_a_charger_skips_in_a_long_silence_of_a_log_are_missing_lines(
    second: int, back: str, found: int
) -> None:
    rows = findings(incomplete, counted(100, second, back=back))
    assert [row["severity"] for row in rows] == ["info"] * found
    assert all("nothing of 31 min on a live connection, though its ids skip 1" in row["summary"] for row in rows)


def test_a_line_of_the_csms_in_between_shows_that_the_log_went_on() -> None:
    assert findings(incomplete, counted(100, 140, more="08:38:00x3/540s CP1 < ping")) == []


def test_a_capture_shows_itself_what_it_lacks() -> None:
    assert severities(incomplete, captured(counted(100, 140))) == []


def test_ids_that_are_no_counter_cannot_tell() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:00:01x3/1200s CP1 > Heartbeat"
    assert severities(incomplete, workspace(text)) == ["unknown"]
    assert severities(incomplete, captured(text)) == []
    assert severities(incomplete, workspace(TALK)) == []


def test_connections_that_were_joined_in_the_middle_are_counted() -> None:
    text = "08:00:00 CP1 + start_observed=false\n08:00:01 CP1 > Heartbeat\n08:10:00 CP1 - rst\n08:11:00 CP1 + ocpp1.6"
    (row,) = findings(incomplete, text)
    assert row["summary"] == "Not all of its traffic is there: 1 of 2 connections had begun before the input does"


@pytest.mark.parametrize(("damage", "found"), [(True, 1), (False, 0)])
def test_holes_are_told_with_their_bytes(damage: bool, found: int) -> None:
    made = tables(TALK.replace("ocpp1.6", "ocpp1.6 lost_bytes=300"))
    hole = {
        "source": "example.trace", "kind": "hole", "station": "CP1", "count": 2, "damage": damage, "origin": 9,
        "detail": "300 bytes of the station are missing: cut off by the snap length",
    }  # fmt: skip
    issues = schema.from_rows("issues", [hole])
    rows = incomplete(*Workspace({**made, "issues": issues}, DERIVATIONS).tables(incomplete.needs)).to_pylist()
    assert [row["summary"] for row in rows] == [
        "Not all of its traffic is there: 2 holes of 300 bytes in all, by the snap length"
    ] * found


def test_a_hole_of_no_charger_is_told_by_the_input_alone() -> None:
    assert severities(incomplete, damaged(TALK, "08:00:01")) == []


def test_a_log_of_messages_alone_is_not_judged() -> None:
    assert severities(incomplete, workspace("08:00:00x2/9000s CP1 > Heartbeat")) == ["unknown"]

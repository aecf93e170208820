from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer import schema
from analyzer.checks.websocket.unanswered_ping import unanswered_ping
from tests.manuals import damaged, findings, workspace

if TYPE_CHECKING:
    from analyzer.engine import Workspace

ONCE = "08:00:00 CP1 + ocpp1.6\n08:00:30 CP1 > ping\n08:00:30.1 CP1 < pong\n08:01:00 CP1 > ping"
CAPTURED = "08:00:00 CP1 + ocpp1.6 client_port=50001"


def severities(text: str, made: Workspace | None = None) -> list[str]:
    rows = unanswered_ping(*(made or workspace(text)).tables(unanswered_ping.needs)).to_pylist()
    return [row["severity"] for row in rows if row["severity"] != "unknown"]


def unjudged(text: str) -> list[str]:
    rows = unanswered_ping(*workspace(text).tables(unanswered_ping.needs)).to_pylist()
    return [row["summary"] for row in rows if row["severity"] == "unknown"]


@pytest.mark.parametrize(("pong", "made"), [("08:01:20", []), ("08:01:21", ["warning"])])
def test_a_pong_may_take_twenty_seconds(pong: str, made: list[str]) -> None:
    assert severities(f"{ONCE}\n{pong} CP1 < pong\n08:05:00 CP1 > Heartbeat") == made


@pytest.mark.parametrize(
    ("end", "made"),
    [
        ("08:01:03 CP1 - fin by station", []),
        ("08:01:04 CP1 - fin by station", ["error"]),
        ("08:01:04 CP1 - fin by csms", []),
        ("08:01:04 CP1 - lost", ["error"]),
        ("08:01:20 CP1 - fin by csms", ["error"]),
        ("08:01:50 CP1 - fin by csms", ["error"]),
        ("08:01:51 CP1 - fin by csms", ["warning"]),
        ("08:01:30 CP1 + ocpp1.6", ["error"]),
        ("08:01:19 CP9 > Heartbeat", []),
        ("08:01:20 CP9 > Heartbeat", ["warning"]),
    ],
)
def test_what_follows_the_ping_decides(end: str, made: list[str]) -> None:
    assert severities(f"{ONCE}\n{end}") == made


def test_a_side_that_was_heard_meanwhile_was_not_given_up_for_its_silence() -> None:
    assert severities(f"{ONCE}\n08:01:02 CP1 < Reset\n08:01:08 CP1 - fin by station") == []


def test_a_charger_that_resets_by_order_is_not_given_up() -> None:
    order = '08:01:00 CP1 < Reset {"type": "Soft"}\n08:01:00 CP1 > = {"status": "Accepted"}'
    assert severities(f"{ONCE}\n{order}\n08:01:10 CP1 - 1001 by station") == []


def test_the_other_side_that_speaks_but_answers_no_ping_is_told() -> None:
    text = f"{CAPTURED}\n08:01:00x5/60s CP1 < ping\n08:01:05x5/60s CP1 > Heartbeat"
    (found,) = findings(unanswered_ping, text + "\n08:10:00 CP1 > Heartbeat")
    assert (found["severity"], found["count"]) == ("warning", 5)
    assert "5 of 5 pings got no pong: The CSMS; the other side was heard after 5 of them" in str(found["summary"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("08:00:00 CP1 + ocpp1.6\n08:00:30 CP1 > Heartbeat", "no ping was seen"),
        ("08:00:00 CP1 + ocpp1.6\n08:01:00x5/60s CP1 > ping", "the log holds no pong, and may leave them out"),
        (f"{CAPTURED}\n08:01:00 CP1 > ping\n08:01:01 CP1 < Reset", "no ping was watched for long enough"),
        (f"{CAPTURED}\n08:01:00x5/60s CP1 > ping", "the log holds no pong, and may leave them out"),
    ],
)
def test_what_was_not_seen_is_not_judged(text: str, why: str) -> None:
    assert unjudged(text) == [why]


@pytest.mark.parametrize(("lost", "made"), [("08:00:59", ["warning"]), ("08:01:10", []), ("08:01:21", ["warning"])])
def test_a_pong_may_be_in_a_part_that_was_lost(lost: str, made: list[str]) -> None:
    text = f"{ONCE}\n08:05:00 CP1 > Heartbeat"
    assert severities(text, damaged(text, lost)) == made
    assert severities(text, damaged(text, lost, "other.1")) == ["warning"]


def with_payloads(text: str, payloads: list[str | None]) -> Workspace:
    made = workspace(text)
    rows = [
        {**row, "detail": payload} for row, payload in zip(made.base["controls"].to_pylist(), payloads, strict=True)
    ]
    made.base = {**made.base, "controls": schema.from_rows("controls", rows)}
    return made


@pytest.mark.parametrize(
    ("payloads", "made"),
    [
        ([None, None, "aa", "aa"], []),
        ([None, None, "aa", "bb"], []),
        (["01", "01", "02", "02"], []),
        (["01", "01", "02", "03"], ["warning"]),
        (["01", "01", "02", None], []),
        (["01", "01", None, "02"], []),
    ],
)
def test_a_pong_carries_the_payload_of_a_ping(payloads: list[str | None], made: list[str]) -> None:
    text = f"{ONCE}\n08:01:05 CP1 < pong\n08:05:00 CP1 > Heartbeat"
    assert severities(text, with_payloads(text, payloads)) == made


def test_both_sides_and_several_stations_are_told_apart() -> None:
    text = f"""
    {CAPTURED}
    08:00:00 CP2 + ocpp1.6 client_port=50002
    08:01:00x3/60s CP1 > ping
    08:01:00.1x3/60s CP1 < pong
    08:01:30x3/60s CP1 < ping
    08:01:00x3/60s CP2 < ping
    08:01:00.1x3/60s CP2 > pong
    08:05:00 CP2 > Heartbeat
    """
    (found,) = findings(unanswered_ping, "\n".join(line.strip() for line in text.strip().splitlines()))
    assert (found["station"], found["count"]) == ("CP1", 3)
    assert "3 of 6 pings got no pong: The CSMS" in str(found["summary"])

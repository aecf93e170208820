from __future__ import annotations

import pytest

from analyzer.checks.websocket.black_hole import black_hole
from analyzer.checks.websocket.half_open import half_open
from tests.checks.websocket.seen_in_a_capture import severities
from tests.manuals import damaged, findings, workspace

TALK = """
08:00:00 CP1 + ocpp1.6
08:01:00 CP1 > Heartbeat
08:01:00.1 CP1 < = {}
08:02:00 CP1 > MeterValues {}
"""
AGAIN = "08:02:01x4/5s CP1 * retransmission by station bytes=1400\n"
HEARD = "08:02:10 CP1 < GetConfiguration {}\n"
END = "08:03:00 CP1 - timeout\n"
LIFE = """
08:{0}:00 CP1 + ocpp1.6
08:{0}:10 CP1 > Heartbeat
08:{0}:10.1 CP1 < = {{}}
08:{0}:20 CP1 > MeterValues {{}}
08:{0}:21x4/5s CP1 * retransmission by station bytes={1}
08:{0}:50 CP1 - timeout
"""


@pytest.mark.parametrize(("size", "count", "found"), [(1200, 3, 1), (1199, 3, 0), (1200, 2, 0), (9000, 3, 1)])
def test_it_takes_three_rounds_of_large_segments(size: int, count: int, found: int) -> None:
    text = f"{TALK}08:02:01x{count}/5s CP1 * retransmission by station bytes={size}\n{HEARD}{END}"
    assert len(findings(black_hole, text)) == found


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("", 1),
        ("08:02:08 CP1 * retransmission by station bytes=80\n", 0),
        ("08:02:20 CP1 < = {}\n", 0),
        ("08:02:20 CP1 < pong\n", 0),
        ("08:02:20 CP1 < ping\n", 1),
    ],
)
def test_an_answer_or_a_small_segment_among_them_speaks_against_it(more: str, found: int) -> None:
    assert (
        len(findings(black_hole, "".join(sorted((TALK + AGAIN + HEARD + more + END).splitlines(keepends=True)))))
        == found
    )


@pytest.mark.parametrize(("end", "found"), [("08:02:10.9 CP1 - rst", 0), ("08:02:11 CP1 - rst", 1)])
def test_it_takes_ten_seconds_without_an_answer(end: str, found: int) -> None:
    text = f"{TALK}08:02:01x3/0.5s CP1 * retransmission by station bytes=1400\n08:02:05 CP1 < ping\n{end}"
    assert len(findings(black_hole, text)) == found


@pytest.mark.parametrize(
    ("sizes", "found"), [((1400,), 0), ((1400, 1400), 1), ((1400, 100), 0), ((100, 100), 0), ((1400, 1300, 1250), 1)]
)
def test_where_nothing_is_heard_two_connections_must_die_of_it_and_none_of_a_small_one(
    sizes: tuple[int, ...], found: int
) -> None:
    text = "".join(LIFE.format(f"{10 * place:02d}", size) for place, size in enumerate(sizes))
    rows = findings(black_hole, text)
    assert [row["count"] for row in rows] == [len(sizes)] * found


def test_a_large_call_that_was_answered_shows_that_the_path_takes_it() -> None:
    large = (
        f'08:30:00 CP1 + ocpp1.6\n08:30:01 CP1 > DataTransfer#d {{"data": "{"x" * 1300}"}}\n08:30:02 CP1 < =#d {{}}\n'
    )
    assert findings(black_hole, LIFE.format("00", 1400) + LIFE.format("10", 1400) + large) == []


def test_deaths_by_it_are_no_half_open_connections() -> None:
    text = "".join(LIFE.format(minute, 1400).replace("x4/5s", "x6/5s") for minute in ("00", "10"))
    assert [row["severity"] for row in findings(half_open, text)] == []
    assert len(findings(half_open, text.replace("bytes=1400", "bytes=140"))) == 1


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            "08:02:03 CP1 * icmp detail=fragmentation%20needed,%20MTU%201300\n",
            "a router said so: fragmentation needed, MTU",
        ),
        ("08:02:03 CP1 * icmp detail=host%20unreachable\n", "no ICMP message told of it"),
    ],
)
def test_it_says_whether_a_router_told_of_it(told: str, words: str) -> None:
    (row,) = findings(black_hole, TALK + AGAIN + told + HEARD + END)
    assert words in row["summary"]


def test_a_part_of_the_capture_that_was_lost_may_hold_the_answer() -> None:
    assert severities(black_hole, damaged(TALK + AGAIN + HEARD + END, "08:02:12")) == []


def test_the_csms_may_be_the_one_that_waits() -> None:
    text = (TALK + AGAIN + END).replace("by station", "by csms").replace("08:02:00 CP1 >", "08:02:00 CP1 <")
    text = text.replace("08:01:00 CP1 > Heartbeat", "08:01:00 CP1 < Reset").replace(".1 CP1 <", ".1 CP1 >")
    (row,) = findings(black_hole, text.replace(END, "08:02:10 CP1 > Heartbeat\n" + END))
    assert str(row["summary"]).startswith("The CSMS sent segments of 1400 bytes again 4 times in 15 s")


def test_a_log_is_not_judged() -> None:
    assert severities(black_hole, workspace("08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 > Heartbeat")) == ["unknown"]

from __future__ import annotations

import pytest

from analyzer.checks.websocket.link_quality import link_quality
from tests.checks.websocket.seen_in_a_capture import severities
from tests.manuals import findings, workspace


@pytest.mark.parametrize(
    ("segments", "again", "severity"),
    [(200, 4, None), (200, 5, "warning"), (199, 19, None), (200, 20, "warning"), (200, 21, "error"), (1000, 20, None)],
)
def test_two_of_a_hundred_are_a_warning_and_ten_an_error(segments: int, again: int, severity: str | None) -> None:
    rows = findings(link_quality, f"08:00:00 CP1 + ocpp1.6 segments={segments} retransmissions={again}")
    assert [row["severity"] for row in rows] == ([severity] if severity else [])


def test_all_connections_of_a_charger_count_together() -> None:
    text = "08:00:00x10/600s CP1 + ocpp1.6 segments=30 retransmissions=1\n08:00:00 CP2 + ocpp1.6 segments=900"
    (row,) = findings(link_quality, text)
    assert (row["station"], row["count"], row["value"]) == ("CP1", 10, pytest.approx(3.333, abs=0.01))
    assert row["summary"] == "10 of 300 TCP segments had to be sent again (3.33 %)"


def test_what_is_sent_into_a_dead_connection_is_told_elsewhere() -> None:
    text = """
    08:00:00 CP1 + ocpp1.6 segments=300 retransmissions=9
    08:01:00 CP1 > Heartbeat
    08:01:00.1 CP1 < = {}
    08:02:00x9/5s CP1 * retransmission by station bytes=60
    """
    assert findings(link_quality, text) == []
    assert len(findings(link_quality, text + "08:04:00 CP1 < ping")) == 1


@pytest.mark.parametrize(
    ("trips", "found"),
    [([1.1] * 4, 0), ([1.1] * 5, 1), ([1.0] * 5, 0), ([0.1] * 97 + [9.0] * 3, 0), ([0.1] * 90 + [1.5] * 10, 1)],
)
def test_round_trips_are_slow_where_their_95th_percentile_is(trips: list[float], found: int) -> None:
    lines = [
        f"{8 + place // 60:02d}:{place % 60:02d}:00 CP1 + ocpp1.6 round_trip={trip}" for place, trip in enumerate(trips)
    ]
    rows = findings(link_quality, "\n".join(lines))
    assert [row["severity"] for row in rows] == ["warning"] * found


SHUT = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 * zero_window by station\n"


@pytest.mark.parametrize(
    ("probes", "found"),
    [
        ("08:01:01x5/1s CP1 * keep_alive by csms", 0),
        ("08:01:01x6/1s CP1 * keep_alive by csms", 1),
        ("08:01:01x6/1s CP1 * retransmission by csms bytes=1", 1),
        ("08:01:01x6/1s CP1 * retransmission by csms bytes=600", 0),
        ("08:01:01x6/1s CP1 * keep_alive by station", 0),
        ("08:01:10x6/60s CP1 * keep_alive by csms", 0),
        ("08:01:01x2/1s CP1 * keep_alive by csms\n08:01:04 CP1 < Reset {}\n08:01:30 CP1 * keep_alive by csms", 0),
    ],
)
def test_a_window_is_closed_while_the_other_side_asks_again(probes: str, found: int) -> None:
    rows = findings(link_quality, SHUT + probes.replace("x5/1s", "x5/1s"))
    assert [row["summary"] for row in rows] == [
        "The charger did not read for 6 s: its receive window was closed"
    ] * found


def test_loss_slowness_and_a_closed_window_are_told_apart() -> None:
    text = "08:00:00x5/60s CP1 + ocpp1.6 segments=100 retransmissions=60 round_trip=2\n" + SHUT[23:].replace(
        "08:01", "08:05"
    )
    text += "08:05:01x6/1s CP1 * keep_alive by csms"
    rows = findings(link_quality, text)
    assert [row["severity"] for row in rows] == ["error", "warning", "warning"]
    assert len({row["fingerprint"] for row in rows}) == 3


def test_a_log_is_not_judged_and_neither_is_little_traffic() -> None:
    (log,) = link_quality(*workspace("08:00:00 CP1 + ocpp1.6").tables(link_quality.needs)).to_pylist()
    assert (log["severity"], log["summary"]) == ("unknown", "the input does not tell of TCP")
    assert severities(link_quality, workspace("08:00:00 CP1 + ocpp1.6 segments=100 round_trip=3")) == ["unknown"]

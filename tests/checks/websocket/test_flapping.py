from __future__ import annotations

from analyzer import schema
from analyzer.checks.websocket.flapping import flapping
from tests.manuals import findings, workspace


def test_five_starts_in_ten_minutes_flap_and_four_do_not() -> None:
    (found,) = findings(flapping, "08:00:00x5/150s CP1 + ocpp1.6\n08:02:00x5/150s CP1 - fin")
    assert (found["severity"], found["value"], found["unit"]) == ("error", 5.0, "starts")
    assert findings(flapping, "08:00:00x4/150s CP1 + ocpp1.6\n08:02:00x4/150s CP1 - fin") == []
    assert findings(flapping, "08:00:00x5/151s CP1 + ocpp1.6\n08:02:00x5/151s CP1 - fin") == []


def test_the_summary_tells_each_figure_once_and_none_that_is_not_known() -> None:
    (starts,) = findings(flapping, "08:00:00x5/150s CP1 + ocpp1.6\n08:02:00x5/150s CP1 - fin")
    assert starts["summary"] == (
        "The charger connects again and again: 5 connections began within 10 min, of a median life of 120 s"
    )
    (short,) = findings(flapping, "08:00:00x5/1800s CP1 + ocpp1.6\n08:00:59x5/1800s CP1 - fin")
    assert short["summary"] == "The charger connects again and again: 5 connections of a day lived 59 s (median)"
    connections, calls = workspace("08:00:00x5/150s CP1 + ocpp1.6").tables(flapping.needs)
    endless = schema.from_rows("connections", [{**row, "end": None} for row in connections.to_pylist()])
    (row,) = flapping(endless, calls).to_pylist()
    assert row["summary"] == "The charger connects again and again: 5 connections began within 10 min"


def test_a_median_life_below_a_minute_flaps() -> None:
    (found,) = findings(flapping, "08:00:00x5/1800s CP1 + ocpp1.6\n08:00:59x5/1800s CP1 - fin")
    assert (found["value"], found["limit"], found["unit"]) == (59.0, 60.0, "s")
    assert findings(flapping, "08:00:00x5/1800s CP1 + ocpp1.6\n08:01:00x5/1800s CP1 - fin") == []
    assert findings(flapping, "08:00:00x4/1800s CP1 + ocpp1.6\n08:00:59x4/1800s CP1 - fin") == []


def test_short_lives_on_different_days_do_not_flap() -> None:
    days = "\n".join(
        f"2026-01-{day:02d} 08:00:00x4/1800s CP1 + ocpp1.6\n08:00:30x4/1800s CP1 - fin" for day in (1, 3, 5)
    )
    assert findings(flapping, days) == []


def test_refused_attempts_are_no_starts() -> None:
    assert findings(flapping, "08:00:00x9/30s CP1 x 401") == []


def test_two_hops_of_a_proxy_are_one_start() -> None:
    text = "08:00:00x3/150s CP1 + ocpp1.6\n08:00:00.5x3/150s CP1 + ocpp1.6\n08:02:00x3/150s CP1 - fin"
    assert findings(flapping, text) == []


def test_a_log_of_messages_alone_is_not_judged() -> None:
    rows = flapping(*workspace("08:00:00 CP1 > Heartbeat").tables(flapping.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]

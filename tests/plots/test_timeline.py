from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer import findings, schema
from analyzer.findings import Finding
from analyzer.plots import style
from analyzer.plots.svg import svg
from analyzer.plots.timeline import MAX_STATIONS, MOST_CELLS, timeline
from tests.manuals import workspace
from tests.plots.drawings import night, words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EIGHT = 1_767_254_400_000_000
LIFE = night("CP1")


def drawn(text: str, *rows: Finding) -> list[str]:
    return words(svg(made(text, *rows)))


def made(text: str, *rows: Finding) -> Figure:
    tables = workspace(text)
    table = findings.stamp(findings.table(list(rows)), "WS11", "error") if rows else schema.empty("findings")
    return timeline(tables.table("connections"), tables.table("messages"), tables.table("outages"), table)


def test_the_legend_names_what_was_drawn() -> None:
    told = drawn(LIFE)
    assert {"connected", "offline", "charger spoke", "CSMS spoke"} <= set(told)
    assert "error" not in told
    assert "failed" not in told


def test_where_only_messages_are_known_no_bar_says_connected() -> None:
    told = drawn("08:00:00x30/60s CP1 > Heartbeat")
    assert "only messages are known" in told
    assert "connected" not in told
    assert "only messages are known" not in drawn(LIFE)


@pytest.mark.parametrize("how", ["401", "unreachable", "port_closed", "tls"])
def test_an_attempt_that_failed_is_marked(how: str) -> None:
    assert "attempt that failed" in drawn(f"{LIFE}    08:45:00 CP1 x {how}")


def test_findings_are_marked_by_their_severity_where_they_begin() -> None:
    assert "critical" in drawn(LIFE, Finding("CP1", "x", EIGHT + 60_000_000, severity="critical"))
    assert "error" in drawn(LIFE, Finding("CP1", "x", EIGHT))


def test_a_finding_without_a_time_or_out_of_the_window_is_no_mark() -> None:
    assert "error" not in drawn(
        LIFE, Finding("CP1", "x"), Finding("CP1", "x", EIGHT - 10**12), Finding(None, "x", EIGHT)
    )


def test_stations_stand_from_top_to_bottom_in_the_order_that_people_count() -> None:
    names = [word for word in drawn(night("CP-10", "CP-2")) if word.startswith("CP-")]
    assert names == ["CP-10", "CP-2"]  # from the bottom


def test_more_stations_than_can_be_read_are_left_out_and_counted() -> None:
    many = [f"CP-{number}" for number in range(1, MAX_STATIONS + 6)]
    told = drawn(night(*many))
    assert "those with the most outages; 5 more not shown" in told
    assert sum(word.startswith("CP-") for word in told) == MAX_STATIONS


def test_a_day_of_many_messages_is_no_bigger_than_its_cells() -> None:
    busy = "08:00:00 CP1 + ocpp1.6\n08:00:00x30000/1s CP1 > Heartbeat"
    assert len(svg(made(busy))) < 200 * MOST_CELLS


def test_a_single_moment_can_be_drawn() -> None:
    assert "charger spoke" in drawn("08:00:00 CP1 > Heartbeat")


def test_it_tells_its_counts_in_words() -> None:
    assert style.told(made(LIFE)).endswith("1 charger: 2 connections, 88 messages, 1 outage, 0 findings.")

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, strategies as st

from analyzer.window import ALWAYS, NEVER, narrow
from tests.manuals import tables

if TYPE_CHECKING:
    import pyarrow as pa

SECOND = 1_000_000
MIDNIGHT = 1_767_225_600 * SECOND
"""1 January 2026, on which traces begin."""
LIFE = """
08:00:00 CP1 + ocpp1.6
08:00:10x6/10s CP1 > Heartbeat#a$(i)
08:00:10.1x6/10s CP1 < =#a$(i) {"currentTime": "$(now)"}
08:00:45 CP1 > ping
08:01:30 CP1 - 1001 by csms
08:02:00 CP1 + ocpp1.6
08:02:10x3/10s CP1 > Heartbeat#b$(i)
"""
BASE = tables(LIFE)


def at(clock: str) -> int:
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return MIDNIGHT + (hours * 3600 + minutes * 60 + seconds) * SECOND


def rows(base: dict[str, pa.Table], name: str = "connections") -> list[dict[str, object]]:
    found: list[dict[str, object]] = base[name].to_pylist()
    return found


def test_without_bounds_everything_stays() -> None:
    assert {name: table.to_pylist() for name, table in narrow(BASE).items()} == {
        name: table.to_pylist() for name, table in BASE.items()
    }


def test_a_connection_that_goes_on_behind_the_span_is_open_there() -> None:
    (connection,) = rows(narrow(BASE, high=at("08:00:55")))
    assert [connection[name] for name in ("end", "end_kind", "end_side", "end_observed")] == [None, "open", None, False]
    assert str(connection["last_up"]) == "2026-01-01 08:00:50+00:00"
    assert str(connection["last_down"]) == "2026-01-01 08:00:50.100000+00:00"


def test_a_connection_that_began_before_the_span_has_no_beginning() -> None:
    first, second = rows(narrow(BASE, low=at("08:00:55")))
    assert (first["start_observed"], second["start_observed"]) == (False, True)
    assert (first["end_kind"], first["close_code"]) == ("close", 1001)


def test_a_connection_outside_the_span_is_left_out() -> None:
    assert [row["connection"] for row in rows(narrow(BASE, low=at("08:01:45")))] == ["1.2"]
    assert rows(narrow(BASE, high=at("08:00:00"))) == []


def test_the_sources_are_cut_at_the_bounds() -> None:
    (source,) = rows(narrow(BASE, at("08:00:30"), at("08:01:00")), "sources")
    assert (str(source["start"]), str(source["end"])) == ("2026-01-01 08:00:30+00:00", "2026-01-01 08:01:00+00:00")


@given(st.integers(-10, 200))
def test_two_spans_side_by_side_hold_each_message_and_control_once(cut: int) -> None:
    bound = at("08:00:00") + cut * SECOND
    early, late = narrow(BASE, ALWAYS, bound), narrow(BASE, bound, NEVER)
    for name in ("messages", "controls"):
        assert rows(early, name) + rows(late, name) == rows(BASE, name)

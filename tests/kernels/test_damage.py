from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from analyzer import schema
from analyzer.kernels.damage import answer_lost, lost_between

LOSS = {"source": "a.pcap", "kind": "hole", "count": 1, "damage": True}


def lost(source: str = "a.pcap", **loss: object) -> bool:
    """Whether a loss counts for the connection 1.1 of a source from 100 to 200."""
    issues = schema.from_rows("issues", [{**LOSS, **loss}])
    (found,) = lost_between(issues, pa.array(["1.1"]), pa.array([source]), np.array([100]), np.array([200]))
    return bool(found)


@pytest.mark.parametrize(("at", "found"), [(99, False), (100, True), (150, True), (200, True), (201, False)])
def test_a_loss_counts_from_the_beginning_to_the_end_of_a_span(at: int, *, found: bool) -> None:
    assert lost(ts=at, connection="1.1") == found


def test_a_loss_counts_for_its_own_connection_alone() -> None:
    issues = schema.from_rows("issues", [{**LOSS, "ts": 150, "connection": "1.1"}])
    names, sources = pa.array(["1.1", "1.2"]), pa.array(["a.pcap", "a.pcap"])
    begins, ends = np.array([100, 100]), np.array([200, 200])
    assert lost_between(issues, names, sources, begins, ends).tolist() == [True, False]


def test_a_loss_of_no_connection_in_particular_counts_for_its_whole_source() -> None:
    assert lost(ts=150)
    assert not lost("b.pcap", ts=150)


def test_what_loses_nothing_or_has_no_time_does_not_count() -> None:
    assert not lost(ts=150, damage=False)
    assert not lost(ts=None)


def test_an_earlier_loss_is_found_behind_a_later_one_of_another_time() -> None:
    rows = [{**LOSS, "connection": "1.1", "ts": at} for at in (300, 150)]
    issues, names = schema.from_rows("issues", rows), pa.array(["1.1", "1.1"])
    found = lost_between(issues, names, pa.array(["a.pcap"] * 2), np.array([100, 160]), np.array([200, 299]))
    assert found.tolist() == [True, False]


def test_losses_may_be_asked_for_by_station() -> None:
    issues = schema.from_rows("issues", [{**LOSS, "ts": 150, "station": "CP1", "connection": "1.1"}])
    names, sources = pa.array(["CP1", "CP2"]), pa.array(["a.pcap", "a.pcap"])
    begins, ends = np.array([100, 100]), np.array([200, 200])
    assert lost_between(issues, names, sources, begins, ends, scope="station").tolist() == [True, False]


SECOND = 1_000_000


@pytest.mark.parametrize(("at", "found"), [(90, True), (120, True), (250, True), (299, True), (301, False)])
def test_an_answer_may_be_in_a_loss_that_is_told_when_the_next_answer_comes(at: int, *, found: bool) -> None:
    issues = schema.from_rows("issues", [{**LOSS, "connection": "1.1", "ts": at * SECOND}])
    row = {"source": "a.pcap", "connection": "1.1", "open": 900.0}
    calls = schema.from_rows(
        "calls", [{**row, "ts": 0}, {**row, "ts": 299 * SECOND, "answered": 300 * SECOND, "connection": "1.1"}]
    )
    assert answer_lost(issues, calls).tolist()[0] == found


def test_without_another_answer_a_loss_long_after_a_call_is_none_of_its_answer() -> None:
    issues = schema.from_rows("issues", [{**LOSS, "connection": "1.1", "ts": 250 * SECOND}])
    calls = schema.from_rows("calls", [{"source": "a.pcap", "connection": "1.1", "open": 900.0, "ts": 0}])
    assert answer_lost(issues, calls).tolist() == [False]

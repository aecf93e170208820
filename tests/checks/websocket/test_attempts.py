from __future__ import annotations

import numpy as np
import pytest

from analyzer.checks.websocket.attempts import by_packets, most_within, overcome, spans, within_one
from analyzer.kernels.columns import SECOND, micros, same
from tests.manuals import workspace

STORY = """
08:00:00 CP1 + ocpp1.6 client_port=50001
08:00:01 CP1 > Heartbeat
08:05:00 CP1 x unreachable client_port=50002
08:09:00 CP1 > Heartbeat
08:10:00 CP1 - rst
08:11:00 CP1 x unreachable
08:12:00 CP1 x unreachable
08:12:10 CP1 + ocpp1.6
08:12:11 CP1 > Heartbeat
08:12:05 CP2 x unreachable
"""


def test_only_packets_tell_the_port_of_the_charger() -> None:
    connections = workspace(STORY).table("connections")
    assert by_packets(connections).tolist() == [True, True, False, False, False, False]


def test_a_failure_beside_a_living_connection_or_just_before_one_is_overcome() -> None:
    connections = workspace(STORY).table("connections")
    failed = same(connections["end_kind"], "unreachable")
    assert overcome(connections, failed, 10.0).tolist() == [False, True, False, True, False, False]
    assert overcome(connections, failed, 9.9).tolist() == [False, True, False, False, False, False]
    assert not overcome(connections, np.zeros(6, dtype=bool), 10.0).any()


def test_times_lie_within_one_outage_of_the_station_or_not() -> None:
    outages = workspace(STORY).table("outages")
    begin, end = int(micros(outages["start"])[0]), int(micros(outages["end"])[0])
    assert within_one(spans(outages).get("CP1"), np.array([begin, end]))
    assert not within_one(spans(outages).get("CP1"), np.array([begin, end + 1]))
    assert not within_one(spans(outages).get("CP2"), np.array([begin, end]))


@pytest.mark.parametrize(("window", "most"), [(59.9, 1), (60.0, 2), (120.0, 3)])
def test_the_busiest_window_counts(window: float, most: int) -> None:
    assert most_within(np.array([0, 60 * SECOND, 120 * SECOND]), window) == most
    assert most_within(np.array([], dtype=np.int64), window) == 0

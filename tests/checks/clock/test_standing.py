from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from analyzer.checks.clock.standing import csms_offsets, middle, offsets_at, smaller, solid
from tests.manuals import workspace

SECONDS = st.floats(-1e6, 1e6)


@given(st.lists(SECONDS, min_size=1), SECONDS)
def test_the_smaller_error_is_never_larger_than_either(offsets: list[float], csms: float) -> None:
    errors = smaller(np.array(offsets), csms)
    assert (np.abs(errors) <= np.abs(np.array(offsets))).all()
    assert (np.abs(errors) <= np.abs(np.array(offsets) - csms)).all()


@given(st.lists(SECONDS, min_size=1))
def test_the_middle_is_one_of_the_values_with_as_many_on_either_side(values: list[float]) -> None:
    found = middle(np.array(values))
    assert found in values
    assert sum(value > found for value in values) <= len(values) / 2
    assert sum(value < found for value in values) <= len(values) / 2


def test_the_clock_of_the_csms_is_the_median_of_what_it_said() -> None:
    made = workspace(
        """
        08:00:00x3/60s CP1 > Heartbeat#h$(i)
        08:00:01x3/60s CP1 < =#h$(i) {"currentTime": "$(now+10*i)"}
        08:00:00 CP2 > BootNotification {}
        08:00:02 CP2 < = {"currentTime": "$(now-5)"}
        08:00:00 CP3 > Heartbeat {}
        08:00:02 CP3 < = {"currentTime": 12}
        08:00:00 CP4 > BootNotification {}
        08:00:02 CP4 < = {"currentTime": "never"}
        08:00:00 CP5 > BootNotification {}
        08:00:02 CP5 < = {}
        """
    )
    assert csms_offsets(*made.tables(["heartbeats", "calls"])) == {"CP1": 10.0, "CP2": -5.0}


def test_the_offset_at_a_time_is_the_last_one_before_it_else_the_first_after() -> None:
    made = workspace(
        """
        08:00:00x2/120s CP1 > StatusNotification {"timestamp": "$(now+100)"}
        10:00:00x2/120s CP1 > StatusNotification {"timestamp": "$(now+300)"}
        10:30:00 CP1 > StatusNotification {"timestamp": "$(now-9000)"}
        08:00:00 CP2 > Heartbeat
        """
    )
    clock, calls = made.table("clock"), made.table("calls")
    times = np.array([0, 2**53, 0])
    names = calls["station"].to_pylist()
    stations = calls["station"].take([names.index("CP1"), names.index("CP1"), names.index("CP2")])
    found = offsets_at(clock, solid(clock, {}), stations, times)
    assert found[:2].tolist() == [100.0, 300.0]
    assert np.isnan(found[2])

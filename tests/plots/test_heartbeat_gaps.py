from __future__ import annotations

from analyzer.plots import style
from analyzer.plots.heartbeat_gaps import MAX_STATIONS, heartbeat_gaps
from analyzer.plots.svg import svg
from tests.manuals import workspace
from tests.plots.drawings import drawn, night, words

BOOT = """
    08:00:00 CP1 + ocpp1.6
    08:00:01 CP1 > BootNotification#b {"chargePointVendor": "Example", "chargePointModel": "AC22"}
    08:00:01 CP1 < =#b {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
"""


def test_gaps_and_the_interval_in_force_are_told_apart() -> None:
    told = words(svg(drawn("heartbeat_gaps", BOOT + "    08:01:00x5/60s CP1 > Heartbeat")))
    assert {"interval in force", "gap, charger otherwise silent"} <= set(told)
    assert "gap with other requests in it" not in told


def test_a_gap_with_another_request_in_it_is_marked_as_such() -> None:
    text = BOOT + "    08:01:00x5/60s CP1 > Heartbeat\n    08:03:30 CP1 > StatusNotification {}"
    assert "gap with other requests in it" in words(svg(drawn("heartbeat_gaps", text)))


def test_without_an_interval_no_line_is_drawn() -> None:
    made = drawn("heartbeat_gaps", "08:00:00 CP1 + ocpp1.6\n08:01:00x5/60s CP1 > Heartbeat")
    assert "interval in force" not in words(svg(made))
    assert "no interval known" in style.told(made)


def test_gaps_of_very_different_lengths_stand_on_a_logarithmic_axis() -> None:
    wide = drawn("heartbeat_gaps", BOOT + "    08:01:00x5/1s CP1 > Heartbeat\n    10:00:00 CP1 > Heartbeat")
    assert wide.axes[0].get_yscale() == "log"
    assert drawn("heartbeat_gaps", night("CP1")).axes[0].get_yscale() == "linear"


def test_each_station_has_a_panel_under_its_name() -> None:
    told = words(svg(drawn("heartbeat_gaps", night("CP-2", "CP-10"))))
    assert [word for word in told if word.startswith("CP-")] == ["CP-2", "CP-10"]


def test_the_stations_with_the_most_late_heartbeats_are_shown() -> None:
    late = night("Z") + "\n    09:00:00 Z > Heartbeat\n    09:30:00 Z > Heartbeat"
    told = words(svg(drawn("heartbeat_gaps", night(*(f"CP-{number}" for number in range(9))) + late)))
    assert "Z" in told
    assert f"those with the most late heartbeats; {10 - MAX_STATIONS} more not shown" in told


def test_one_heartbeat_makes_no_gap() -> None:
    made = heartbeat_gaps(workspace("08:00:00 CP1 > Heartbeat").table("heartbeats"))
    assert style.told(made).endswith("No connection saw two heartbeats with a time.")


def test_it_tells_each_station_in_words() -> None:
    told = style.told(drawn("heartbeat_gaps", night("CP1")))
    assert "CP1: " in told
    assert "60.0 s in the median" in told
    assert "interval in force 60 s" in told

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from tests.manuals import workspace

Row = dict[str, object]


def rows(text: str) -> list[Row]:
    found: list[Row] = workspace(text).table("heartbeats").to_pylist()
    return found


BEAT = "{0} CP1 > Heartbeat#{0}\n"
BOOT = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > BootNotification#b {"chargePointVendor": "E", "chargePointModel": "A"}
08:00:01.1 CP1 < =#b {"currentTime": "$(now)", "interval": 300, "status": "Accepted"}
"""


def test_a_heartbeat_knows_the_gap_before_it_and_the_interval_in_force() -> None:
    first, second = rows(BOOT + "08:05:00x2/290s CP1 > Heartbeat#h$(i)")
    assert (first["gap"], first["quiet"], first["interval"], first["interval_from"]) == (None, False, 300.0, "boot")
    assert (second["gap"], second["quiet"]) == (290.0, True)


def test_another_request_makes_a_gap_not_quiet() -> None:
    text = BEAT.format("08:01:00") + "08:01:30 CP1 > StatusNotification\n" + BEAT.format("08:02:00")
    assert [(row["gap"], row["quiet"]) for row in rows(text)] == [(None, False), (60.0, False)]


def test_a_request_of_the_csms_leaves_it_quiet() -> None:
    text = BEAT.format("08:01:00") + "08:01:30 CP1 < TriggerMessage\n" + BEAT.format("08:02:00")
    assert rows(text)[1]["quiet"] is True


def test_gaps_do_not_reach_over_connections() -> None:
    text = "08:00:00x2/120s CP1 + ocpp1.6\n08:01:00x2/120s CP1 > Heartbeat\n08:01:30 CP1 - 1006"
    assert [row["gap"] for row in rows(text)] == [None, None]


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_the_answer_tells_the_time_of_the_csms(version: str) -> None:
    (row,) = rows(
        f"08:00:00 CP1 + {version}\n08:01:00 CP1 > Heartbeat\n"
        '08:01:00.25 CP1 < = {"currentTime": "2026-01-01T09:01:00+01:00"}'
    )
    assert (row["status"], row["latency"], str(row["csms_time"])) == ("answered", 0.25, "2026-01-01 08:01:00+00:00")


@pytest.mark.parametrize(
    "answer", ["[]", "{}", '{"currentTime": 7}', '{"currentTime": "now"}', '{"currentTime": null}']
)
def test_an_answer_without_a_time_tells_none(answer: str) -> None:
    (row,) = rows(f"08:01:00 CP1 > Heartbeat\n08:01:01 CP1 < = {answer}")
    assert (row["status"], row["csms_time"]) == ("answered", None)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 59), min_size=1, max_size=20))
def test_the_gaps_are_the_times_between_the_beats(steps: list[int]) -> None:
    moments = [sum(steps[:count]) for count in range(len(steps) + 1)]
    text = "".join(f"08:{at // 60:02d}:{at % 60:02d} CP1 > Heartbeat#{at}\n" for at in moments)
    assert [row["gap"] for row in rows(text)] == [None, *map(float, steps)]

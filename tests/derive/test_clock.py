from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from analyzer import schema
from analyzer.derive.clock import clock
from tests.manuals import workspace

Row = dict[str, object]


def rows(text: str) -> list[Row]:
    found: list[Row] = workspace(text).table("clock").to_pylist()
    return found


def status(at: str, time: str) -> str:
    return f'{at} CP1 > StatusNotification {{"connectorId": 1, "status": "Available", "timestamp": "{time}"}}\n'


def test_an_hour_is_a_row_with_the_offset_that_its_messages_agree_on() -> None:
    found = rows(status("08:00:10x3/60s", "$(now+100-i)") + status("09:00:10", "$(now+50)"))
    assert [(row["offset"], row["held"], row["samples"]) for row in found] == [(100.0, 120.0, 3), (50.0, 0.0, 1)]


def test_latency_makes_the_offset_smaller_so_the_largest_counts() -> None:
    (row,) = rows(status("08:00:10x9/60s", "$(now-(i*3)%7)"))
    assert row["offset"] == 0.0


def test_a_replayed_queue_says_nothing_beside_live_messages() -> None:
    (row,) = rows(status("08:00:10x50/0.1s", "$(now-3000+60*i)") + status("08:10:00x5/60s", "$(now+7)"))
    assert row["offset"] == 7.0


def test_what_was_stamped_before_the_clock_was_set_says_nothing_beside_what_came_after() -> None:
    (row,) = rows(status("08:00:10x3/1s", "$(now+86400)") + status("08:10:00x5/60s", "$(now)"))
    assert (row["offset"], row["held"]) == (0.0, 240.0)


def test_older_times_in_the_same_messages_say_nothing() -> None:
    entries = ", ".join(
        f'{{"timestamp": "$(now-{late})", "sampledValue": [{{"value": "1"}}]}}' for late in (120, 60, 0)
    )
    (row,) = rows(f'08:00:10x9/300s CP1 > MeterValues {{"connectorId": 1, "meterValue": [{entries}]}}')
    assert (row["offset"], row["samples"]) == (0.0, 27)


def test_several_values_of_one_time_are_one_sample() -> None:
    values = '{"value": "1"}, {"value": "2", "measurand": "Voltage"}'
    sent = (
        f'08:00:10x4/60s CP1 > MeterValues {{"meterValue": [{{"timestamp": "$(local)", "sampledValue": [{values}]}}]}}'
    )
    (row,) = rows(sent)
    assert (row["samples"], row["unzoned"]) == (4, 4)


def test_clock_aligned_values_and_what_says_that_it_is_late_are_left_out() -> None:
    aligned = '{"timestamp": "$(now-900)", "sampledValue": [{"value": "1", "context": "Sample.Clock"}]}'
    assert rows(f'08:00:10 CP1 > MeterValues {{"connectorId": 1, "meterValue": [{aligned}]}}') == []
    assert rows('08:00:10 CP1 > TransactionEvent {"timestamp": "$(now-900)", "offline": true}') == []


@pytest.mark.parametrize("action", ["StatusNotification", "TransactionEvent", "SecurityEventNotification"])
@pytest.mark.parametrize("version", ["ocpp2.0.1", "ocpp2.1"])
def test_messages_of_2x_tell_the_time_too(version: str, action: str) -> None:
    (row,) = rows(f'08:00:00 CP1 + {version}\n08:00:10 CP1 > {action} {{"timestamp": "$(now+9)", "offline": false}}')
    assert row["offset"] == 9.0


def test_a_message_of_the_csms_tells_nothing_of_the_charger() -> None:
    assert rows('08:00:10 CP1 < TransactionEvent {"timestamp": "$(now+9)"}') == []


@pytest.mark.parametrize("payload", ["[]", "7", '{"timestamp": 7}', '{"timestamp": "soon"}', '{"a": "timestamp"}'])
def test_odd_payloads_tell_nothing(payload: str) -> None:
    assert rows(f"08:00:10 CP1 > StatusNotification {payload}") == []


def test_nothing_in_gives_nothing_out() -> None:
    assert clock(schema.empty("calls"), schema.empty("readings")).num_rows == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(-100_000, 100_000), st.lists(st.integers(0, 3), min_size=2, max_size=40))
def test_the_offset_of_a_steady_clock_is_found_whatever_the_latency(error: int, latency: list[int]) -> None:
    lines = "".join(status(f"08:{at:02d}:10", f"$(now+{error}-{late})") for at, late in enumerate(latency))
    (row,) = rows(lines.replace("+-", "-"))
    assert row["offset"] == error - min(latency)
    assert row["held"] == 60.0 * (len(latency) - 1)

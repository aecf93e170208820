from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from analyzer import schema
from analyzer.kernels.columns import NO_TIME
from analyzer.ocpp.in_force import (
    INTERVAL_KEY,
    changed_from_unknown,
    interval_before,
    interval_in_force,
    interval_next,
)

Said = tuple[str, str, float, str | None]
"""When, by which operation, how many seconds, and how it was answered."""
BOOT, SET, GET = "boot", "set", "get"
CP1 = pa.array(["CP1"])


def at(clock: str) -> int:
    return round(datetime.fromisoformat(f"2026-01-01T{clock}Z").timestamp() * 1_000_000)


def said(*rows: Said) -> pa.Table:
    return schema.from_rows(
        "settings",
        [
            {
                "station": "CP1",
                "ts": at(clock),
                "key": INTERVAL_KEY,
                "number": seconds,
                "operation": operation,
                "status": status,
                "effective": seconds > 0 and (status == "Accepted" or operation not in {BOOT, SET}),
            }
            for clock, operation, seconds, status in rows
        ],
    )


def in_force(table: pa.Table, clock: str) -> tuple[float | None, str | None]:
    (seconds,), (origin,) = interval_in_force(table, CP1, np.array([at(clock)]))
    return (None if math.isnan(seconds) else float(seconds)), origin


ORDERED = said(("08:00:00", BOOT, 300, "Accepted"), ("09:00:00", SET, 60, "Accepted"))


@pytest.mark.parametrize(
    ("clock", "told"),
    [("07:59:59", (None, None)), ("08:00:00", (300, "boot")), ("08:59:59", (300, "boot")), ("09:00:00", (60, "set"))],
)
def test_the_last_order_is_in_force(clock: str, told: tuple[float | None, str | None]) -> None:
    assert in_force(ORDERED, clock) == told


@pytest.mark.parametrize("status", ["Rejected", "NotSupported", "UnknownVariable"])
def test_a_refused_change_changes_nothing(status: str) -> None:
    assert in_force(said(("08:00:00", BOOT, 300, "Accepted"), ("09:00:00", SET, 60, status)), "10:00:00") == (300, BOOT)


@pytest.mark.parametrize(
    "then", [("09:00:00", SET, 60, "RebootRequired"), ("09:00:00", SET, 60, None), ("09:00:00", BOOT, 0, "Accepted")]
)
def test_an_order_is_over_with_a_change_that_may_come_and_with_a_boot_that_leaves_the_choice(then: Said) -> None:
    table = said(("08:00:00", BOOT, 300, "Accepted"), then)
    assert in_force(table, "08:59:59") == (300, BOOT)
    assert in_force(table, "10:00:00") == (None, None)


def test_the_wait_before_the_next_boot_is_no_interval() -> None:
    assert in_force(said(("08:00:00", BOOT, 30, "Pending")), "09:00:00") == (None, None)


def test_what_was_read_back_counts_before_the_first_order_alone() -> None:
    table = said(("08:00:00", GET, 900, None), ("09:00:00", SET, 60, "Accepted"), ("10:00:00", GET, 300, None))
    assert [in_force(table, clock) for clock in ("07:00:00", "08:30:00", "09:30:00", "11:00:00")] == [
        (900, GET), (900, GET), (60, SET), (60, SET),
    ]  # fmt: skip


def before(table: pa.Table, clock: str, beaten: str) -> float | None:
    (found,) = interval_before(table, CP1, np.array([at(clock)]), np.array([at(beaten)]))
    return None if math.isnan(found) else float(found)


@pytest.mark.parametrize(
    ("clock", "beaten", "seconds"),
    [
        ("09:05:00", "08:59:00", 300),  # the timer that ran when the change came
        ("09:05:01", "08:59:00", None),  # it has run out
        ("09:02:00", "09:01:00", None),  # with the first Heartbeat after the change the new one runs
        ("08:30:00", "08:25:00", None),  # nothing was in force before the first order
    ],
)
def test_the_former_interval_holds_until_its_timer_has_run_out(clock: str, beaten: str, seconds: float | None) -> None:
    assert before(ORDERED, clock, beaten) == seconds


@pytest.mark.parametrize(("order", "longer"), [(900, 900), (60, 300)])
def test_while_it_is_not_known_whether_a_change_was_taken_the_longer_one_is_allowed(order: int, longer: int) -> None:
    table = said(("08:00:00", BOOT, 300, "Accepted"), ("09:00:00", SET, order, "RebootRequired"))
    assert before(table, "12:00:00", "11:00:00") == longer


@pytest.mark.parametrize("operation", [BOOT, SET])
def test_an_accepted_interval_of_0_does_not_hold_the_former_one_for_ever(operation: str) -> None:
    table = said(("08:00:00", BOOT, 300, "Accepted"), ("09:00:00", operation, 0, "Accepted"))
    assert in_force(table, "12:00:00") == (None, None)
    assert before(table, "12:00:00", "11:00:00") is None


def changed(table: pa.Table, clock: str, heard: str) -> int:
    (found,) = changed_from_unknown(table, CP1, np.array([at(clock)]), np.array([at(heard)]))
    return int(found)


def test_a_set_changes_an_interval_that_is_not_known_and_a_first_boot_only_of_a_charger_that_beat_before() -> None:
    ordered = said(("09:00:00", SET, 60, "Accepted"))
    assert changed(ordered, "10:00:00", "09:30:00") == at("09:00:00")
    assert changed(ordered, "08:59:59", "08:00:00") == NO_TIME
    booted = said(("09:00:00", BOOT, 60, "Accepted"))
    assert changed(booted, "10:00:00", "08:30:00") == at("09:00:00")
    assert changed(booted, "10:00:00", "09:30:00") == NO_TIME
    assert changed(ORDERED, "10:00:00", "08:30:00") == NO_TIME


def test_the_next_order_is_found_from_any_time_before_it() -> None:
    asked = np.array([at("07:00:00"), at("08:30:00"), at("09:30:00")])
    found = interval_next(ORDERED, pa.array(["CP1"] * 3), asked)
    assert found[:2].tolist() == [300, 60]
    assert math.isnan(found[2])


@given(st.permutations([*range(4)]), st.integers(0, 5))
def test_the_order_of_the_rows_and_other_stations_do_not_matter(order: list[int], hour: int) -> None:
    rows = [
        ("00:30:00", BOOT, 300.0, "Accepted"),
        ("01:30:00", SET, 60.0, "RebootRequired"),
        ("02:30:00", BOOT, 0.0, "Accepted"),
        ("03:30:00", SET, 900.0, "Accepted"),
    ]
    other = said(("00:00:01", SET, 7, "Accepted"))
    other = other.set_column(0, "station", pa.array(["CP2"]).dictionary_encode().cast(other["station"].type))
    mixed = pa.concat_tables([said(*(rows[place] for place in order)), other]).unify_dictionaries()
    clock = f"0{hour}:00:00"
    assert in_force(mixed, clock) == in_force(said(*rows), clock)

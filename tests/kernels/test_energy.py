from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analyzer.kernels.energy import falls, integral, resolution, usual_rates

MINUTE = 60_000_000
STEPS = st.lists(st.integers(50, 150), min_size=8, max_size=40)


def marked(values: np.ndarray, tolerance: float = 1.0) -> list[int]:
    times = np.arange(len(values)) * MINUTE
    found = falls(
        np.zeros(len(values), np.int64),
        times,
        values.astype(float),
        np.full(len(values), tolerance),
        np.full(len(values), 1.5),
    )
    return [int(row) for row in np.flatnonzero(found)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 500), st.floats(0, 1e5)), max_size=40))
def test_the_integral_is_that_of_each_group_alone(rows: list[tuple[int, int, float]]) -> None:
    rows.sort(key=lambda row: row[:2])
    groups, seconds, powers = (np.array([row[part] for row in rows]) for part in range(3))
    found = integral(groups.astype(np.int64), seconds.astype(np.int64) * 1_000_000, powers.astype(float), 4)
    for group in range(4):
        own = groups == group
        alone = np.trapezoid(powers[own], seconds[own]) / 3600 if own.any() else 0.0
        assert found[group] == pytest.approx(alone)


@given(st.sampled_from([1000.0, 100.0, 10.0, 1.0, 0.1, 0.01]), st.lists(st.integers(1, 10**8), min_size=1, max_size=20))
def test_the_resolution_divides_all_values_and_is_no_finer_than_the_meter(step: float, counts: list[int]) -> None:
    values = np.array(counts, dtype=float) * step
    (found,) = resolution(np.zeros(len(values), np.int64), values, 1)
    assert found >= step * 0.999 or found == 1000.0
    assert np.allclose(values / found, np.rint(values / found), atol=1e-4)


def test_the_usual_rate_is_a_rate_that_half_of_the_steps_do_not_exceed() -> None:
    groups, times = np.array([0, 0, 0, 0, 1, 2, 2]), np.arange(7) * 1_000_000
    values = np.array([0.0, 5, 6, 8, 3, 9, 9])
    assert usual_rates(groups, times, values, 4).tolist() == [2.0, 0.0, 0.0, 0.0]


@given(STEPS)
def test_a_register_that_only_rises_has_no_fall(steps: list[int]) -> None:
    assert marked(np.cumsum(steps)) == []


@given(STEPS, st.data(), st.integers(1, 3))
def test_readings_that_stray_and_come_back_are_no_fall(steps: list[int], data: st.DataObject, length: int) -> None:
    values = 100_000 + np.cumsum(steps)
    place = data.draw(st.integers(1, len(values) - length - 1))
    values[place : place + length] = data.draw(st.sampled_from([0, 40_000, 900_000]))
    assert marked(values) == []


@given(STEPS, st.data())
def test_a_register_that_stays_lower_falls_once(steps: list[int], data: st.DataObject) -> None:
    values = 100_000 + np.cumsum(steps)
    place = data.draw(st.integers(1, len(values) - 1))
    values[place:] -= data.draw(st.integers(1000, 90_000))
    assert marked(values) == [place]


def test_a_fall_that_the_next_reading_makes_up_for_in_its_usual_step_is_one() -> None:
    assert marked(np.array([1000, 1120, 1240, 1190, 1310, 1430])) == [3]


def test_a_fall_within_the_resolution_is_none() -> None:
    values = np.array([1000, 1100, 1000, 1100])
    assert marked(values, tolerance=100.0) == []
    assert marked(np.array([1000, 1100, 900, 1000, 1100]), tolerance=100.0) == [2]


def test_groups_have_nothing_to_do_with_each_other() -> None:
    values, groups = np.array([500.0, 600, 100, 200]), np.array([0, 0, 1, 1])
    assert not falls(groups, np.arange(4) * MINUTE, values, np.ones(4), np.ones(4)).any()

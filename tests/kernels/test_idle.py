from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analyzer.kernels.idle import Quiet, cutoff, densest_window, device, pattern, races

SECONDS = st.lists(st.floats(0, 1000), max_size=40).map(np.array)


def quiet(*lengths: float, every: int = 1000) -> Quiet:
    return Quiet(np.array(lengths, dtype=float), np.arange(1, len(lengths) + 1) * every * 1_000_000)


@given(SECONDS)
def test_the_densest_window_holds_as_many_as_any_window_that_begins_at_a_value(values: np.ndarray) -> None:
    found = densest_window(values)
    most = max((int(((values >= low) & (values <= low * 1.02 + 1)).sum()) for low in values.tolist()), default=0)
    assert found.members == most


@given(SECONDS, SECONDS)
def test_the_cut_is_the_best_of_all_fatal_gaps(survived: np.ndarray, fatal: np.ndarray) -> None:
    def youden(at: float) -> float:
        return float((fatal >= at).mean()) - (float((survived >= at).mean()) if len(survived) else 0.0)

    found = cutoff(survived, fatal)
    assert found.youden == pytest.approx(max(map(youden, fatal.tolist()), default=0.0))


def test_ends_after_the_same_quiet_that_nothing_survives_are_a_pattern() -> None:
    found = pattern(quiet(*[30.0] * 20), quiet(*[60.0] * 5), np.nan, narrow=True)
    assert found is not None
    assert (found.window.members, found.cut.survived, found.cut.fatal) == (5, 30.0, 60.0)
    assert pattern(quiet(*[30.0] * 20), quiet(*[60.0] * 4), np.nan, narrow=True) is None


def test_ends_after_the_same_quiet_that_is_survived_as_often_are_none() -> None:
    assert pattern(quiet(*[300.0] * 20), quiet(*[300.0] * 9), 300.0, narrow=True) is None


def test_a_race_with_the_interval_may_be_won_at_times() -> None:
    survived = quiet(*[60.01] * 4, *[59.9] * 16)
    assert pattern(survived, quiet(*[60.0] * 9), 60.0, narrow=True) is not None
    assert pattern(survived, quiet(*[60.0] * 9), 300.0, narrow=True) is None


def test_ends_in_many_windows_are_no_hard_cut_off_but_may_be_a_silent_one() -> None:
    fatal = quiet(250.0, 300.0, 400.0, 500.0, 700.0)
    assert pattern(quiet(*[100.0] * 50), fatal, np.nan, narrow=True) is None
    found = pattern(quiet(*[100.0] * 50), fatal, np.nan, narrow=False)
    assert found is not None
    assert (found.cut.survived, found.cut.fatal) == (100.0, 250.0)


def test_a_pattern_of_some_hours_is_found_among_what_is_survived_at_other_times() -> None:
    survived = Quiet(np.array([90.0] * 30 + [30.0] * 30), np.arange(60) * 600_000_000)
    fatal = Quiet(np.full(6, 60.0), np.arange(36, 42) * 600_000_000 + 300_000_000)
    found = pattern(survived, fatal, np.nan, narrow=True)
    assert found is not None
    assert found.first >= 36 * 600_000_000
    assert found.last <= 42 * 600_000_000


def test_very_short_quiet_is_no_cut_off() -> None:
    assert pattern(quiet(*[1.0] * 20), quiet(*[3.0] * 9), np.nan, narrow=True) is None


def test_random_ends_make_no_pattern() -> None:
    chance = np.random.default_rng(5)
    for _ in range(500):
        deaths = int(chance.integers(5, 30))
        survived = quiet(*(60 + chance.normal(0, 0.3, 200)))
        fatal = quiet(*chance.uniform(0, 60, deaths))
        assert pattern(survived, fatal, 60.0, narrow=True) is None


def test_known_devices_are_matched_within_three_percent() -> None:
    assert [device(seconds) is None for seconds in (58.1, 58.3, 61.7, 61.9)] == [True, False, False, True]


def test_a_race_is_within_two_percent_of_a_known_interval() -> None:
    assert races(61.0, 60.0)
    assert not races(62.0, 60.0)
    assert not races(60.0, np.nan)

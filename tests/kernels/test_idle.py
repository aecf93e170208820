from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analyzer.kernels.idle import CLOCKS, Quiet, counted, cutoff, densest_window, device, pattern, races

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


def test_a_cut_off_needs_six_tenths_of_the_ends_in_one_window() -> None:
    survived, strays = quiet(*[30.0] * 20), [60.0, 300.0, 60.0, 400.0, 60.0, 500.0, 60.0, 700.0, 60.0]
    assert pattern(survived, quiet(*strays, 60.0), np.nan, narrow=True) is not None
    assert pattern(survived, quiet(*strays, 900.0, 60.0), np.nan, narrow=True) is None
    assert pattern(survived, quiet(*strays[2:], 60.0), np.nan, narrow=True) is not None
    assert pattern(survived, quiet(*strays[4:], 60.0), np.nan, narrow=True) is None


def test_a_cut_off_takes_five_seconds_of_quiet_at_least() -> None:
    assert pattern(quiet(*[1.0] * 20), quiet(*[5.0] * 9), np.nan, narrow=True) is not None
    assert pattern(quiet(*[1.0] * 20), quiet(*[4.9] * 9), np.nan, narrow=True) is None


def test_nine_tenths_of_certainty_are_enough_and_seven_in_a_race() -> None:
    fatal = quiet(*[60.0] * 9, every=100)
    for interval, survivors in ((np.nan, 1), (60.0, 3)):
        for longer, sure in ((survivors, True), (survivors + 1, False)):
            survived = quiet(*[61.0] * longer, *[30.0] * (10 - longer), every=80)
            assert (pattern(survived, fatal, interval, narrow=True) is not None) is sure


def test_an_end_of_no_known_quiet_is_no_end() -> None:
    fatal = quiet(*[60.0] * 4, np.nan)
    assert pattern(quiet(*[30.0] * 20), fatal, np.nan, narrow=True) is None
    assert pattern(quiet(*[30.0] * 20), quiet(*[60.0] * 5, np.nan), np.nan, narrow=True) is not None


def test_a_pattern_reaches_from_the_beginning_of_the_first_quiet_to_the_last_end_in_it() -> None:
    found = pattern(quiet(*[30.0] * 20), quiet(*[60.0] * 5, 400.0), np.nan, narrow=True)
    assert found is not None
    assert (found.first, found.last, found.spread) == (940_000_000, 5_000_000_000, 0.0)
    wide = pattern(quiet(*[30.0] * 20), quiet(*[60.0] * 5, 400.0), np.nan, narrow=False)
    assert wide is not None
    assert wide.last == 6_000_000_000


def test_the_spread_is_how_far_the_ends_lie_from_a_whole_second() -> None:
    found = pattern(quiet(*[30.0] * 20), quiet(*[60.2] * 5), np.nan, narrow=True)
    assert found is not None
    assert found.spread == pytest.approx(0.2)


def test_quiet_within_two_times_has_both_as_its_bounds() -> None:
    assert quiet(1.0, 2.0, 3.0, 4.0).within(2_000_000_000, 3_000_000_000).lengths.tolist() == [2.0, 3.0]


def test_a_cut_off_in_a_race_is_counted_from_the_charger_unless_the_figures_say_otherwise() -> None:
    heard = np.array([60.0, np.nan, 60.5])
    assert counted(59.0, "any", 60.0, heard) == (60.25, CLOCKS["up"])
    assert counted(59.0, "down", 60.0, heard) == (59.0, CLOCKS["down"])
    assert counted(59.0, "any", None, heard) == (59.0, CLOCKS["any"])
    assert counted(59.0, "any", 60.0, heard[1:2]) == (59.0, CLOCKS["any"])
    assert counted(59.0, "any", 60.0, np.array([60.0, 70.0])) == (59.0, CLOCKS["any"])


def test_without_survivors_or_ends_the_cut_is_where_the_ends_are() -> None:
    assert cutoff(np.array([]), np.array([60.0]))[:3] == (1.0, 0.0, 60.0)
    assert cutoff(np.array([30.0]), np.array([])).deaths == 0
    assert cutoff(np.array([60.0]), np.array([60.0]))[:2] == (0.0, 0.0)


def test_the_limits_of_a_race_and_of_a_known_timeout_belong_to_them() -> None:
    assert races(102.0, 100.0)
    assert device(103.0) == "Cloudflare"


def test_a_silent_cut_off_takes_five_seconds_of_quiet_too() -> None:
    assert pattern(quiet(*[1.0] * 20), quiet(*[4.9] * 9), np.nan, narrow=False) is None
    assert pattern(quiet(*[1.0] * 20), quiet(*[5.0] * 9), np.nan, narrow=False) is not None


def test_an_earlier_end_after_less_quiet_does_not_widen_a_pattern() -> None:
    found = pattern(quiet(*[30.0] * 20), quiet(20.0, *[60.0] * 12), np.nan, narrow=True)
    assert found is not None
    assert found.first == 1_940_000_000

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analyzer.kernels.exchanges import MOST_PAIRS, Exchange, regular

SECOND = 1_000_000


def found(
    sent_at: np.ndarray,
    sizes: tuple[int, int] = (66, 88),
    delay: float = 0.05,
    others: np.ndarray | None = None,
    **how: float,
) -> list[Exchange]:
    """What is found among exchanges that begin at these seconds, and other records that go up (of many sizes)."""
    rows = [(moment, True, sizes[0]) for moment in sent_at.tolist()]
    rows += [(moment + delay, False, sizes[1]) for moment in sent_at.tolist()]
    rows += [(moment, True, 1000 + number) for number, moment in enumerate([] if others is None else others.tolist())]
    rows.sort()
    times, up, lengths = (np.array(column) for column in zip(*rows, strict=True))
    return regular(np.zeros(len(rows), dtype=int), np.rint(times * SECOND).astype(np.int64), lengths, up, **how)  # type: ignore[arg-type]


@given(
    st.floats(5, 3600),
    st.lists(st.floats(-1, 1), min_size=7, max_size=60),
    st.lists(st.floats(0, 1), max_size=20),
)
def test_what_recurs_with_a_little_jitter_is_found_whatever_else_is_sent(
    period: float, jitter: list[float], others: list[float]
) -> None:
    ideal = np.arange(len(jitter)) * period
    # Two neighbours may stray in opposite directions: their period is off by up to 4 %.
    moments = ideal + np.array(jitter) * 0.02 * period
    between = np.array(others) * ideal[-1]
    clear = np.array([moment for moment in between.tolist() if (np.abs(moment - moments) > 0.1).all()])
    (each,) = found(moments, others=clear)
    assert (each.sent, each.answered) == (66, 88)
    assert each.period == pytest.approx(period, rel=0.05)
    assert len(each.rows) >= min(5, 0.75 * (len(jitter) - 1))


@given(st.integers(0, 2**32 - 1), st.integers(30, 300), st.floats(1, 1000))
def test_traffic_at_random_has_no_period(seed: int, count: int, mean: float) -> None:
    moments = np.cumsum(np.random.default_rng(seed).exponential(mean, count))
    assert found(moments, delay=0.000001) == []


@given(st.integers(0, 2**32 - 1))
def test_random_sizes_at_random_times_make_no_exchange(seed: int) -> None:
    chance = np.random.default_rng(seed)
    times = np.sort(chance.integers(0, 3600 * SECOND, 500))
    sizes, up = chance.integers(30, 60, 500), chance.random(500) < 0.5
    assert regular(np.zeros(500, dtype=int), times, sizes, up) == []


def test_five_periods_are_enough_and_four_are_not() -> None:
    assert [len(each.rows) for each in found(np.arange(6) * 60.0)] == [5]
    assert found(np.arange(5) * 60.0) == []
    assert [len(each.rows) for each in found(np.arange(5) * 60.0, fewest=4)] == [4]


def test_a_spread_of_what_is_allowed_is_found_and_more_is_not() -> None:
    assert found(np.cumsum([0.0, *[60.0, 65.9] * 5]))
    assert found(np.cumsum([0.0, *[60.0, 66.1] * 5])) == []
    assert found(np.cumsum([0.0, *[60.0, 66.1] * 5]), spread=0.1)


def test_three_quarters_of_the_periods_must_agree() -> None:
    steady, stray = [60.0] * 9, [17.0, 29.0, 190.0]
    assert [len(each.rows) for each in found(np.cumsum([0.0, *steady, *stray]))] == [9]
    assert found(np.cumsum([0.0, *steady, *stray, 400.0])) == []


def test_periods_with_nothing_else_between_decide_where_there_are_enough() -> None:
    # It beats after 60 s without any other message; others come at times.
    beats = np.array([0.0, 60.0, 120.0, 180.0, 290.0, 350.0, 410.0, 497.0, 557.0, 617.0])
    (each,) = found(beats, others=np.array([230.0, 437.0]))
    assert (each.period, len(each.rows)) == (60.0, 7)


def test_what_comes_half_a_period_later_is_no_answer() -> None:
    assert found(np.arange(9) * 60.0, delay=29.0)
    assert found(np.arange(9) * 60.0, delay=31.0) == []


def test_periods_are_within_a_connection_and_add_up_over_all() -> None:
    times = np.concatenate([np.arange(4) * 60, np.arange(4) * 60 + 210]) * SECOND
    times, connections = np.stack((times, times + 1), axis=1).reshape(-1), np.repeat([0, 1], 8)
    sizes, up = np.tile([66, 88], 8), np.tile([True, False], 8)
    (each,) = regular(connections, times, sizes, up)
    assert (each.period, len(each.rows)) == (60.0, 6)
    assert regular(connections, times, sizes, up, fewest=7) == []


def test_only_so_many_pairs_of_sizes_are_looked_at() -> None:
    often = np.repeat(np.arange(MOST_PAIRS), 8)
    sizes = np.stack((1000 + often, 2000 + often), axis=1).reshape(-1)
    sizes = np.append(sizes, np.tile([66, 88], 6))
    times = np.arange(len(sizes)) // 2 * 60 * SECOND + np.arange(len(sizes)) % 2
    up = np.tile([True, False], len(sizes) // 2)
    assert (66, 88) not in {(each.sent, each.answered) for each in regular(np.zeros(len(sizes), int), times, sizes, up)}


def test_nothing_gives_nothing() -> None:
    empty = np.array([], dtype=np.int64)
    assert regular(empty, empty, empty, empty.astype(bool)) == []

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from analyzer.kernels.columns import NO_TIME
from analyzer.kernels.sequences import answers, busiest, gaps, latest, longest_run

PAIRS = st.lists(st.tuples(st.integers(-1, 3), st.integers(-50, 50)), max_size=30)


@given(PAIRS, PAIRS)
def test_the_latest_row_is_the_last_of_its_group_at_or_before_the_time(
    have: list[tuple[int, int]], want: list[tuple[int, int]]
) -> None:
    rows = sorted(have)
    groups, times = np.array([g for g, _ in rows], dtype=np.int64), np.array([t for _, t in rows], dtype=np.int64)
    found = latest(groups, times, np.array([g for g, _ in want], np.int64), np.array([t for _, t in want], np.int64))
    expected = [
        max((row for row, (g, t) in enumerate(rows) if g == group and t <= time), default=-1) for group, time in want
    ]
    assert found.tolist() == expected


@given(PAIRS, st.sets(st.integers(0, 29)))
def test_a_gap_is_the_time_since_the_row_before_of_the_same_group(have: list[tuple[int, int]], gone: set[int]) -> None:
    rows = sorted(have)
    groups, times = np.array([g for g, _ in rows], dtype=np.int64), np.array([t for _, t in rows], dtype=np.int64)
    times[[row for row in gone if row < len(times)]] = NO_TIME
    found = gaps(groups, times)
    for row, gap in enumerate(found.tolist()):
        known = row > 0 and groups[row - 1] == groups[row] and NO_TIME not in {times[row - 1], times[row]}
        assert gap == (times[row] - times[row - 1]) / 1e6 if known else np.isnan(gap)


CALLS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.booleans()), max_size=20)


@given(CALLS)
def test_an_answer_belongs_to_the_last_call_with_its_id_unless_that_has_one(rows: list[tuple[int, int, bool]]) -> None:
    scopes = np.array([scope for scope, _, _ in rows], dtype=np.int64)
    ids = np.array([identity for _, identity, _ in rows], dtype=np.int64)
    asks = np.array([ask for *_, ask in rows], dtype=bool)
    expected, waiting = [-1] * len(rows), dict[tuple[int, int], int]()
    for row, (scope, identity, ask) in enumerate(rows):
        call = waiting.pop((scope, identity), -1)
        if ask:
            waiting[scope, identity] = row
        elif call >= 0:
            expected[call] = row
    assert answers(scopes, ids, asks).tolist() == expected


@given(st.lists(st.booleans(), max_size=30))
def test_the_longest_run_is_the_first_of_the_longest(flags: list[bool]) -> None:
    start, length = longest_run(np.array(flags, dtype=bool))
    text = "".join("x" if flag else "." for flag in flags)
    best = max(map(len, text.split(".")), default=0)
    assert (start, length) == ((text.index("x" * best), best) if best else (0, 0))


@given(st.lists(st.integers(0, 50), max_size=20).map(sorted), st.integers(0, 20))
def test_the_busiest_span_holds_the_most_times_its_ends_included(times: list[int], span: int) -> None:
    found = busiest(np.array(times, dtype=np.int64), span)
    inside = times[found]
    assert len(inside) == max((sum(low <= time <= low + span for time in times) for low in times), default=0)
    assert not inside or inside[-1] - inside[0] <= span

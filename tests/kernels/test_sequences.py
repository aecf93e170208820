from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from analyzer.kernels.sequences import latest

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

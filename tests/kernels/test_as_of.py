from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, strategies as st

from analyzer.kernels.as_of import first_of, last_before

EVENTS = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(-9, 9)), max_size=30)


def columns(events: list[tuple[str | None, int]]) -> tuple[pa.Array, np.ndarray]:
    return pa.array([name for name, _ in events], pa.string()), np.array([time for _, time in events], np.int64)


@given(EVENTS, EVENTS)
def test_the_last_event_before_is_that_of_the_name_with_the_greatest_time_that_has_come(
    have: list[tuple[str | None, int]], want: list[tuple[str | None, int]]
) -> None:
    found = last_before(*columns(have), *columns(want))
    for (name, moment), row in zip(want, found.tolist(), strict=True):
        own = [(time, at) for at, (other, time) in enumerate(have) if other == name and time <= moment and name]
        assert row == (max(own)[1] if own else -1)


@given(EVENTS, EVENTS)
def test_the_first_event_is_that_of_the_name_with_the_least_time(
    have: list[tuple[str | None, int]], want: list[tuple[str | None, int]]
) -> None:
    found = first_of(*columns(have), columns(want)[0])
    for (name, _), row in zip(want, found.tolist(), strict=True):
        own = [(time, at) for at, (other, time) in enumerate(have) if other == name and name]
        assert row == (min(own)[1] if own else -1)

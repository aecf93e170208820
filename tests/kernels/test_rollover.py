from __future__ import annotations

import numpy as np
import pytest

from analyzer.kernels.rollover import rolled_over


@pytest.mark.parametrize(
    ("before", "after", "over"),
    [
        (99_950_000, 50_000, True),
        (99_950_000, 50_001, False),
        (99_949_999, 50_000, False),
        (99_999_999, -1, False),
        (999_999_000, 0, True),
        (9_999_900, 0, False),
        (0, 0, False),
        (float("nan"), 0, False),
        (99_999_999, float("nan"), False),
    ],
)
def test_a_register_rolls_over_at_a_power_of_ten_within_what_one_session_takes(
    before: float,
    after: float,
    over: bool,
) -> None:
    assert rolled_over(np.array([before], float), np.array([after], float)).tolist() == [over]

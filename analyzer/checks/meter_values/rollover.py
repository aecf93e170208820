"""Registers that run out of digits: what looks like a fall and is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Reals

FEWEST = 1e8
"""Wh that a register can count at least: 4000 hours at full load must not bring it back (2014/32/EU, annex V)."""
MOST = 100_000.0
"""Wh that may have flowed between two readings of a register that ran out of digits: a session of a large car."""


def rolled_over(before: Reals, after: Reals) -> Flags:
    """Whether a register ran past its last digit between two readings, in Wh, and began again at 0.

    >>> rolled_over(np.array([99_999_900.0, 99_999_900.0, 128_400.0]), np.array([60.0, 99_999_000.0, 60.0])).tolist()
    [True, False, False]
    """
    full = 10.0 ** np.ceil(np.log10(np.maximum(before, 1.0)))
    found: Flags = (full >= FEWEST) & (after >= 0) & (full - before + after <= MOST)
    return found

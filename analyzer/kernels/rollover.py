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
    full = _full(before)
    found: Flags = (full >= FEWEST) & (after >= 0) & (full - before + after <= MOST)
    return found


def risen(before: Reals, after: Reals) -> Reals:
    """What a register counted between two readings, in Wh, past its last digit where it ran out of digits.

    At 0 it more likely was not read. Where either reading is NaN, so is the difference.

    >>> risen(np.array([99_999_900.0, 99_999_900.0, 5_000.0]), np.array([60.0, 0.0, 8_600.0])).tolist()
    [160.0, -99999900.0, 3600.0]
    """
    return after - before + np.where(rolled_over(before, after) & (after > 0), _full(before), 0.0)


def _full(before: Reals) -> Reals:
    """How much a register can count that is not far from its end: the next power of ten."""
    found: Reals = 10.0 ** np.ceil(np.log10(np.maximum(before, 1.0)))
    return found

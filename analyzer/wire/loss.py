"""Who lost bytes that a capture does not have, in words."""

from __future__ import annotations

CAPTURE = "the capture lost them: they were acknowledged, and never seen"
SNAPPED = "the capture lost them: they were cut off by the snap length"
NETWORK = "the network lost them: they were asked for again, and never acknowledged"
UNKNOWN = "who lost them cannot be told: nobody acknowledged them or asked for them again"
DUPLICATES = 3
"""Acknowledgements of the same place that ask for what stands there (RFC 5681 3.2)."""
LATER = 1_000_000
"""Microseconds after which one is enough: it is no more of the time before (RFC 6298 2.4)."""


def blame(*, acknowledged: bool, asked: int, asked_for: int) -> str:
    """Who lost bytes that were acknowledged, or asked for so often and over so many microseconds.

    >>> blame(acknowledged=False, asked=3, asked_for=500)[:11]
    'the network'
    """
    if acknowledged:
        return CAPTURE
    return NETWORK if asked >= DUPLICATES or asked_for > LATER else UNKNOWN

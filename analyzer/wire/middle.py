"""Tells whether a packet came from the side that it names, or from something between, by its time to live."""

from __future__ import annotations

INITIAL = (32, 64, 128, 255)
"""The values that systems send with."""
MAX_HOPS = 40
"""Routers on the longest path."""
NEAR = 2
"""Hops that paths of one sender may differ by."""


def sent_between(ttl: int, known: tuple[int, ...]) -> bool:
    """Whether a packet with this time to live came another way than the known ones of its sender did.

    Some systems send a RST with another initial value; its hops are the same then. Where the known ones differ among
    themselves, or one is 0, nothing can be told.

    >>> sent_between(61, (50, 50)), sent_between(114, (50, 50)), sent_between(49, (50, 50))
    (True, False, False)
    """
    if not known or not all(_same_way(known[0], other) for other in known):
        return False
    return bool(_hops(ttl)) and all(bool(_hops(other)) and not _same_way(ttl, other) for other in known)


def _same_way(first: int, second: int) -> bool:
    return any(abs(one - other) <= NEAR for one in _hops(first) for other in _hops(second))


def _hops(ttl: int) -> list[int]:
    """How many routers may have passed a packet on."""
    return [initial - ttl for initial in INITIAL if 0 < ttl <= initial <= ttl + MAX_HOPS]

"""What can be wrong with an input: it is said, never raised."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """Something that is wrong with the input. `damage` is true where bytes of the input were lost by it."""

    kind: str
    detail: str
    ts: int | None = None
    packet: int | None = None
    damage: bool = False
    count: int = 1
    connection: int | None = None

"""Reads the options of pcapng blocks (draft-ietf-opsawg-pcapng section 3.5)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

END, COMMENT = 0, 1
PACKET_DROPS = 4
"""Of an enhanced packet: packets that were lost between it and the one before (section 4.3)."""
TIME_RESOLUTION, TIME_OFFSET = 9, 14
"""Of an interface (section 4.2)."""
STATISTICS_DROPS = (5, 7)
"""Of statistics: packets that were dropped by the interface, and by the operating system (section 4.6)."""
MAX_COMMENT = 500
"""Characters of a comment that are kept."""


def read(order: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The options by their codes, up to their end or to the first that is not whole."""
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from(order + "HH", data, at)
        if code == END:
            return
        yield code, data[at + 4 : at + 4 + length]
        at += 4 + (length + 3) // 4 * 4


def comments(order: str, data: bytes) -> Iterator[str]:
    """The comments among some options, in one line each."""
    for code, value in read(order, data):
        if code == COMMENT:
            yield " ".join(value[: 4 * MAX_COMMENT].decode("utf-8", "replace").split())[:MAX_COMMENT]


def whole(order: str, data: bytes, wanted: int) -> int:
    """The number that an option holds; 0 where there is none."""
    for code, value in read(order, data):
        if code == wanted and len(value) == 8:
            return int(struct.unpack(order + "Q", value)[0])
    return 0

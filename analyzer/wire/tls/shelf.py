"""Keeps the sizes and times of encrypted records, within limits, until it is known whose they are."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_RECORDS = 20_000
"""Records of one connection that are kept."""
MAX_ALL = 200_000
"""Records of all connections of a capture; beyond it those that sent most are left out until half of it is free."""


class Row(NamedTuple):
    """One encrypted record; `bytes` is the size of what is encrypted, the tag included."""

    from_station: bool
    bytes: int
    ts: int
    packet: int


class WireRecords:
    """The encrypted records of one connection that hold application data. `left_out` counts those that are not kept."""

    def __init__(self, connection: int) -> None:
        self.connection = connection
        self.left_out = 0
        self._sizes = array("i")
        self._times = array("q")

    def __len__(self) -> int:
        return len(self._sizes)

    def __iter__(self) -> Iterator[Row]:
        for at, size in enumerate(self._sizes):
            yield Row(size > 0, abs(size), self._times[2 * at], self._times[2 * at + 1])

    def add(self, row: Row) -> bool:
        """Take a record; False where no more are kept."""
        if len(self._sizes) >= MAX_RECORDS or (self.left_out and not self._sizes):
            self.left_out += 1
            return False
        self._sizes.append(row.bytes if row.from_station else -row.bytes)
        self._times.extend((row.ts, row.packet))
        return True

    def clear(self) -> int:
        """Leave out what is kept, and what is still to come; how many that were."""
        count = len(self._sizes)
        self.left_out += count
        self._sizes, self._times = array("i"), array("q")
        return count


class Shelf:
    """The encrypted records of all connections of a capture."""

    def __init__(self) -> None:
        self._kept: dict[int, WireRecords] = {}
        self._count = 0

    def add(self, connection: int, row: Row) -> None:
        """Take a record of a connection."""
        records = self._kept.get(connection)
        if records is None:
            records = self._kept[connection] = WireRecords(connection)
        self._count += records.add(row)
        if self._count > MAX_ALL:
            for largest in sorted(self._kept.values(), key=len, reverse=True):
                self._count -= largest.clear()
                if self._count <= MAX_ALL // 2:
                    return

    def of(self, connection: int) -> WireRecords | None:
        """The records of a connection, which still count as kept; None where it had none."""
        return self._kept.get(connection)

    def drop(self, connection: int) -> None:
        """Keep nothing more of a connection."""
        records = self._kept.pop(connection, None)
        self._count -= len(records) if records is not None else 0

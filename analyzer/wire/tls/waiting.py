"""Encrypted records that wait for secrets, which a pcapng may bring after the packets that need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from analyzer.wire.tls.keylog import Keys
    from analyzer.wire.tls.records import Record

MAX_WAITING = 256 << 10
"""Bytes of those of one connection."""
MAX_WAITING_IN_ALL = 32 << 20
"""Bytes of those of all connections."""


class Delayed(NamedTuple):
    """A record of a side; `data` tells whether it is application data, for all that its size tells."""

    from_client: bool
    record: Record
    data: bool


class Waiting:
    """The records of one connection that wait. `hopeless` tells that too many did, until secrets come."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._records: list[Delayed] = []
        self.bytes = 0
        self.hopeless = False

    @property
    def useful(self) -> bool:
        """Whether secrets may still come, and there is room."""
        return self._keys.may_grow and not self.hopeless

    def add(self, delayed: Delayed) -> bool:
        """Let a record wait; False where they are too many by now."""
        self._records.append(delayed)
        self.bytes += delayed.record.length
        self._keys.waiting += delayed.record.length
        self.hopeless = self.bytes > MAX_WAITING or self._keys.waiting > MAX_WAITING_IN_ALL
        return not self.hopeless

    def take(self) -> list[Delayed]:
        """The records that waited; none waits any longer."""
        records, self._records = self._records, []
        self._keys.waiting -= self.bytes
        self.bytes = 0
        return records

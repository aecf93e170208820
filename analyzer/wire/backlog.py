"""Keeps what a connection says back until it is known what it speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire.items import WireControl, WireMessage, WireTransport
from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.items import Item

MAX_QUEUED = 1024
"""Items kept of a connection before it is known to speak OCPP."""
ITEM = 200
"""Bytes of such an item, roughly."""
TELLING = frozenset({"syn", "syn_ack", "fin", "rst", "tls"})
"""What is kept of the transport of a TLS connection: its begin, its end and its alerts, however long it lasts."""
TROUBLES = frozenset({"retransmission", "zero_window", "icmp"})
"""What is kept of it too, as long as half of the queue is free; `retransmissions` counts them all."""


class Backlog:
    """The items of one connection that wait, up to a limit; of what is encrypted those that tell of its course."""

    def __init__(self, connection: int) -> None:
        self._connection = connection
        self._items: list[Item] = []
        self._left_out = 0
        self._first_left_out: tuple[int | None, int | None] = (None, None)

    @property
    def full(self) -> bool:
        """Whether nothing more is kept."""
        return len(self._items) >= MAX_QUEUED

    @property
    def held(self) -> int:
        """Bytes of what waits, roughly."""
        return len(self._items) * ITEM

    def keep(self, item: Item, *, encrypted: bool) -> None:
        """Keep an item, or count it where there is no room."""
        kept = TELLING | TROUBLES if len(self._items) < MAX_QUEUED // 2 else TELLING
        if encrypted and isinstance(item, WireTransport) and item.kind not in kept:
            return
        if not self.full:
            self._items.append(item)
            return
        self._left_out += 1
        if self._left_out == 1 and isinstance(item, WireMessage | WireControl | WireTransport | Problem):
            self._first_left_out = item.ts, item.packet

    def release(self) -> Iterator[Item]:
        """Give what waited, and tell what there was no room for."""
        items, self._items = self._items, []
        yield from items
        if self._left_out:
            detail = f"{self._left_out} events more before it was known what it is; they are left out"
            yield Problem("events_left_out", detail, *self._first_left_out, True, self._left_out, self._connection)

"""Ended connections without OCPP: kept, within limits, until it is known whether their ends speak it elsewhere."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from analyzer.wire.conversation import Conversation
    from analyzer.wire.items import Connection, Item

MAX_ASIDE = 50_000
"""Such connections that are kept, of each sort."""
MAX_ITEMS = 400_000
"""Their items, of each sort: a TLS connection has few, however long it lasts."""
SILENT, TLS, WEBSOCKET = "attempts to connect without a byte", "TLS connections", "WebSockets without OCPP"


class Kept(NamedTuple):
    """A connection that ended, and all that is to be given of it."""

    sort: str
    connection: Connection
    items: list[Item]


class Aside:
    """Where the connections without OCPP of one capture wait for its end.

    An attempt to connect is of interest where a charger or its server may be the ends of it, whatever became of it. A
    capture may hold millions that are not, so those beyond the limit are counted and let go.
    """

    def __init__(self, ports: frozenset[int]) -> None:
        self._ports = ports
        self._servers: set[tuple[str, int]] = set()
        self._pairs: set[tuple[str, str]] = set()
        self._kept: list[Kept] = []
        self._counts: Counter[str] = Counter()
        self._sizes: Counter[str] = Counter()
        self._let_go: Counter[str] = Counter()
        self._cut_off: Counter[str] = Counter()

    def speaks_ocpp(self, connection: Connection) -> None:
        """Note that the ends of a connection speak OCPP."""
        self._servers.add((connection.server, connection.server_port))
        self._pairs.add((connection.client, connection.server))

    def count_cut_off(self, conversation: Conversation) -> None:
        """Count a connection that ended, if too little of it was captured to tell what it is."""
        if conversation.cut_off:
            self._cut_off.update(connections=1, bytes=conversation.cut_off)

    def take(self, conversation: Conversation) -> Generator[Item, None, bool]:
        """Take a connection that ended, given at once where its ends are known to speak OCPP; whether it is kept."""
        connection = conversation.connection
        if self._is_related(connection):
            yield from conversation.give_all()
            return False
        sort = TLS if connection.tls else SILENT if conversation.silent else WEBSOCKET
        if self._counts[sort] >= MAX_ASIDE or self._sizes[sort] >= MAX_ITEMS:
            self._let_go[sort] += 1
            return False
        items = list(conversation.give_all())
        self._counts[sort] += 1
        self._sizes[sort] += len(items)
        self._kept.append(Kept(sort, connection, items))
        return True

    def finish(self) -> Iterator[Item]:
        """Give what was kept, but attempts only at servers that speak WebSocket or TLS; and tell what was let go."""
        for kept in self._kept:
            if kept.sort != SILENT:
                self._servers.add((kept.connection.server, kept.connection.server_port))
        for kept in self._kept:
            if kept.sort != SILENT or self._is_related(kept.connection):
                yield from kept.items
        if self._cut_off:
            count, size = self._cut_off["connections"], self._cut_off["bytes"]
            detail = (
                f"the snap length cut off {size} bytes of {count} connections; what is left does not tell what they are"
            )
            yield Problem("cut_payload", detail, damage=True, count=count)
        for sort, count in self._let_go.items():
            detail = f"{count} more {sort} were counted and not kept: nothing tells that they are a charger's"
            # What is encrypted may be a charger's; an attempt or another protocol at a stranger is none.
            yield Problem("connections_not_kept", detail, damage=sort == TLS, count=count)

    def _is_related(self, connection: Connection) -> bool:
        return (
            (connection.server, connection.server_port) in self._servers
            or connection.server_port in self._ports
            or (connection.client, connection.server) in self._pairs
        )

"""What TLS tells of a connection: what was agreed, alerts, certificates, and the sizes of what it hides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire.items import SIDES, WireCertificate, WireTransport
from analyzer.wire.tls.alerts import Alert
from analyzer.wire.tls.heard import Chain, Sealed
from analyzer.wire.tls.shelf import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.dialogue import Dialogue, Said
    from analyzer.wire.items import Connection, Item
    from analyzer.wire.tls.session import Session
    from analyzer.wire.tls.shelf import Shelf

HTTP_2 = "h2"
"""The application protocol of most other encrypted traffic; a WebSocket of OCPP begins with HTTP/1.1 (RFC 7301)."""


class Encryption:
    """Notes on a connection what its session of TLS tells; encrypted records go to the shelf of the capture."""

    def __init__(self, connection: Connection, shelf: Shelf) -> None:
        self._connection = connection
        self._shelf = shelf
        self._alarmed: bool | None = None

    def follow(self, dialogue: Dialogue) -> bool:
        """Note what was agreed so far; whether it may be of interest: what it hides is, unless it is known to be none."""
        connection, session, within = self._connection, dialogue.tls, dialogue.within
        assert session is not None
        if connection.cipher is None or connection.decrypted != session.decrypted:
            self._agree(session)
        dull = within is not None and within.stage == "dull" and connection.method is None
        return not dull and session.agreed.protocol != HTTP_2

    def _agree(self, session: Session) -> None:
        connection, agreed = self._connection, session.agreed
        connection.tls, connection.tls_version, connection.cipher = True, agreed.version, agreed.cipher
        connection.server_name, connection.decrypted = agreed.server_name, session.decrypted

    def take(self, said: Said) -> Iterator[Item]:
        """Take an alert, certificates, or an encrypted record."""
        number, (side, what, ts, packet) = self._connection.number, said
        if isinstance(what, Sealed):
            self.seal(what.bytes, ts, packet, from_client=side)
        elif isinstance(what, Alert):
            self._alarmed = side if what.fatal and self._alarmed is None else self._alarmed
            yield WireTransport(number, "tls", side, ts, packet, 0, str(what))
        elif isinstance(what, Chain):
            for position, certificate in enumerate(what.certificates):
                yield WireCertificate(number, side, position, certificate, ts, packet)

    def seal(self, size: int, ts: int, packet: int, *, from_client: bool) -> None:
        """Take an encrypted record."""
        self._shelf.add(self._connection.number, Row(from_client, size, ts, packet))

    def end(self, session: Session) -> None:
        """Note what TLS told to its end; where it failed to begin, its first fatal alert tells who ended it."""
        connection = self._connection
        self._agree(session)
        if session.failed and connection.end_kind in {"fin", "rst"}:
            connection.end_kind = "tls"
            connection.end_side = connection.end_side if self._alarmed is None else SIDES[self._alarmed]

    def records(self) -> Iterator[Item]:
        """The encrypted records; of those that were not kept their number."""
        records = self._shelf.of(self._connection.number)
        if records is not None:
            yield records

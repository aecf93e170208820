"""Tells handshake from data where neither can be decrypted: by kinds, sizes and order of the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire.tls.hello import TLS13
from analyzer.wire.tls.records import APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE

if TYPE_CHECKING:
    from analyzer.wire.tls.records import Record

ALERT_SIZE = 2 + 1 + 16
"""Bytes of an encrypted alert of TLS 1.3: the alert, its kind, and the tag."""
FINISHED_SIZES = frozenset({4 + 32 + 1 + 16, 4 + 48 + 1 + 16, 4 + 32 + 1 + 8})
"""Bytes of an encrypted Finished of TLS 1.3, by its hash and tag, if it has a record of its own."""


class Flight:
    """How far a handshake has come, for all that its records tell. `over` tells that both sides have finished it.

    In TLS 1.3 the records of the handshake look like data. The server's are those before the client's first one; the
    client's go on to one of the size of Finished, or until the server speaks again; and a server that speaks before
    the client sends tickets (RFC 8446 2, 4.6.1).
    """

    def __init__(self) -> None:
        self.over = False
        self._changed = {True: False, False: False}
        self._finished = {True: False, False: False}
        self._client_sent = 0
        self._client_data = 0
        self._answers = 0
        self._only_alert = False

    @property
    def failed(self) -> bool:
        """Whether the handshake came to no end; a client that showed a certificate may be told so behind its own."""
        return not self.over or self._only_alert

    def take(self, record: Record, version: int | None, *, from_client: bool) -> bool:
        """Take the next record, in clear or not; whether it is encrypted application data, as best as can be told."""
        if record.kind == CHANGE_CIPHER_SPEC:
            self._changed[from_client] = True
        elif record.kind == HANDSHAKE and self._changed[from_client] and version != TLS13:
            self._finished[from_client] = True
            self.over = self.over or all(self._finished.values())
        elif record.kind == APPLICATION_DATA:
            if version != TLS13:
                self.over = True
                return True
            return self._take_client(record) if from_client else self._take_server(record)
        return False

    def _take_client(self, record: Record) -> bool:
        if self._finished[True]:
            self._client_data += record.length != ALERT_SIZE
            return record.length != ALERT_SIZE
        self._client_sent += 1
        self._finished[True] = record.length in FINISHED_SIZES
        self.over = self.over or record.length != ALERT_SIZE
        return False

    def _take_server(self, record: Record) -> bool:
        if not self._client_sent:
            return False
        self._answers += 1
        showed_certificate = self._client_sent > 1 or not self._finished[True]
        self._only_alert = self._answers == 1 and record.length == ALERT_SIZE and showed_certificate
        self._finished[True] = True
        return record.length != ALERT_SIZE and self._client_data > 0

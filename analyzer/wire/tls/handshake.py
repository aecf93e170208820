"""Puts the messages of a handshake together from the records of one direction (RFC 8446 4, 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_SESSION_TICKET, END_OF_EARLY_DATA, ENCRYPTED_EXTENSIONS, CERTIFICATE = 4, 5, 8, 11
SERVER_HELLO_DONE, CLIENT_KEY_EXCHANGE, FINISHED, KEY_UPDATE = 14, 16, 20, 24
KINDS = frozenset({0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 67, 254})
MAX_MESSAGE = 128 << 10
"""Bytes of one message: a chain of certificates is the longest, some tens of KiB."""


class Handshake(NamedTuple):
    """One message; `raw` is all of it, `content` what follows its header."""

    kind: int
    content: bytes
    raw: bytes


class Messages:
    """The handshake messages of one direction."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of a message."""
        return len(self._data)

    def lose(self) -> None:
        """Take note that a part is missing: the next record is taken to begin with a message."""
        self._data.clear()

    def feed(self, body: bytes) -> Iterator[Handshake]:
        """Take the content of the next record; what is no message, or too long for one, is dropped."""
        data = self._data
        data += body
        at = 0
        while len(data) >= at + 4:
            end = at + 4 + int.from_bytes(data[at + 1 : at + 4], "big")
            if data[at] not in KINDS or end - at > MAX_MESSAGE:
                at = len(data)
                break
            if end > len(data):
                break
            raw = bytes(data[at:end])
            yield Handshake(raw[0], raw[4:], raw)
            at = end
        del data[:at]

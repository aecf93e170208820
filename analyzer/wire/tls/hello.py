"""Reads the two hellos, in which client and server say what they can and agree on (RFC 8446 4.1, RFC 5246 7.4.1)."""

from __future__ import annotations

from typing import NamedTuple

from analyzer.wire.tls.records import HANDSHAKE, looks_like_tls

CLIENT_HELLO, SERVER_HELLO = 1, 2
TLS12, TLS13 = 0x0303, 0x0304
VERSIONS = {0x0300: "SSL 3.0", 0x0301: "1.0", 0x0302: "1.1", TLS12: "1.2", TLS13: "1.3"}
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a ServerHello that asks for another ClientHello (RFC 8446 4.1.3)."""
SERVER_NAME, ALPN, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET = 0, 16, 22, 23
SESSION_TICKET, EARLY_DATA, SUPPORTED_VERSIONS = 35, 42, 43
MAX_SUITES = 512
"""Cipher suites of one offer that are kept."""


class ClientHello(NamedTuple):
    """What a client offers; the ticket is of TLS 1.2."""

    random: bytes
    session: bytes
    suites: tuple[int, ...]
    server_name: str | None
    protocols: tuple[str, ...]
    ticket: bytes


class ServerHello(NamedTuple):
    """What a server chose; `retry` tells that it asks for another ClientHello."""

    version: int
    random: bytes
    session: bytes
    suite: int
    protocol: str | None
    encrypt_then_mac: bool
    extended: bool
    retry: bool


class Cursor:
    """A place in the bytes of a message; reading past its end raises a ValueError."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes behind the place."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """The next bytes."""
        if count > self.left:
            raise ValueError("the message ends inside a field")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, size: int) -> int:
        """The next bytes as a number."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """The next bytes, whose length stands before them."""
        return self.take(self.number(size))


def hello_side(data: bytes) -> str | None:
    """The side that begins like this: `client` or `server` by its hello, else None."""
    if not looks_like_tls(data) or data[0] != HANDSHAKE or len(data) < 6:
        return None
    return {CLIENT_HELLO: "client", SERVER_HELLO: "server"}.get(data[5])


def parse_client_hello(content: bytes) -> ClientHello | None:
    """A ClientHello without the header of its message, None where it is none."""
    try:
        cursor = Cursor(content)
        cursor.take(2)
        random, session, offered = cursor.take(32), cursor.vector(1), cursor.vector(2)
        cursor.vector(1)
        told = extensions(cursor)
        pairs = range(0, min(len(offered), 2 * MAX_SUITES) - 1, 2)
        suites = tuple(int.from_bytes(offered[at : at + 2], "big") for at in pairs)
        return ClientHello(
            random,
            session,
            suites,
            _server_name(told.get(SERVER_NAME)),
            protocols(told.get(ALPN)),
            told.get(SESSION_TICKET, b""),
        )
    except ValueError:
        return None


def parse_server_hello(content: bytes) -> ServerHello | None:
    """A ServerHello without the header of its message, None where it is none."""
    try:
        cursor = Cursor(content)
        version, random, session, suite = cursor.number(2), cursor.take(32), cursor.vector(1), cursor.number(2)
        cursor.take(1)
        told = extensions(cursor)
        chosen = told.get(SUPPORTED_VERSIONS, b"")
        return ServerHello(
            int.from_bytes(chosen, "big") if len(chosen) == 2 else version,
            random,
            session,
            suite,
            next(iter(protocols(told.get(ALPN))), None),
            ENCRYPT_THEN_MAC in told,
            EXTENDED_MASTER_SECRET in told,
            random == RETRY,
        )
    except ValueError:
        return None


def extensions(cursor: Cursor) -> dict[int, bytes]:
    """The extensions at the end of a message by their kinds; none where it ends before them."""
    found: dict[int, bytes] = {}
    if cursor.left:
        inner = Cursor(cursor.vector(2))
        while inner.left:
            kind = inner.number(2)
            found[kind] = inner.vector(2)
    return found


def _server_name(data: bytes | None) -> str | None:
    if not data:
        return None
    names = Cursor(Cursor(data).vector(2))
    kind, name = names.number(1), names.vector(2)
    return name.decode("ascii", "replace") if kind == 0 else None


def protocols(data: bytes | None) -> tuple[str, ...]:
    """The application protocols of an extension, none without it (RFC 7301 3.1)."""
    if not data:
        return ()
    listed, found = Cursor(Cursor(data).vector(2)), []
    while listed.left:
        found.append(listed.vector(1).decode("ascii", "replace"))
    return tuple(found)

"""What the messages of the handshake agree on: version, suite, names, certificates and the way to the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire.tls import handshake
from analyzer.wire.tls.certificates import Certificate, chain
from analyzer.wire.tls.hello import (
    ALPN,
    CLIENT_HELLO,
    EARLY_DATA,
    SERVER_HELLO,
    TLS13,
    VERSIONS,
    Cursor,
    extensions,
    parse_client_hello,
    parse_server_hello,
    protocols,
)
from analyzer.wire.tls.secrets import SessionSecrets
from analyzer.wire.tls.suites import name_of

if TYPE_CHECKING:
    from analyzer.wire.tls.handshake import Handshake
    from analyzer.wire.tls.hello import ClientHello
    from analyzer.wire.tls.keylog import Keys

MAX_CERTIFICATES = 20
"""Certificates of one connection that are told."""


class Negotiation:
    """What client and server agreed on so far. What is not seen or not agreed yet is None.

    Attributes:
        number: The version in force as it stands in a hello.
        cipher: The name of the cipher suite.
        server_name: The name of the server that the client asked for.
        offered: The application protocols that the client offered.
        protocol: The application protocol that the server chose.
        early_accepted: Whether the server takes early data.
        finished: The sides whose Finished was read in what was decrypted.
    """

    def __init__(self, keys: Keys) -> None:
        self.secrets = SessionSecrets(keys)
        self.number: int | None = None
        self.cipher: str | None = None
        self.server_name: str | None = None
        self.offered: tuple[str, ...] = ()
        self.protocol: str | None = None
        self.early_accepted: bool | None = None
        self.finished: set[bool] = set()
        self._certificates = MAX_CERTIFICATES

    @property
    def version(self) -> str | None:
        """The version in force, such as `1.3`."""
        return None if self.number is None else VERSIONS.get(self.number, f"0x{self.number:04X}")

    def settle(self, number: int, suite: int) -> None:
        """Note the version and the suite in force."""
        self.number, self.cipher = number, name_of(suite)

    def read(self, message: Handshake, *, from_client: bool, encrypted: bool) -> list[Certificate]:
        """Take a message of the handshake; the certificates that it shows."""
        kind, content, raw = message
        if kind == CLIENT_HELLO and from_client:
            hello = parse_client_hello(content)
            if hello is not None:
                self._take_client_hello(hello, raw)
        elif kind == SERVER_HELLO and not from_client:
            self._take_server_hello(content, raw)
        elif not encrypted:
            self.secrets.take_message(raw, from_client=from_client)
        if kind == handshake.CERTIFICATE:
            shown = chain(content, tls13=self.number == TLS13)[: self._certificates]
            self._certificates -= len(shown)
            return shown
        if kind == handshake.CLIENT_KEY_EXCHANGE and from_client:
            self.secrets.take_key_exchange(content)
        elif kind == handshake.NEW_SESSION_TICKET and not from_client and self.number != TLS13:
            self.secrets.take_ticket(content)
        elif kind == handshake.ENCRYPTED_EXTENSIONS and not from_client:
            self._take_extensions(content)
        elif kind == handshake.FINISHED and encrypted:
            self.finished.add(from_client)
            self.secrets.learn()
        return []

    def _take_client_hello(self, hello: ClientHello, raw: bytes) -> None:
        self.secrets.take_client_hello(hello, raw)
        self.server_name, self.offered = hello.server_name, hello.protocols

    def _take_server_hello(self, content: bytes, raw: bytes) -> None:
        hello = parse_server_hello(content)
        if hello is not None:
            self.secrets.take_server_hello(hello, raw)
            self.settle(hello.version, hello.suite)
            self.protocol = hello.protocol

    def _take_extensions(self, content: bytes) -> None:
        """Note what the server of TLS 1.3 says encrypted (RFC 8446 4.3.1)."""
        try:
            told = extensions(Cursor(content))
            self.early_accepted = EARLY_DATA in told
            self.protocol = next(iter(protocols(told.get(ALPN))), None)
        except ValueError:
            return

"""Finds the keys of one session: by its hellos, and where one of them was lost by trying (RFC 8446 7, RFC 5246 8.1)."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.tls import keylog
from analyzer.wire.tls.derivation import extended_master_secret, master_secret
from analyzer.wire.tls.hello import TLS12, TLS13
from analyzer.wire.tls.phases import phases_12, phases_13
from analyzer.wire.tls.suites import TLS13_SUITES, suite_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.tls.hello import ClientHello, ServerHello
    from analyzer.wire.tls.keylog import Keys
    from analyzer.wire.tls.phases import Phase

MAX_STRANGERS = 2_000
"""Sessions of the key log that are tried on a connection whose ClientHello was not captured."""

MAX_SAID = 16
"""Messages of one side before the keys: a full handshake has four."""


class Candidate(NamedTuple):
    """Who a session may be, and the phases of one direction then."""

    random: bytes
    suite: int
    phases: list[Phase]


class SessionSecrets:
    """What is known of one session: its hellos, and its master secret where the handshake tells it."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self.random: bytes | None = None
        self.suite: int | None = None
        self.client: ClientHello | None = None
        self.server: ServerHello | None = None
        self._master: bytes | None = None
        self._transcript: dict[bool, list[bytes]] = {True: [], False: []}

    def take_client_hello(self, hello: ClientHello, raw: bytes) -> None:
        """Note what the client offers; a second one follows a request to retry, or renegotiates."""
        self.client, self.random = hello, hello.random
        self._master = None
        self._transcript = {True: [], False: []}
        self.take_message(raw, from_client=True)

    def take_server_hello(self, hello: ServerHello, raw: bytes) -> None:
        """Note what the server chose."""
        self.suite = hello.suite
        self.server = None if hello.retry else hello
        self._transcript[False] = []
        self.take_message(raw, from_client=False)

    def take_message(self, raw: bytes, *, from_client: bool) -> None:
        """Note another message in clear: the master secret may cover it (RFC 7627 3)."""
        said = self._transcript[from_client]
        if self._keys.knows_premasters and len(said) < MAX_SAID:
            said.append(raw)

    def take_key_exchange(self, content: bytes) -> None:
        """Take what the client sent encrypted to the server's RSA key: the key log may name it by its first bytes."""
        hello, suite = self.server, suite_of(self.suite or 0)
        if hello is None or suite is None or self.random is None or hello.version > TLS12:
            return
        premaster = self._keys.secret(keylog.PREMASTER, content[2:10])
        if premaster is None:
            return
        if hello.extended:
            client, server = self._transcript[True], self._transcript[False]
            said = b"".join([*client[:1], *server, *client[1:]])
            digest = hashlib.new(suite.digest, said).digest()
            self._master = extended_master_secret(premaster, digest, suite.digest)
        else:
            self._master = master_secret(premaster, self.random + hello.random, suite.digest)

    def take_ticket(self, content: bytes) -> None:
        """Note that a ticket stands for this session (RFC 5077 3.3)."""
        master = self._master_secret()
        if master is not None and len(content) > 6:
            self._keys.learn(_short(content[6:]), master)

    def learn(self) -> None:
        """Note the session's master secret for those that resume it by its id."""
        master = self._master_secret()
        if master is not None and self.server is not None and self.server.session:
            self._keys.learn(self.server.session, master)

    def candidates(self, *, from_client: bool) -> Iterator[Candidate]:
        """Who the session may be: the only one where both hellos are known, else those that may fit."""
        if self.server is not None and self.server.version < TLS13:
            yield from self._candidates_12(self.server, from_client=from_client)
            return
        known = (self.suite,) if self.suite is not None else self.client.suites if self.client else TLS13_SUITES
        offered = self.client.suites if self.client is not None else TLS13_SUITES
        for random in self._randoms():
            for code in known:
                suite = suite_of(code) if code in TLS13_SUITES else None
                if suite is None:
                    continue
                phases = phases_13(self._keys, random, suite, from_client=from_client, offered=offered)
                if phases:
                    yield Candidate(random, code, phases)

    @property
    def certain(self) -> bool:
        """Whether there is no more than one candidate."""
        return self.random is not None and self.suite is not None

    @property
    def known(self) -> bool:
        """Whether the master secret of TLS 1.2 is known."""
        return self._master_secret() is not None

    def _candidates_12(self, hello: ServerHello, *, from_client: bool) -> Iterator[Candidate]:
        if hello.version != TLS12:
            return
        for random in self._randoms():
            master = self._master_secret(random)
            phases = [] if master is None else phases_12(master, random, hello, from_client=from_client)
            if phases:
                yield Candidate(random, hello.suite, phases)

    def _randoms(self) -> Iterator[bytes]:
        if self.random is not None:
            return iter((self.random,))
        return islice(self._keys.randoms, MAX_STRANGERS)

    def _master_secret(self, random: bytes | None = None) -> bytes | None:
        """The master secret of TLS 1.2: as the key log or the key exchange tells it, or of the session resumed."""
        random = random or self.random
        given = self._keys.secret(keylog.MASTER_SECRET, random) if random is not None else None
        return given or self._master or self._resumed()

    def _resumed(self) -> bytes | None:
        client, server = self.client, self.server
        if server is None or not server.session:
            return None
        if client is None or client.session != server.session:
            return self._keys.secret(keylog.SESSION, server.session)
        by_ticket = self._keys.master(_short(client.ticket)) if client.ticket else None
        return by_ticket or self._keys.master(server.session)


def _short(ticket: bytes) -> bytes:
    """What stands for a ticket, which may be long."""
    return hashlib.sha256(ticket).digest()

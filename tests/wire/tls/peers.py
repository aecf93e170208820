"""Two ends of TLS that talk to each other in memory, and what a key log and a wiretap have of it."""

from __future__ import annotations

import contextlib
import functools
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from analyzer.wire.problems import Problem
from analyzer.wire.tls.alerts import Alert
from analyzer.wire.tls.heard import Heard, Plain
from analyzer.wire.tls.keylog import KeyLog, Keys
from analyzer.wire.tls.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_ENCRYPT_THEN_MAC, NO_EXTENDED_MASTER_SECRET = 1 << 19, 1 << 0
"""Options of OpenSSL, for which Python has no names."""
NAME = "csms.example"


class Chunk(NamedTuple):
    """Bytes of one side, as they went over the wire together."""

    from_client: bool
    data: bytes


@functools.cache
def identity(kind: str) -> bytes:
    """A private key and a certificate of it, in PEM."""
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=3650))
    alternative = x509.SubjectAlternativeName([x509.DNSName(NAME)])
    certificate = builder.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def contexts(
    *, version: str = "1.3", ciphers: str = "", kind: str = "rsa", options: int = 0, trusted: bool = True
) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of server and client."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with TemporaryDirectory() as folder:
        chain = Path(folder, "chain.pem")
        chain.write_bytes(identity(kind))
        server.load_cert_chain(chain)
    if trusted:
        client.load_verify_locations(cadata=identity(kind)[identity(kind).index(b"-----BEGIN CERT") :].decode())
    for context in (server, client):
        chosen = ssl.TLSVersion.TLSv1_3 if version == "1.3" else ssl.TLSVersion.TLSv1_2
        context.minimum_version = context.maximum_version = chosen
        context.options |= options
        if ciphers:
            context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return server, client


@dataclass
class Peers:
    """A client and a server; `chunks` are what went over the wire, `secrets` the key log, `said` the plaintext."""

    server_context: ssl.SSLContext
    client_context: ssl.SSLContext
    session: ssl.SSLSession | None = None
    chunks: list[Chunk] = field(default_factory=list)
    said: list[Chunk] = field(default_factory=list)
    secrets: bytes = b""

    def __post_init__(self) -> None:
        self._folder = TemporaryDirectory()
        path = Path(self._folder.name, "keys")
        self.client_context.keylog_filename = str(path)
        self._shake_hands()
        self.secrets = path.read_bytes() if path.exists() else b""
        self._folder.cleanup()
        self.client_context.keylog_filename = None  # type: ignore[assignment]

    def _shake_hands(self) -> None:
        # What one end writes the other reads; the wiretap looks at it in between.
        client_in, server_in = ssl.MemoryBIO(), ssl.MemoryBIO()
        client_out, server_out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = self.client_context.wrap_bio(client_in, client_out, server_hostname=NAME, session=self.session)
        self.server = self.server_context.wrap_bio(server_in, server_out, server_side=True)
        self._in, self._out = {True: server_in, False: client_in}, {True: client_out, False: server_out}
        for _ in range(6):
            for from_client, end in ((True, self.client), (False, self.server)):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                except ssl.SSLError:
                    self._carry(from_client=from_client)
                    return
                self._carry(from_client=from_client)

    def _carry(self, *, from_client: bool) -> None:
        data = self._out[from_client].read()
        if data:
            self.chunks.append(Chunk(from_client, data))
            self._in[from_client].write(data)

    def say(self, from_client: bool, data: bytes) -> None:
        """Send data from one end to the other."""
        end, other = (self.client, self.server) if from_client else (self.server, self.client)
        end.write(data)
        self._carry(from_client=from_client)
        assert other.read(len(data) + 1) == data
        self.said.append(Chunk(from_client, data))

    def leave(self, from_client: bool) -> None:
        """Say close_notify."""
        end = self.client if from_client else self.server
        with contextlib.suppress(ssl.SSLWantReadError):
            end.unwrap()
        self._carry(from_client=from_client)

    def talk(self, count: int = 6) -> None:
        """Say some things both ways."""
        for number in range(count):
            self.say(number % 2 == 0, f"message {number} ".encode() * (number + 1))


def heard(chunks: Iterable[Chunk], secrets: bytes = b"", keys: Keys | None = None) -> list[Heard]:
    """All that a session gives of these bytes."""
    session, found = Session(Keys(KeyLog(secrets)) if keys is None else keys), list[Heard]()
    for number, chunk in enumerate(chunks, 1):
        found += session.feed(chunk.data, number * 1000, number, from_client=chunk.from_client)
    return [*found, *session.finish()]


def plain(found: Iterable[Heard]) -> list[Chunk]:
    """What was decrypted."""
    return [Chunk(each.from_client, each.what.data) for each in found if isinstance(each.what, Plain)]


def cut(chunks: Iterable[Chunk], size: int) -> list[Chunk]:
    """The same bytes in smaller pieces."""
    return [Chunk(side, data[at : at + size]) for side, data in chunks for at in range(0, len(data), size)]


@functools.cache
def talked(version: str, ciphers: str = "", options: int = 0) -> Peers:
    """Peers that said six things and left."""
    peers = Peers(*contexts(version=version, ciphers=ciphers, options=options))
    peers.talk()
    peers.leave(from_client=True)
    peers.leave(from_client=False)
    return peers


def alerts(found: list[Heard]) -> list[tuple[bool, str]]:
    return [(each.from_client, str(each.what)) for each in found if isinstance(each.what, Alert)]


def kinds(found: list[Heard]) -> list[str]:
    return [each.what.kind for each in found if isinstance(each.what, Problem)]

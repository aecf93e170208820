"""Takes the encryption off a record (RFC 5246 6.2.3, RFC 7366, RFC 7905, RFC 6655, RFC 8446 5.2)."""

from __future__ import annotations

import hmac
import struct
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305

from analyzer.wire.tls.derivation import Keys12, expand_label

if TYPE_CHECKING:
    from analyzer.wire.tls.records import Record
    from analyzer.wire.tls.suites import Suite

BLOCK = 16
"""Bytes of a block of AES, and of the IV before it."""
EXPLICIT = 8
"""Bytes of the nonce that GCM and CCM of TLS 1.2 send with each record."""
NONCE = 12


class Content(NamedTuple):
    """What a record held: the kind of its content, and the content."""

    kind: int
    data: bytes


class Protection(Protocol):
    """The keys of one direction."""

    def open(self, record: Record, sequence: int) -> Content | None:
        """What a record holds as the one of this sequence number; None where it is not that."""


class Authenticated13:
    """Authenticated encryption in TLS 1.3: the kind of the content stands behind it, before the padding (5.2)."""

    def __init__(self, suite: Suite, secret: bytes) -> None:
        self._cipher = _authenticated(suite, expand_label(secret, b"key", suite.key, suite.digest))
        self._iv = expand_label(secret, b"iv", NONCE, suite.digest)

    def open(self, record: Record, sequence: int) -> Content | None:
        """What a record holds as the one of this sequence number; None where it is not that."""
        assert record.body is not None
        header = struct.pack("!BHH", record.kind, record.version, record.length)
        inner = _decrypt(self._cipher, _nonce(self._iv, sequence), record.body, header)
        content = None if inner is None else inner.rstrip(b"\0")
        return Content(content[-1], content[:-1]) if content else None


class Authenticated12:
    """Authenticated encryption in TLS 1.2; GCM and CCM send a part of the nonce, ChaCha20 counts it."""

    def __init__(self, suite: Suite, keys: Keys12) -> None:
        self._cipher = _authenticated(suite, keys.key)
        self._iv = keys.iv
        self._tag = suite.tag
        self._explicit = 0 if suite.kind == "chacha" else EXPLICIT

    def open(self, record: Record, sequence: int) -> Content | None:
        """What a record holds as the one of this sequence number; None where it is not that."""
        assert record.body is not None
        length = record.length - self._explicit - self._tag
        if length < 0:
            return None
        sent = record.body[: self._explicit]
        nonce = self._iv + sent if self._explicit else _nonce(self._iv, sequence)
        header = struct.pack("!QBHH", sequence, record.kind, record.version, length)
        data = _decrypt(self._cipher, nonce, record.body[self._explicit :], header)
        return None if data is None else Content(record.kind, data)


class Chained12:
    """AES in CBC mode with a MAC, before or after the encryption (RFC 5246 6.2.3.2, RFC 7366)."""

    def __init__(self, suite: Suite, keys: Keys12, *, encrypt_then_mac: bool) -> None:
        self._mac, self._digest = keys.mac, suite.mac
        self._size = len(keys.mac)
        self._algorithm = algorithms.AES(keys.key)
        self._mac_last = encrypt_then_mac
        self._decrypted: tuple[bytes, bytes | None] = (b"", None)

    def open(self, record: Record, sequence: int) -> Content | None:
        """What a record holds as the one of this sequence number; None where it is not that."""
        assert record.body is not None
        body = record.body
        if self._mac_last:
            body, tag = body[: -self._size], body[-self._size :]
            if not hmac.compare_digest(tag, self._tag(record, sequence, body)):
                return None
            content = self._decrypt(body)
            return None if content is None else Content(record.kind, content)
        content = self._decrypt(body)
        if content is None or len(content) < self._size:
            return None
        content, tag = content[: -self._size], content[-self._size :]
        return Content(record.kind, content) if hmac.compare_digest(tag, self._tag(record, sequence, content)) else None

    def _tag(self, record: Record, sequence: int, data: bytes) -> bytes:
        header = struct.pack("!QBHH", sequence, record.kind, record.version, len(data))
        return hmac.digest(self._mac, header + data, self._digest)

    def _decrypt(self, body: bytes) -> bytes | None:
        """The content without its padding; the last one is remembered, for other sequence numbers are tried with it."""
        if self._decrypted[0] == body:
            return self._decrypted[1]
        content = None
        if len(body) >= 2 * BLOCK and len(body) % BLOCK == 0:
            decryptor = Cipher(self._algorithm, modes.CBC(body[:BLOCK])).decryptor()
            padded = decryptor.update(body[BLOCK:]) + decryptor.finalize()
            padding = padded[-1] + 1
            if padding <= len(padded) and padded.endswith(bytes([padded[-1]]) * padding):
                content = padded[:-padding]
        self._decrypted = body, content
        return content


def _authenticated(suite: Suite, key: bytes) -> AESGCM | AESCCM | ChaCha20Poly1305:
    if suite.kind == "gcm":
        return AESGCM(key)
    return AESCCM(key, suite.tag) if suite.kind == "ccm" else ChaCha20Poly1305(key)


def _nonce(iv: bytes, sequence: int) -> bytes:
    return (int.from_bytes(iv, "big") ^ sequence).to_bytes(NONCE, "big")


def _decrypt(cipher: AESGCM | AESCCM | ChaCha20Poly1305, nonce: bytes, data: bytes, header: bytes) -> bytes | None:
    try:
        return cipher.decrypt(nonce, data, header)
    except (InvalidTag, ValueError):
        return None

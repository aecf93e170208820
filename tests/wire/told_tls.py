"""Decrypts a whole connection of TLS 1.2 or 1.3 with AES-256-GCM and SHA-384, independently of the analyzer."""

from __future__ import annotations

import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

APPLICATION_DATA, CHANGE_CIPHER_SPEC = 23, 20
RANDOM = slice(11, 43)
"""Where the random stands in the record of a hello (RFC 8446, 4.1.2)."""


class Reader:
    """Reads the records of one side in their order."""

    def __init__(self, streams: dict[bool, bytes], secrets: bytes, *, from_station: bool) -> None:
        self._number = 0
        self._encrypted = False
        master = _secret(secrets, b"CLIENT_RANDOM ")
        self._is_12 = master is not None
        if master is None:
            side = b"CLIENT" if from_station else b"SERVER"
            secret = _secret(secrets, side + b"_TRAFFIC_SECRET_0 ") or b""
            key, iv = _expand(secret, b"key", 32), _expand(secret, b"iv", 12)
        else:
            seed = b"key expansion" + streams[False][RANDOM] + streams[True][RANDOM]
            block = _pseudorandom(master, seed, 72)
            key, iv = (block[:32], block[64:68]) if from_station else (block[32:64], block[68:72])
        self._key, self._iv = AESGCM(key), iv

    def read(self, record: bytes) -> bytes:
        """The application data of a record; nothing of those of the handshake and of alerts."""
        if record[0] == CHANGE_CIPHER_SPEC:
            self._encrypted = True
            return b""
        try:
            kind, content = self._open_12(record) if self._is_12 else self._open_13(record)
        except (InvalidTag, ValueError):
            return b""  # of the handshake, which is not encrypted yet or has other keys
        self._number += 1
        return content if kind == APPLICATION_DATA else b""

    def _open_12(self, record: bytes) -> tuple[int, bytes]:
        """RFC 5288, 3: the record brings a part of its nonce."""
        if not self._encrypted:
            raise ValueError
        length = len(record) - 5 - 8 - 16
        known = struct.pack("!Q3sH", self._number, record[:3], length)
        return record[0], self._key.decrypt(self._iv + record[5:13], record[13:], known)

    def _open_13(self, record: bytes) -> tuple[int, bytes]:
        """RFC 8446, 5.2: the kind of the content is its last byte."""
        nonce = (int.from_bytes(self._iv, "big") ^ self._number).to_bytes(12, "big")
        content = self._key.decrypt(nonce, record[5:], record[:5]).rstrip(b"\0")
        return content[-1], content[:-1]


def _secret(secrets: bytes, label: bytes) -> bytes | None:
    """The first secret of a label in a key log."""
    lines = (line for line in secrets.splitlines() if line.startswith(label))
    return next((bytes.fromhex(line.split()[2].decode()) for line in lines), None)


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label of TLS_AES_256_GCM_SHA384 (RFC 8446, 7.1)."""
    info = struct.pack("!HB", length, 6 + len(label)) + b"tls13 " + label + b"\0"
    return HKDFExpand(hashes.SHA384(), length, info).derive(secret)


def _pseudorandom(secret: bytes, seed: bytes, length: int) -> bytes:
    """The pseudorandom function with SHA-384 (RFC 5246, 5)."""
    made, chained = b"", seed
    while len(made) < length:
        chained = hmac.digest(secret, chained, hashlib.sha384)
        made += hmac.digest(secret, chained + seed, hashlib.sha384)
    return made[:length]

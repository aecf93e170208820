"""Derives keys: the pseudorandom function of TLS 1.2 and HKDF-Expand of TLS 1.3 (RFC 5246 5, RFC 8446 7)."""

from __future__ import annotations

import hmac
from typing import NamedTuple

MASTER = 48
"""Bytes of a master secret."""


class Keys12(NamedTuple):
    """The keys of one direction in TLS 1.2."""

    mac: bytes
    key: bytes
    iv: bytes


def pseudorandom(secret: bytes, label: bytes, seed: bytes, size: int, digest: str) -> bytes:
    """The pseudorandom function of TLS 1.2 (RFC 5246 5)."""
    seed = label + seed
    block, made = seed, b""
    while len(made) < size:
        block = hmac.digest(secret, block, digest)
        made += hmac.digest(secret, block + seed, digest)
    return made[:size]


def master_secret(premaster: bytes, randoms: bytes, digest: str) -> bytes:
    """The master secret of the two randoms, the client's first (RFC 5246 8.1)."""
    return pseudorandom(premaster, b"master secret", randoms, MASTER, digest)


def extended_master_secret(premaster: bytes, session_hash: bytes, digest: str) -> bytes:
    """The master secret that is bound to the handshake (RFC 7627 4)."""
    return pseudorandom(premaster, b"extended master secret", session_hash, MASTER, digest)


def key_block(
    master: bytes, client_random: bytes, server_random: bytes, sizes: tuple[int, int, int], digest: str
) -> tuple[Keys12, Keys12]:
    """The keys of client and server; `sizes` are the bytes of MAC key, key and IV (RFC 5246 6.3)."""
    block = pseudorandom(master, b"key expansion", server_random + client_random, 2 * sum(sizes), digest)
    parts, at = [], 0
    for size in sizes:
        for _ in range(2):
            parts.append(block[at : at + size])
            at += size
    return Keys12(*parts[0::2]), Keys12(*parts[1::2])


def expand_label(secret: bytes, label: bytes, size: int, digest: str) -> bytes:
    """HKDF-Expand-Label without context (RFC 8446 7.1). One block of the hash is enough for all that TLS takes."""
    full = b"tls13 " + label
    info = size.to_bytes(2, "big") + bytes([len(full)]) + full + b"\0"
    return hmac.digest(secret, info + b"\1", digest)[:size]


def next_secret(secret: bytes, digest: str) -> bytes:
    """The traffic secret that follows a key update (RFC 8446 7.2)."""
    return expand_label(secret, b"traffic upd", len(secret), digest)

"""Cipher suites: their names as IANA registers them, and what the names say of the keys (RFC 5246 A.5, RFC 8446 B.4)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import NamedTuple

AEAD_PARTS = {
    "AES_128_GCM": ("gcm", 16, 16), "AES_256_GCM": ("gcm", 32, 16), "CHACHA20_POLY1305": ("chacha", 32, 16),
    "AES_128_CCM_8": ("ccm", 16, 8), "AES_256_CCM_8": ("ccm", 32, 8),
    "AES_128_CCM": ("ccm", 16, 16), "AES_256_CCM": ("ccm", 32, 16),
}  # fmt: skip
"""Authenticated encryption: its kind, the bytes of its key and of its tag; longer names first."""
CBC_KEYS = {"AES_128_CBC": 16, "AES_256_CBC": 32}
MAC_SIZES = {"SHA": 20, "SHA256": 32, "SHA384": 48}
TLS13_SUITES = (0x1301, 0x1302, 0x1303, 0x1304, 0x1305)


class Suite(NamedTuple):
    """What a suite takes: `kind` is gcm, chacha, ccm or cbc; `tag` bytes of a tag, `mac` the hash of CBC's MAC.

    `digest` is the hash that keys are derived with: sha256 or sha384.
    """

    name: str
    kind: str
    key: int
    tag: int
    mac: str
    digest: str

    @property
    def digest_size(self) -> int:
        """Bytes of the derivation's hash, and in TLS 1.3 of a secret."""
        return 48 if self.digest == "sha384" else 32


@functools.cache
def names() -> dict[int, str]:
    """The names of all registered suites."""
    lines = Path(__file__).with_name("suites.tsv").read_text(encoding="ascii").splitlines()
    return {int(code, 16): name for code, _, name in (line.partition("\t") for line in lines) if name}


def name_of(code: int) -> str:
    """The name of a suite, its number where it has none."""
    return names().get(code, f"0x{code:04X}")


@functools.cache
def suite_of(code: int) -> Suite | None:
    """What a suite takes, None where it cannot be decrypted here."""
    name = names().get(code, "")
    cipher = name.partition("_WITH_")[2] or name.removeprefix("TLS_")
    digest = "sha384" if cipher.endswith("SHA384") else "sha256"
    for part, (kind, key, tag) in AEAD_PARTS.items():
        if cipher.startswith(part):
            return Suite(name, kind, key, tag, "", digest)
    part, _, mac = cipher.rpartition("_")
    if part in CBC_KEYS and mac in MAC_SIZES:
        return Suite(name, "cbc", CBC_KEYS[part], 0, "sha1" if mac == "SHA" else mac.lower(), digest)
    return None

"""Reads the certificates that a side shows (RFC 8446 4.4.2, RFC 5246 7.4.2, RFC 5280)."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.tls.hello import Cursor

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography import x509

MAX_CHAIN = 10
"""Certificates of one chain that are read."""
MAX_CERTIFICATE = 16 << 10
"""Bytes of one certificate."""
MAX_TEXT = 500
"""Characters of a name."""
MAX_NAMES = 50
"""Host names of one certificate."""
MAX_REMEMBERED = 1024
"""Different certificates that are remembered: a server shows the same one each time."""


class Certificate(NamedTuple):
    """What a certificate says, as far as it can be read. Times are in microseconds."""

    subject: str | None
    issuer: str | None
    names: str | None
    start: int | None
    end: int | None
    key: str | None
    signature: str | None


UNREADABLE = Certificate(None, None, None, None, None, None, None)


def chain(content: bytes, *, tls13: bool) -> list[Certificate]:
    """The certificates of a message Certificate, the leaf first; those before the place where it cannot be read."""
    found: list[Certificate] = []
    try:
        cursor = Cursor(content)
        if tls13:
            cursor.vector(1)
        entries = Cursor(cursor.vector(3))
        while entries.left and len(found) < MAX_CHAIN:
            found.append(read(entries.vector(3)))
            if tls13:
                entries.vector(2)
    except ValueError:
        pass
    return found


@functools.lru_cache(MAX_REMEMBERED)
def read(encoded: bytes) -> Certificate:
    """What a certificate in DER says; parts that cannot be read are None."""
    from cryptography import x509

    if len(encoded) > MAX_CERTIFICATE:
        return UNREADABLE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(encoded)
        except Exception:  # noqa: BLE001 - the bytes are a stranger's, and fail in many ways
            return UNREADABLE
        return Certificate(*(_read(part, certificate) for part in PARTS))  # type: ignore[arg-type]


def _read(part: Callable[[x509.Certificate], object], certificate: x509.Certificate) -> object:
    try:
        told = part(certificate)
    except Exception:  # noqa: BLE001 - parts are parsed when they are asked for
        return None
    return told[:MAX_TEXT] if isinstance(told, str) else told


def _names(certificate: x509.Certificate) -> str | None:
    from cryptography import x509

    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = alternative.get_values_for_type(x509.DNSName)
    addresses = alternative.get_values_for_type(x509.IPAddress)
    return " ".join([*hosts, *(str(address) for address in addresses)][:MAX_NAMES]) or None


def _key(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.key_size}"
    if isinstance(key, dsa.DSAPublicKey):
        return f"DSA {key.key_size}"
    return type(key).__name__.removesuffix("PublicKey")


def _signature(certificate: x509.Certificate) -> str | None:
    algorithm = certificate.signature_hash_algorithm
    return None if algorithm is None else algorithm.name


PARTS: tuple[Callable[[x509.Certificate], object], ...] = (
    lambda certificate: certificate.subject.rfc4514_string(),
    lambda certificate: certificate.issuer.rfc4514_string(),
    _names,
    lambda certificate: round(certificate.not_valid_before_utc.timestamp()) * 1_000_000,
    lambda certificate: round(certificate.not_valid_after_utc.timestamp()) * 1_000_000,
    _key,
    _signature,
)
"""How each field of a Certificate is read."""

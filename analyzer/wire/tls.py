"""Recognises TLS and reads what it says in clear (RFC 8446, RFC 6066)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ALERT, HANDSHAKE = 21, 22
RECORDS = frozenset({20, 21, 22, 23})
CLIENT_HELLO, SERVER_HELLO = 1, 2
MAX_RECORD = (1 << 14) + 2048
"""Bytes of a record: the content and what TLS 1.2 allows encryption to add (RFC 5246 6.2.3)."""
SERVER_NAME = 0
ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 40: "handshake_failure", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    70: "protocol_version", 71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
    90: "user_canceled", 109: "missing_extension", 110: "unsupported_extension", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 115: "unknown_psk_identity", 116: "certificate_required",
    120: "no_application_protocol",
}  # fmt: skip
"""RFC 8446 6 and the registry of TLS alerts."""


def looks_like_tls(data: bytes) -> bool:
    """Whether bytes begin with the header of a TLS record."""
    return (
        len(data) >= 5
        and data[0] in RECORDS
        and data[1] == 3
        and data[2] <= 4
        and 0 < int.from_bytes(data[3:5], "big") <= MAX_RECORD
    )


def hello_side(data: bytes) -> str | None:
    """The side that begins like this: `client` or `server` by its hello, else None."""
    if not looks_like_tls(data) or data[0] != HANDSHAKE or len(data) < 6:
        return None
    return {CLIENT_HELLO: "client", SERVER_HELLO: "server"}.get(data[5])


def client_hello_name(data: bytes) -> str | None:
    """The server name that a ClientHello asks for, None where it names none or is not whole."""
    if hello_side(data) != "client":
        return None
    hello = b"".join(content for kind, content in _records(data) if kind == HANDSHAKE)
    try:
        return _name(hello)
    except (struct.error, IndexError):
        return None


def alerts(data: bytes) -> Iterator[str]:
    """The alerts sent in clear among the records that these bytes begin with."""
    for kind, content in _records(data):
        # An encrypted alert is longer than the two bytes of a clear one.
        if kind == ALERT and len(content) == 2 and content[0] in {1, 2}:
            level = "fatal" if content[0] == 2 else "warning"
            yield f"{level} alert {content[1]} {ALERTS.get(content[1], '')}".rstrip()


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while looks_like_tls(data[at : at + 5]):
        length = int.from_bytes(data[at + 3 : at + 5], "big")
        yield data[at], data[at + 5 : at + 5 + length]
        at += 5 + length


def _name(hello: bytes) -> str | None:
    at = 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + struct.unpack_from("!H", hello, at)[0]
    at += 1 + hello[at]
    end = at + 2 + struct.unpack_from("!H", hello, at)[0]
    at += 2
    while at + 4 <= min(end, len(hello)):
        kind, length = struct.unpack_from("!HH", hello, at)
        if kind == SERVER_NAME:
            size = struct.unpack_from("!H", hello, at + 7)[0]
            return hello[at + 9 : at + 9 + size].decode("ascii", "replace")
        at += 4 + length
    return None

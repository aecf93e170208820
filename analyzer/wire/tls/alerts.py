"""The alerts of TLS in words (RFC 8446 6)."""

from __future__ import annotations

from typing import NamedTuple

CLOSE_NOTIFY, USER_CANCELED = 0, 90
NAMES = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
    116: "certificate_required", 120: "no_application_protocol", 121: "ech_required",
}  # fmt: skip
"""The registry of TLS alerts."""
WARNING, FATAL = 1, 2


class Alert(NamedTuple):
    """An alert. What it says is None where it is encrypted and cannot be read."""

    level: int | None
    code: int | None

    @property
    def fatal(self) -> bool:
        """Whether it ends the connection by an error: in TLS 1.3 all do save two, whatever level they carry (6.2)."""
        return self.level == FATAL and self.code not in {CLOSE_NOTIFY, USER_CANCELED}

    def __str__(self) -> str:
        if self.level is None:
            return "encrypted alert"
        level = "fatal" if self.level == FATAL else "warning"
        return f"{level} alert {self.code} {NAMES.get(self.code or 0, '')}".rstrip()


def parse_alert(body: bytes) -> Alert | None:
    """The alert that a record in clear holds, None where it is none."""
    return Alert(body[0], body[1]) if len(body) == 2 and body[0] in {WARNING, FATAL} else None

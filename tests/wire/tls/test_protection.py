from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM

from analyzer.wire.tls.derivation import Keys12, expand_label, next_secret, pseudorandom
from analyzer.wire.tls.protection import Authenticated13, Chained12, Content
from analyzer.wire.tls.records import Record
from analyzer.wire.tls.suites import name_of, names, suite_of

SECRET = bytes.fromhex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
"""The server's handshake traffic secret of RFC 8448 3."""


def sealed(suite_code: int, inner: bytes, sequence: int) -> Record:
    """A record of TLS 1.3 as a peer makes it (RFC 8446 5.2)."""
    suite = suite_of(suite_code)
    assert suite is not None
    key, iv = expand_label(SECRET, b"key", suite.key, suite.digest), expand_label(SECRET, b"iv", 12, suite.digest)
    nonce = (int.from_bytes(iv, "big") ^ sequence).to_bytes(12, "big")
    length = len(inner) + suite.tag
    cipher = AESCCM(key, suite.tag) if suite.kind == "ccm" else AESGCM(key)
    body = cipher.encrypt(nonce, inner, bytes([23, 3, 3]) + length.to_bytes(2, "big"))
    return Record(23, 0x0303, length, body, 0, True, 0, 0)


def test_keys_are_derived_as_rfc_8448_shows() -> None:
    assert expand_label(SECRET, b"key", 16, "sha256").hex() == "3fce516009c21727d0f2e4e86ee403bc"
    assert expand_label(SECRET, b"iv", 12, "sha256").hex() == "5d313eb2671276ee13000b30"
    assert len(next_secret(SECRET, "sha256")) == 32


def test_the_pseudorandom_function_gives_the_known_value() -> None:
    secret, seed = bytes.fromhex("9bbe436ba940f017b17652849a71db35"), bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")
    made = pseudorandom(secret, b"test label", seed, 100, "sha256")
    assert made[:32].hex() == "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
    assert len(made) == 100


@pytest.mark.parametrize("code", [0x1301, 0x1304, 0x1305])
@pytest.mark.parametrize("padding", [0, 1, 300])
def test_padding_of_a_record_is_taken_off(code: int, padding: int) -> None:
    suite = suite_of(code)
    assert suite is not None
    record = sealed(code, b"content\0with zeros\0" + b"\x17" + bytes(padding), 7)
    protection = Authenticated13(suite, SECRET)
    assert protection.open(record, 7) == Content(23, b"content\0with zeros\0")
    assert protection.open(record, 8) is None


def test_a_record_of_padding_alone_holds_nothing() -> None:
    suite = suite_of(0x1301)
    assert suite is not None
    assert Authenticated13(suite, SECRET).open(sealed(0x1301, bytes(20), 0), 0) is None


@pytest.mark.parametrize("length", [0, 1, 16, 31, 32, 47, 48, 64, 80])
@pytest.mark.parametrize("encrypt_then_mac", [True, False])
def test_a_chained_record_of_any_length_raises_nothing(length: int, *, encrypt_then_mac: bool) -> None:
    suite = suite_of(0xC013)
    assert suite is not None
    protection = Chained12(suite, Keys12(bytes(20), bytes(16), b""), encrypt_then_mac=encrypt_then_mac)
    assert protection.open(Record(23, 0x0303, length, bytes(length), 0, True, 0, 0), 0) is None


def test_names_of_suites_are_those_of_the_registry() -> None:
    assert name_of(0xC02F) == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    assert name_of(0x0005) == "TLS_RSA_WITH_RC4_128_SHA"
    assert name_of(0xFAFA) == "0xFAFA"
    assert len(names()) > 340


def test_a_suite_tells_its_parts_by_its_name() -> None:
    assert suite_of(0xC0A3) == ("TLS_DHE_RSA_WITH_AES_256_CCM_8", "ccm", 32, 8, "", "sha256")
    assert suite_of(0xC028) == ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "cbc", 32, 0, "sha384", "sha384")
    assert suite_of(0xC030) == ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "gcm", 32, 16, "", "sha384")
    assert [suite_of(code) for code in (0x0005, 0x000A, 0x0002, 0xFAFA)] == [None] * 4

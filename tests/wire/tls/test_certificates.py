from __future__ import annotations

import base64

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.tls import certificates
from analyzer.wire.tls.certificates import UNREADABLE, chain, read
from tests.wire.tls.peers import NAME, identity


def encoded(kind: str = "ec") -> bytes:
    return base64.b64decode(identity(kind).partition(b"-----BEGIN CERTIFICATE-----")[2].partition(b"-----")[0])


def message(*entries: bytes, tls13: bool = False) -> bytes:
    after = b"\0\0" if tls13 else b""
    listed = b"".join(len(entry).to_bytes(3, "big") + entry + after for entry in entries)
    return (b"\0" if tls13 else b"") + len(listed).to_bytes(3, "big") + listed


@pytest.mark.parametrize(("kind", "key"), [("ec", "EC 256"), ("rsa", "RSA 2048")])
def test_a_certificate_tells_names_times_and_key(kind: str, key: str) -> None:
    found = read(encoded(kind))
    assert found == (f"CN={NAME}", f"CN={NAME}", NAME, 1_767_225_600_000_000, 2_082_585_600_000_000, key, "sha256")


@pytest.mark.parametrize("tls13", [True, False])
def test_a_chain_is_read_leaf_first_in_both_versions(tls13: bool) -> None:
    content = message(encoded("ec"), encoded("rsa"), tls13=tls13)
    assert [each.key for each in chain(content, tls13=tls13)] == ["EC 256", "RSA 2048"]
    assert chain(content[:-9], tls13=tls13) == []


def test_certificates_of_a_chain_and_their_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(chain(message(*[b"x"] * 30), tls13=False)) == certificates.MAX_CHAIN
    monkeypatch.setattr(certificates, "MAX_CERTIFICATE", 100)
    read.cache_clear()
    assert read(encoded()) == UNREADABLE
    read.cache_clear()


def test_texts_of_a_certificate_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "MAX_TEXT", 4)
    read.cache_clear()
    assert read(encoded()).subject == "CN=c"
    read.cache_clear()


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_any_bytes_raise_nothing(data: bytes, place: int, value: int) -> None:
    assert read(data) == UNREADABLE
    chain(data, tls13=True)
    chain(message(data), tls13=False)
    changed = bytearray(encoded())
    changed[place % len(changed)] = value
    read.__wrapped__(bytes(changed))

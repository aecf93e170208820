from __future__ import annotations

from hypothesis import given, strategies as st

from analyzer.wire.tls import alerts, client_hello_name, hello_side, looks_like_tls


def test_any_bytes_are_not_taken_for_a_name() -> None:
    assert client_hello_name(b"GET / HTTP/1.1") is None
    assert not looks_like_tls(b"GET / HTTP/1.1")
    assert hello_side(b"\x17\x03\x03\x00\x01\x01") is None


def test_an_encrypted_alert_is_not_read() -> None:
    assert list(alerts(b"\x15\3\3\0\x1a" + b"\2" * 26)) == []
    assert list(alerts(b"\x15\3\3\0\2\1\0")) == ["warning alert 0 close_notify"]


@given(st.binary(max_size=200))
def test_any_bytes_raise_nothing(data: bytes) -> None:
    for begin in (b"", b"\x16\3\1\1\0\1"):
        client_hello_name(begin + data)
        list(alerts(begin + data))

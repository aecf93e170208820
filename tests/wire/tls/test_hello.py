from __future__ import annotations

from hypothesis import given, strategies as st

from analyzer.wire.tls.handshake import MAX_MESSAGE, Messages
from analyzer.wire.tls.hello import hello_side, parse_client_hello, parse_server_hello
from tests.wire.tls.peers import NAME, talked


def test_the_hellos_of_real_peers_are_read() -> None:
    client, server = (chunk.data for chunk in talked("1.3").chunks[:2])
    assert (hello_side(client), hello_side(server)) == ("client", "server")
    (message,) = Messages().feed(client[5:])
    offered = parse_client_hello(message.content)
    assert offered is not None
    assert (offered.server_name, len(offered.random), 0x1301 in offered.suites) == (NAME, 32, True)
    message = next(Messages().feed(server[5 : 5 + int.from_bytes(server[3:5], "big")]))
    chosen = parse_server_hello(message.content)
    assert chosen is not None
    assert (chosen.version, chosen.suite, chosen.retry, chosen.session) == (0x0304, 0x1302, False, offered.session)


def test_a_message_in_several_records_is_read_once_it_is_whole() -> None:
    whole = b"\1" + (300).to_bytes(3, "big") + bytes(300)
    messages = Messages()
    assert list(messages.feed(whole[:200])) == []
    assert messages.held == 200
    assert [message.raw for message in messages.feed(whole[200:] + whole)] == [whole, whole]
    assert messages.held == 0


def test_a_message_too_long_or_of_no_kind_is_dropped() -> None:
    messages = Messages()
    assert list(messages.feed(b"\1" + (MAX_MESSAGE + 1).to_bytes(3, "big") + bytes(50))) == []
    assert list(messages.feed(b"\x99\0\0\1x")) == []
    assert messages.held == 0


def test_other_bytes_are_no_hello() -> None:
    assert hello_side(b"GET / HTTP/1.1") is None
    assert hello_side(b"\x17\x03\x03\x00\x01\x01") is None
    assert parse_client_hello(b"") is None
    assert parse_server_hello(bytes(20)) is None


@given(st.binary(max_size=300))
def test_any_bytes_raise_nothing(data: bytes) -> None:
    for begin in (b"", b"\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0"):
        parse_client_hello(begin + data)
        parse_server_hello(begin + data)
        hello_side(begin + data)

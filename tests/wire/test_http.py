from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.http import (
    MAX_HEAD,
    Request,
    Response,
    asks_for_websocket,
    body_length,
    credentials,
    head_end,
    may_begin,
    parse_request,
    parse_response,
)


def test_a_request_is_read_with_its_headers_in_lower_case_and_repeats_joined() -> None:
    head = b"GET /ocpp/a%20b HTTP/1.1\r\nHost: csms\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\nsec-websocket-protocol: ocpp1.6\r\n\r\n"
    assert parse_request(head) == Request(
        "GET", "/ocpp/a%20b", {"host": "csms", "sec-websocket-protocol": "ocpp2.0.1, ocpp1.6"}
    )


def test_a_path_with_a_space_in_it_is_kept() -> None:
    request = parse_request(b"GET /ocpp/CP 1 HTTP/1.1\r\n\r\n")
    assert request is not None
    assert request.path == "/ocpp/CP 1"


@pytest.mark.parametrize("line", [b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.0 101", b"HTTP/1.1 101 "])
def test_a_response_is_read_with_or_without_reason(line: bytes) -> None:
    response = parse_response(line + b"\r\nUpgrade: websocket\r\n\r\n")
    assert isinstance(response, Response)
    assert (response.status, response.headers) == (101, {"upgrade": "websocket"})


def test_the_head_ends_behind_the_empty_line_also_of_bare_line_feeds() -> None:
    assert head_end(b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest") == 24
    assert head_end(b"GET / HTTP/1.1\nA: b\n\nrest") == 21
    assert head_end(b"GET / HTTP/1.1\r\nA: b\r\n") is None
    assert head_end(b"x" * MAX_HEAD + b"\r\n\r\n") is None


@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b"\n\r\n", b"\r\n\n"])
@given(st.sets(st.integers(1, 40)))
def test_the_head_ends_at_one_place_however_it_comes(end: bytes, cuts: set[int]) -> None:
    data = b"GET / HTTP/1.1\r\nA: b" + end + b"rest\r\n\r\n"
    seen, found = 0, None
    for size in [*sorted(cuts), len(data)]:
        found = head_end(data[:size], seen) if found is None else found
        seen = min(size, len(data))
    assert found == head_end(data) == data.index(end) + len(end)


def test_an_upgrade_is_recognised_in_any_case() -> None:
    request = parse_request(b"GET / HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n")
    assert request is not None
    assert asks_for_websocket(request)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Basic Q1AxOnNlY3JldA==", ("basic", "CP1")),
        ("basic !!!", ("basic", None)),
        ("Bearer abc", ("bearer", None)),
        ("", ("none", None)),
    ],
)
def test_credentials_tell_scheme_and_user(value: str, expected: tuple[str, str | None]) -> None:
    assert credentials({"authorization": value}) == expected


@given(st.binary(max_size=200))
def test_any_bytes_raise_nothing(data: bytes) -> None:
    for parse in (parse_request, parse_response):
        parse(data)
    head_end(data)


def test_a_head_ends_within_its_limit_or_not_at_all() -> None:
    assert head_end(b"x" * (MAX_HEAD - 4) + b"\r\n\r\n") == MAX_HEAD
    assert head_end(b"x" * (MAX_HEAD - 3) + b"\r\n\r\n") is None


def test_a_request_with_headers_of_a_websocket_alone_asks_for_one() -> None:
    for head, expected in ((b"Sec-WebSocket-Version: 13", True), (b"Upgrade: h2c", False)):
        request = parse_request(b"GET /ocpp/CP1 HTTP/1.1\r\n" + head + b"\r\n\r\n")
        assert request is not None
        assert asks_for_websocket(request) == expected


@given(st.integers(0, 20))
def test_the_first_bytes_of_a_head_tell_that_it_may_be_one(size: int) -> None:
    for line, from_client in ((b"OPTIONS /ocpp HTTP/1.1", True), (b"HTTP/1.1 101 Switching", False)):
        assert may_begin(line[:size], from_client=from_client)
        assert size < 2 or not may_begin(line[:size], from_client=not from_client)
    assert not may_begin(b"GETTING", from_client=True)
    assert not may_begin(b"\x81", from_client=False)


@pytest.mark.parametrize(("told", "expected"), [("12", 12), ("-1", 0), ("x", 0), ("9" * 10, 0), ("²", 0), (None, 0)])
def test_the_length_of_a_body_is_read_if_it_is_one(told: str | None, expected: int) -> None:
    assert body_length(Response(401, "", {} if told is None else {"content-length": told})) == expected

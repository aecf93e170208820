"""Reads the HTTP exchange that opens a WebSocket (RFC 9112, RFC 6455 4)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

MAX_HEAD = 64 << 10
"""Bytes of a request or response up to its empty line."""
REQUEST_LINE = re.compile(r"([A-Z]{1,20}) +(\S.*?) +HTTP/\d\.\d\s*\Z")
STATUS_LINE = re.compile(r"HTTP/\d\.\d +(\d{3})(?: +(.*))?\Z")
END = re.compile(rb"\r?\n\r?\n")
METHODS = (b"GET ", b"POST ", b"PUT ", b"HEAD ", b"OPTIONS ", b"CONNECT ", b"PATCH ", b"DELETE ")
STATUS = b"HTTP/1."
SWITCHING = 101
"""The status of an answer that upgrades (RFC 9110 15.2.2)."""


class Request(NamedTuple):
    """The head of a request. Header names are in lower case; repeated headers are joined by a comma.

    `whole` is false where its end was not seen: then a header that is missing may have been sent.
    """

    method: str
    path: str
    headers: dict[str, str]
    whole: bool = True


class Response(NamedTuple):
    """The head of a response."""

    status: int
    reason: str
    headers: dict[str, str]


def head_end(data: bytes | bytearray, seen: int = 0) -> int | None:
    """Where the head ends: behind its empty line. None where that is not there yet.

    In the first `seen` bytes no end was found before: a head may come byte by byte.
    """
    # An empty line has up to four bytes, of which three may have been there.
    found = END.search(data, max(seen - 3, 0), MAX_HEAD)
    return found.end() if found else None


def parse_request(head: bytes) -> Request | None:
    """The head of a request, None where it is none."""
    whole = head_end(head) is not None
    # A line whose end was not seen may be cut inside its value.
    first, headers = _lines(head if whole else head[: head.rfind(b"\n") + 1])
    found = REQUEST_LINE.match(first)
    return Request(found[1], found[2], headers, whole) if found else None


def parse_response(head: bytes) -> Response | None:
    """The head of a response, None where it is none."""
    first, headers = _lines(head)
    found = STATUS_LINE.match(first)
    return Response(int(found[1]), (found[2] or "").strip(), headers) if found else None


def asks_for_websocket(request: Request) -> bool:
    """Whether a request asks to go on as WebSocket. A proxy may have taken its Upgrade off and left the rest."""
    named = "websocket" in request.headers.get("upgrade", "").lower()
    return named or any(name.startswith("sec-websocket-") for name in request.headers)


def may_begin(head: bytes | bytearray, *, from_client: bool) -> bool:
    """Whether a request begins so, or a response; of very few bytes, whether it may."""
    words = METHODS if from_client else (STATUS,)
    return head.startswith(words) or any(word.startswith(head) for word in words)


def body_length(response: Response) -> int:
    """Bytes that follow the head of a response, 0 where it does not tell (RFC 9112 6.2)."""
    told = response.headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else 0


def credentials(headers: dict[str, str]) -> tuple[str, str | None]:
    """The scheme of the Authorization header in lower case, `none` without one, and the user of a basic one."""
    scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
    if not scheme:
        return "none", None
    if scheme.lower() != "basic":
        return scheme.lower(), None
    try:
        return "basic", base64.b64decode(rest.strip(), validate=True).partition(b":")[0].decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return "basic", None


def _lines(head: bytes) -> tuple[str, dict[str, str]]:
    first, *rest = head[:MAX_HEAD].decode("utf-8", "replace").split("\n")
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if colon and name == name.strip():
            key, value = name.lower(), value.strip()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return first.rstrip("\r"), headers

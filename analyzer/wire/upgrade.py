"""Tells what is wrong with an upgrade to WebSocket, and with its answer (RFC 6455 4.1 and 4.2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING

from analyzer.wire.http import SWITCHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analyzer.wire.http import Request, Response

KEY, VERSION, ACCEPT = "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Accept"
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What the server appends to the key (1.3)."""
NONCE = 16
"""Bytes of a key before they are encoded (4.1)."""
SHOWN = 60
"""Characters of a wrong value that are shown."""


def upgrade_faults(request: Request | None, response: Response | None) -> str | None:
    """What is wrong, in words; None where nothing is. Of what was not wholly seen nothing is said.

    A refusal is an answer of HTTP like any other, so only the answer that upgrades is looked at.
    """
    faults: list[str] = []
    key = None
    if request is not None and request.whole:
        key = request.headers.get(KEY.lower())
        faults += _request_faults(request.headers)
    if response is not None and response.status == SWITCHING:
        faults += _answer_faults(response.headers, key)
    return "; ".join(faults) or None


def accept(key: str) -> str:
    """What the server answers to a key (4.2.2).

    >>> accept("dGhlIHNhbXBsZSBub25jZQ==")
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
    """
    digest = hashlib.sha1(f"{key}{GUID}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _request_faults(headers: Mapping[str, str]) -> Iterator[str]:
    yield from _upgrade_headers("request", headers)
    key, version = headers.get(KEY.lower()), headers.get(VERSION.lower())
    if key is None:
        yield f"the request has no {KEY}"
    elif not _is_nonce(key):
        yield f"{KEY} of the request is {_shown(key)} instead of {NONCE} bytes in base64"
    if version is None:
        yield f"the request has no {VERSION}"
    elif version != "13":
        yield f"{VERSION} of the request is {_shown(version)} instead of 13"


def _answer_faults(headers: Mapping[str, str], key: str | None) -> Iterator[str]:
    yield from _upgrade_headers("answer", headers)
    accepted = headers.get(ACCEPT.lower())
    if accepted is None:
        yield f"the answer has no {ACCEPT}"
    elif key is not None and accepted != accept(key):
        yield f"{ACCEPT} of the answer is {_shown(accepted)} instead of {accept(key)}"


def _upgrade_headers(whose: str, headers: Mapping[str, str]) -> Iterator[str]:
    for name, token in (("Upgrade", "websocket"), ("Connection", "Upgrade")):
        value = headers.get(name.lower())
        if value is None:
            yield f"the {whose} has no {name}"
        elif token.lower() not in {each.strip().lower() for each in value.split(",")}:
            yield f"{name} of the {whose} is {_shown(value)} instead of {token}"


def _is_nonce(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == NONCE
    except (binascii.Error, ValueError):
        return False


def _shown(value: str) -> str:
    return repr(value[:SHOWN])

"""Who is the client of a connection that was joined in the middle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.wire.ocppj import looks_like_ocpp
from analyzer.wire.tls import hello_side
from analyzer.wire.websocket import peek

if TYPE_CHECKING:
    from analyzer.wire.link import Segment

REQUEST = re.compile(rb"(?:GET|POST|PUT|HEAD|OPTIONS|CONNECT) ")
STATUS = b"HTTP/1."
EPHEMERAL = 32_768
"""From here on systems take the ports of clients (RFC 6335 says 49152, Linux 32768)."""


def sent_by_client(segment: Segment, ports: frozenset[int]) -> bool | None:
    """Whether a segment comes from the client; None where it does not tell."""
    if (segment.source_port in ports) != (segment.destination_port in ports):
        return segment.destination_port in ports
    payload = segment.payload
    if REQUEST.match(payload):
        return True
    if payload.startswith(STATUS):
        return False
    if (side := hello_side(payload)) is not None:
        return side == "client"
    frame = peek(payload)
    if frame is None or not looks_like_ocpp(frame.beginning):
        return None
    # Only clients mask (RFC 6455 5.1), save those that forget to: then the ports tell, if they are of two kinds.
    if frame.masked:
        return True
    return segment.source_port >= EPHEMERAL > segment.destination_port


def likely_client(segment: Segment) -> bool:
    """The guess where nothing tells: the server has the lower port."""
    return segment.source_port > segment.destination_port

"""Who is the client of a connection that was joined in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire.http import METHODS, STATUS
from analyzer.wire.ocppj import looks_like_ocpp
from analyzer.wire.tls.hello import hello_side
from analyzer.wire.websocket import peek

if TYPE_CHECKING:
    from analyzer.wire.link import Segment

EPHEMERAL = 32_768
"""From here on systems take the ports of clients (RFC 6335 says 49152, Linux 32768)."""


def sent_by_client(segment: Segment, ports: frozenset[int]) -> bool | None:
    """Whether a segment comes from the client; None where it does not tell."""
    if (segment.source_port in ports) != (segment.destination_port in ports):
        return segment.destination_port in ports
    by_start = _told_by_start(segment.payload)
    frame = peek(segment.payload)
    if by_start is not None or frame is None or not looks_like_ocpp(frame.beginning):
        return by_start
    # Only clients mask (RFC 6455 5.1), save those that forget to: then the ports tell, if they are of two kinds.
    return frame.masked or segment.source_port >= EPHEMERAL > segment.destination_port


def _told_by_start(payload: bytes) -> bool | None:
    if payload.startswith(METHODS):
        return True
    if payload.startswith(STATUS):
        return False
    return {"client": True, "server": False, None: None}[hello_side(payload)]


def likely_client(segment: Segment) -> bool:
    """The guess where nothing tells: the server has the lower port."""
    return segment.source_port > segment.destination_port

"""How a connection ended, and who ended it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire import handshake, silence
from analyzer.wire.events import Ended, Transport
from analyzer.wire.link import RST
from analyzer.wire.middle import sent_between

if TYPE_CHECKING:
    from analyzer.wire.flow import Flow
    from analyzer.wire.link import Segment
    from analyzer.wire.ordering import Half


def closing(flow: Flow, half: Half, segment: Segment) -> Ended:
    """The end that a FIN or RST makes; a RST instead of the answer to a SYN tells that nobody listens there."""
    end = Ended(flow.number, segment.ts, segment.number, "fin", half.from_client)
    if not segment.flags & RST:
        return end
    if handshake.is_attempt(flow):
        if half.from_client:
            return end._replace(kind="unreachable", from_client=None)
        return end._replace(kind="port_closed")
    return end._replace(kind="rst", middle=_is_foreign(half, segment))


def reset(half: Half, segment: Segment) -> Transport:
    """The event of a RST, which says where it was sent by neither side."""
    detail = None
    if _is_foreign(half, segment):
        detail = (
            f"something between sent it: it came with TTL {segment.ttl}, its sender's packets before with {half.ttl}"
        )
    return Transport(half.flow, "rst", half.from_client, segment.ts, segment.number, 0, detail)


def failed(flow: Flow, now: int, *, replaced: bool) -> Ended | None:
    """The end of an attempt that was never answered; None where it still may be. Who reported it ended it."""
    if not replaced and not handshake.has_failed(flow, now):
        return None
    end = Ended(flow.number, flow.ts, flow.packet, "unreachable", None)
    if flow.reporter is None:
        return end
    return end._replace(from_client=False) if flow.reporter == flow.server[0] else end._replace(middle=True)


def silent(flow: Flow, now: int, renewed: int) -> Ended | None:
    """The end of a connection whose one side fell silent; who or what silenced it is not known."""
    gone = silence.fell_silent(flow, now, renewed)
    return None if gone is None else Ended(flow.number, gone.since, gone.packet, "timeout", None)


def _is_foreign(half: Half, segment: Segment) -> bool:
    return sent_between(segment.ttl, (half.first_ttl, half.ttl) if half.ttl else ())

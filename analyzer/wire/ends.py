"""How a connection ended, and who ended it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire import handshake, silence
from analyzer.wire.events import Ended, Fault, Transport
from analyzer.wire.link import ACK, RST
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


def was_reset(flow: Flow) -> bool:
    """Whether a RST ended a connection that was of interest."""
    return flow.closing is not None and flow.closing.kind == "rst" and not flow.ignored


def goes_on(flow: Flow, segment: Segment) -> bool:
    """Whether a segment acknowledges what was said behind the RST: nobody is left for that where it was heeded.

    One that is not where its receiver expects it is not heeded (RFC 5961 3.2).
    """
    sender = segment.source, segment.source_port
    other = flow.lower if sender == flow.client else flow.upper
    said = any(each.payload and (each.source, each.source_port) != sender for each in flow.late)
    return said and segment.flags & (ACK | RST) == ACK and other.distance(segment.acknowledgement) > 0


def ignored_reset(flow: Flow, number: int, segment: Segment) -> Fault:
    """The fault of a connection that goes on behind the RST of another one, which is the same."""
    assert flow.closing is not None
    detail = f"it goes on behind the RST of packet {flow.closing.packet}, which its receiver did not heed"
    by_client = bool(flow.closing.from_client)
    return Fault(number, "reset_ignored", detail, by_client, segment.ts, segment.number)


def _is_foreign(half: Half, segment: Segment) -> bool:
    return sent_between(segment.ttl, (half.first_ttl, half.ttl) if half.ttl else ())

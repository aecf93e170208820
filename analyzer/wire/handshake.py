"""What the handshake of a connection tells: whether it was answered, and how long that took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire.link import ACK
from analyzer.wire.ordering import WINDOW
from analyzer.wire.piece import signed

if TYPE_CHECKING:
    from analyzer.wire.flow import Endpoint, Flow
    from analyzer.wire.link import Segment

UNANSWERED = 20_000_000
"""Microseconds after which a SYN without answer has failed; systems repeat it after 1, 3, 7 and 15 s (RFC 6298 2)."""
AMBIGUOUS = -1
"""The time of a SYN that was sent again: nobody knows which one was answered (RFC 6298 3)."""


def is_attempt(flow: Flow) -> bool:
    """Whether nothing was seen of a flow but SYNs of its client: an acknowledgement would tell of an answer."""
    begun = flow.upper.start is not None and not flow.upper.joined
    return begun and flow.lower.heard is None and flow.lower.acknowledged is None


def has_failed(flow: Flow, now: int) -> bool:
    """Whether an attempt is over: it was reported, or waited for long enough."""
    return flow.reporter is not None or now - flow.begun >= UNANSWERED


def belongs(flow: Flow, segment: Segment, client: Endpoint, *, over: bool) -> bool:
    """Whether a SYN belongs to this connection: the same client, and the same initial sequence number or none yet.

    What is over has no SYN any more, but the one that some systems try a closed port with again and again, and copies.
    """
    if not flow.decided or flow.client != client:
        return False
    begin = (segment.sequence + 1) & 0xFFFF_FFFF
    half = flow.half((segment.source, segment.source_port))
    if over:
        refused = flow.closing is not None and flow.closing.kind == "port_closed"
        return half.start == begin and (refused or half.recent.repeats(segment))
    if half.start is not None:
        return half.start == begin
    other = flow.upper if half is flow.lower else flow.lower
    expected = half.acknowledged is None or abs(signed(begin - half.acknowledged)) < WINDOW
    return expected and (not segment.flags & ACK or abs(other.distance(segment.acknowledgement)) < WINDOW)


def note_synchronise(flow: Flow, segment: Segment) -> None:
    """Note the time of a SYN or its answer, for measuring the round trip."""
    if segment.flags & ACK:
        repeated = flow.lower.heard is not None
    else:
        repeated = flow.upper.heard is not None
        flow.asked = segment.ts if flow.asked is None else flow.asked
    if repeated:
        flow.asked = AMBIGUOUS


def measure(flow: Flow, segment: Segment) -> None:
    """Measure the round trip with the client's first segment after its SYN.

    From the SYN to the acknowledgement of its answer are both halves of the path, wherever the capture stands on it.
    Where that one carries data, an earlier one without may not have been captured.
    """
    answered = segment.flags & ACK and not segment.payload and segment.acknowledgement == flow.lower.start
    if answered and flow.asked is not None and flow.asked != AMBIGUOUS:
        flow.round_trip = (segment.ts - flow.asked) / 1e6
        for half in (flow.upper, flow.lower):
            half.reordering = max(half.reordering, (segment.ts - flow.asked) // 2)
    flow.asked = None

"""Recognises a connection whose one side fell silent, and one of which only one side was captured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.wire.events import Fault
from analyzer.wire.piece import signed

if TYPE_CHECKING:
    from analyzer.wire.flow import Flow
    from analyzer.wire.link import Segment
    from analyzer.wire.ordering import Half

REPEATS = 5
"""Times that something is sent again without answer before its receiver counts as gone."""
LONG = 30_000_000
"""Microseconds of sending again that count as much."""
WATCHED_ON = 60_000_000
"""Microseconds that the capture must go on after it, for the answer would have come within."""


@dataclass(slots=True)
class Unanswered:
    """What a side sends again: since when, with which packet it was first sent, how often again, and when last."""

    since: int
    packet: int
    count: int = 0
    last: int = 0


def note_repeat(half: Half, other: Half, segment: Segment) -> None:
    """Note that a side sent something again; whatever the other one sent since then was an answer."""
    known = half.unanswered
    if half.heard is None or other.heard is None:
        return
    if known is None or other.heard > known.since:
        # The last packet before the first repetition is the one that was not answered, or one sent together with it.
        known = half.unanswered = Unanswered(half.heard, half.packet)
    known.count, known.last = known.count + 1, segment.ts


def fell_silent(flow: Flow, now: int, renewed: int) -> Unanswered | None:
    """What was never answered, if a side fell silent for good; `renewed` is when its client last connected anew."""
    for half, other in ((flow.upper, flow.lower), (flow.lower, flow.upper)):
        known = half.unanswered
        if known is None or other.heard is None or other.heard > known.since:
            continue
        often = known.count >= REPEATS or known.last - known.since > LONG
        if often and (renewed > known.since or now - known.last > WATCHED_ON):
            return known
    return None


def one_sided(flow: Flow) -> Fault | None:
    """The fault of a connection that lived and of which one side alone was captured."""
    for half, other, name, silent in (
        (flow.upper, flow.lower, "station", "csms"),
        (flow.lower, flow.upper, "csms", "station"),
    ):
        if other.heard is not None or not half.segments or other.acknowledged is None:
            continue
        unseen = signed(other.acknowledged - (other.first_acknowledged or 0))
        # One more may be a SYN or a FIN (RFC 9293 3.4).
        if unseen > 1:
            detail = f"only what the {name} sent was captured: {unseen} bytes of the {silent} were acknowledged, and never seen"
            return Fault(flow.number, "one_sided", detail, other.from_client, flow.ts, flow.packet, damage=True)
    return None

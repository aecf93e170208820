"""Reads a run of a connection: segments that carry its bytes on, in order and without a gap.

Nearly all of a healthy capture is such runs, and in them nearly every segment holds whole texts, each in one frame.
Those are read here at once; everything else goes the usual way, segment by segment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from websockets.speedups import apply_mask

from analyzer.wire.events import Data
from analyzer.wire.link import Segment, dissect
from analyzer.wire.recent import REMEMBERED
from analyzer.wire.websocket import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from analyzer.wire.batches import Batch
    from analyzer.wire.conversation import Conversation
    from analyzer.wire.events import Event
    from analyzer.wire.flow import Flow
    from analyzer.wire.flows import Sorted
    from analyzer.wire.items import Item

PLAIN_TEXT = 0x80 | TEXT
"""The first byte of a text in one frame, without extension (RFC 6455 5.2)."""
MASKED = 0x80


class Run(NamedTuple):
    """The places of a run, those of its segments with bytes, and whether the client is the lesser endpoint."""

    start: int
    stop: int
    filled: list[int]
    client_is_low: bool


def continues(flow: Flow, segments: Sorted, run: Run) -> bool:
    """Whether segments go on where a connection stands, which is known, and nothing of it waits."""
    if not flow.decided or flow.closing or flow.deferred:
        return False
    for half, forth in ((flow.upper, run.client_is_low), (flow.lower, not run.client_is_low)):
        if not half.settled:
            return False
        first = next((place for place in range(run.start, run.stop) if segments.forth[place] == forth), None)
        if first is not None and (half.next is None or half.next & 0xFFFF_FFFF != segments.sequence[first]):
            return False
    return True


def read_run(
    conversation: Conversation,
    data: bytes,
    segments: Sorted,
    run: Run,
    number: int,
    follow: Callable[[Iterable[Event]], Iterator[Item]],
) -> Iterator[Item]:
    """What a run says; `number` is that of the first packet of its batch."""
    texts: list[tuple[bool, str, int, int]] = []
    idle = _idle(conversation)
    passed = {True: 0, False: 0}
    for place in run.filled:
        forth, begin = segments.forth[place], segments.begin[place]
        end, ts, packet = begin + segments.length[place], segments.ts[place], number + segments.row[place]
        from_client = forth == run.client_is_low
        said = texts_of(data, begin, end, masked=from_client) if idle[from_client] else None
        if said is not None:
            passed[from_client] += end - begin
            texts += [(from_client, text, ts, packet) for text in said]
            continue
        yield from _tell(conversation, texts, passed)
        texts, passed = [], {True: 0, False: 0}
        yield from follow([Data(conversation.connection.number, from_client, data[begin:end], ts, packet)])
        idle = _idle(conversation)
    yield from _tell(conversation, texts, passed)


def _idle(conversation: Conversation) -> dict[bool, bool]:
    """Of each side, the client's being True, whether its next bytes begin a message."""
    sides = {from_client: conversation.side(from_client=from_client) for from_client in (True, False)}
    return {from_client: side is not None and side.idle for from_client, side in sides.items()}


def _tell(
    conversation: Conversation, texts: list[tuple[bool, str, int, int]], passed: dict[bool, int]
) -> Iterator[Item]:
    if texts:
        yield conversation.take_texts(texts)
    for from_client, count in passed.items():
        side = conversation.side(from_client=from_client)
        if count and side is not None:
            side.skip(count)


def texts_of(data: bytes, at: int, end: int, *, masked: bool) -> list[str] | None:
    """The texts that fill these bytes, each in one frame as it should be; None where anything else is there."""
    texts = []
    while at < end:
        second = data[at + 1]
        if data[at] != PLAIN_TEXT or (second >= MASKED) != masked:
            return None
        length = second & 0x7F
        at += 2
        if length > 125:
            if length == 127:
                return None
            length = data[at] << 8 | data[at + 1]
            if length < 126:
                return None
            at += 2
        if masked:
            start = at + 4
            at = start + length
            content = apply_mask(data[start:at], data[start - 4 : start])
        else:
            content = data[at : at + length]
            at += length
        if at > end:
            return None
        try:
            texts.append(content.decode())
        except UnicodeDecodeError:
            return None
    return texts


def pass_over(flow: Flow, segments: Sorted, run: Run, batch: Batch) -> None:
    """Bring a connection to where it stands behind a run, as if each segment had been taken by itself."""
    for half, other, forth in (
        (flow.upper, flow.lower, run.client_is_low),
        (flow.lower, flow.upper, not run.client_is_low),
    ):
        last = next((place for place in range(run.stop - 1, run.start - 1, -1) if segments.forth[place] == forth), None)
        if last is None:
            continue
        segment = dissect(batch.record(segments.row[last]))
        if isinstance(segment, Segment):
            half.hear(segment)
            other.acknowledge(segment.acknowledgement, segment.ts)
        filled = [place for place in run.filled if segments.forth[place] == forth]
        half.go_on((segments.sequence[last] + segments.length[last]) & 0xFFFF_FFFF, len(filled))
        for place in filled[-REMEMBERED:]:
            half.recent.remember(
                segments.ts[place], segments.sequence[place], segments.flags[place], segments.length[place]
            )
        if filled:
            begin, size = segments.begin[filled[-1]], segments.length[filled[-1]]
            packet = batch.number + segments.row[filled[-1]]
            half.end_with(batch.data[begin : begin + size], segments.ts[filled[-1]], packet)
    flow.ts, flow.packet, flow.stray = segments.ts[run.stop - 1], batch.number + segments.row[run.stop - 1], None

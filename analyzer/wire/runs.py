"""Reads a run of a connection: segments that carry its bytes on, in order and without a gap.

Nearly all of a healthy capture is such runs, and in them nearly every segment holds whole texts, each in one frame.
Those are read here at once; everything else goes the usual way, segment by segment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from websockets.speedups import apply_mask

from analyzer.wire.events import Data
from analyzer.wire.flows import MASKED, PLAIN_TEXT
from analyzer.wire.recent import REMEMBERED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from analyzer.wire.batches import Batch
    from analyzer.wire.conversation import Conversation
    from analyzer.wire.events import Event
    from analyzer.wire.flow import Flow
    from analyzer.wire.flows import Sorted
    from analyzer.wire.items import Item
    from analyzer.wire.side import Side

MAX_WAITING = 16
"""Pieces of a frame that are put together here; a frame of more is left to the usual way."""


class Run(NamedTuple):
    """The places of a run, those of its segments with bytes, and whether the client is the lesser endpoint."""

    start: int
    stop: int
    filled: list[int]
    client_is_low: bool


def reach(flow: Flow, segments: Sorted, start: int, stop: int, *, client_is_low: bool) -> int:
    """How far segments go on where a connection stands, which is known, and nothing of it waits.

    It takes no longer than the segments that it finds: looking through all of them each time would be quadratic.
    """
    if not flow.decided or flow.closing or flow.deferred or not (flow.upper.settled and flow.lower.settled):
        return start
    forth = segments.forth
    if not _continues(flow, segments, start, client_is_low=client_is_low):
        return start
    other = next((place for place in range(start, stop) if forth[place] != forth[start]), stop)
    return stop if other == stop or _continues(flow, segments, other, client_is_low=client_is_low) else other


def _continues(flow: Flow, segments: Sorted, place: int, *, client_is_low: bool) -> bool:
    half = flow.upper if segments.forth[place] == client_is_low else flow.lower
    return half.next is not None and half.next & 0xFFFF_FFFF == segments.sequence[place]


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
    sides = _Sides(conversation)
    encrypted = conversation.connection.tls
    for place in run.filled:
        from_client, begin = segments.forth[place] == run.client_is_low, segments.begin[place]
        size, ts, packet = segments.length[place], segments.ts[place], number + segments.row[place]
        if encrypted and (
            conversation.skip_encrypted(size, ts, from_client=from_client)
            or conversation.take_encrypted(data[begin : begin + size], ts, packet, from_client=from_client)
        ):
            continue
        if sides.ready[from_client] and (segments.text[place] < 0) == from_client:
            text = text_at(data, segments.text[place], begin + size)
            if text is not None:
                sides.passed[from_client] += size
                texts.append((from_client, text, ts, packet))
                continue
        said = sides.read(data, begin, begin + size, ts, packet, from_client=from_client)
        if said is not None:
            texts += [(from_client, text, ts, packet) for text in said]
            continue
        if texts:
            yield conversation.take_texts(texts)
            texts = []
        yield from follow([*sides.settle(), Data(sides.flow, from_client, data[begin : begin + size], ts, packet)])
    if texts:
        yield conversation.take_texts(texts)
    yield from follow(sides.settle())


class _Sides:
    """Both sides of a connection in a run: what of them was read, and the pieces that wait for the rest of a frame.

    `passed` counts the bytes of each that were read here; one is `ready` if its next bytes begin a frame.
    """

    def __init__(self, conversation: Conversation) -> None:
        self.flow = conversation.connection.number
        self.passed = {True: 0, False: 0}
        self.ready = {True: False, False: False}
        self._conversation = conversation
        self._waiting: dict[bool, list[Data]] = {True: [], False: []}
        self._idle = {True: False, False: False}
        self._sides: dict[bool, Side | None] = {}
        self._look()

    def read(self, data: bytes, begin: int, end: int, ts: int, packet: int, *, from_client: bool) -> list[str] | None:
        """The texts that the next bytes of a side complete; None where anything else is among them."""
        if not self._sides:
            self._look()
        if not self._idle[from_client]:
            return None
        waiting = self._waiting[from_client]
        if not waiting:
            found = texts_of(data, begin, end, masked=from_client)
            if found is None:
                return None
            texts, at = found
            self.passed[from_client] += at - begin
        elif len(waiting) < MAX_WAITING:
            joined = b"".join([*(piece.data for piece in waiting), data[begin:end]])
            found = texts_of(joined, 0, len(joined), masked=from_client)
            if found is None:
                return None
            texts, at = found
            if texts:
                self.passed[from_client] += at
                waiting.clear()
                at = end - (len(joined) - at)
            else:
                at = begin
        else:
            return None
        if at < end:
            waiting.append(Data(self.flow, from_client, data[at:end], ts, packet))
        self.ready[from_client] = not waiting
        return texts

    def settle(self) -> list[Data]:
        """Bring the sides to where they stand, and give the pieces that still wait, in their order."""
        for from_client, side in self._sides.items():
            if self.passed[from_client] and side is not None:
                side.skip(self.passed[from_client])
                self.passed[from_client] = 0
        waiting = [*self._waiting[True], *self._waiting[False]]
        if waiting:
            waiting.sort(key=lambda piece: piece.packet)
            self._waiting = {True: [], False: []}
        self._sides = {}
        self.ready = {True: False, False: False}
        return waiting

    def _look(self) -> None:
        """See where the sides stand, after something else has read them."""
        for from_client in (True, False):
            side = self._sides[from_client] = self._conversation.side(from_client=from_client)
            self._idle[from_client] = self.ready[from_client] = side is not None and side.idle


def text_at(data: bytes, at: int, end: int) -> str | None:
    """The text between two places of a batch, masked where the first is negative; None where there is none."""
    if not at:
        return None
    content = data[at:end] if at > 0 else apply_mask(data[-at:end], data[-at - 4 : -at])
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def texts_of(data: bytes, at: int, end: int, *, masked: bool) -> tuple[list[str], int] | None:
    """The texts that these bytes begin with, each in one frame as it should be, and where the first that is not whole is.

    None where anything else is there.
    """
    texts: list[str] = []
    while end - at >= 2:
        second = data[at + 1]
        if data[at] != PLAIN_TEXT or (second >= MASKED) != masked:
            return None
        length, start = second & 0x7F, at + 2
        if length > 125:
            if length == 127 or end - at < 4:
                return None if length == 127 else (texts, at)
            length = data[start] << 8 | data[start + 1]
            start += 2
            if length < 126:
                return None
        if masked:
            start += 4
        stop = start + length
        if stop > end:
            break
        content = apply_mask(data[start:stop], data[start - 4 : start]) if masked else data[start:stop]
        try:
            texts.append(content.decode())
        except UnicodeDecodeError:
            return None
        at = stop
    return texts, at


def pass_over(flow: Flow, segments: Sorted, run: Run, batch: Batch) -> None:
    """Bring a connection to where it stands behind a run, as if each segment had been taken by itself."""
    for half, other, forth in (
        (flow.upper, flow.lower, run.client_is_low),
        (flow.lower, flow.upper, not run.client_is_low),
    ):
        last = next((place for place in range(run.stop - 1, run.start - 1, -1) if segments.forth[place] == forth), None)
        if last is None:
            continue
        half.hear(segments.ts[last], batch.number + segments.row[last], segments.ttl[last])
        other.acknowledge(segments.acknowledgement[last], segments.ts[last])
        filled = [place for place in run.filled if segments.forth[place] == forth]
        half.go_on((segments.sequence[last] + segments.length[last]) & 0xFFFF_FFFF, len(filled))
        if not filled:
            continue
        ts, sequence, flags, length = segments.ts, segments.sequence, segments.flags, segments.length
        half.recent.remember_all(
            [(ts[place], sequence[place], flags[place], length[place]) for place in filled[-REMEMBERED:]]
        )
        begin, size = segments.begin[filled[-1]], segments.length[filled[-1]]
        packet = batch.number + segments.row[filled[-1]]
        half.end_with(batch.data[begin : begin + size], segments.ts[filled[-1]], packet)
    flow.ts, flow.packet, flow.stray = segments.ts[run.stop - 1], batch.number + segments.row[run.stop - 1], None

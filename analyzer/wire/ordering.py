"""Puts the bytes of one direction of a TCP connection in order (RFC 9293 3.4)."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter
from typing import TYPE_CHECKING

from analyzer.wire.events import Data, Fault, Hole, Transport
from analyzer.wire.link import FIN, RST
from analyzer.wire.loss import CAPTURE, NETWORK, SNAPPED, blame
from analyzer.wire.piece import Piece, contradict, signed
from analyzer.wire.recent import Recent
from analyzer.wire.window import Window

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from analyzer.wire.events import Event
    from analyzer.wire.link import Segment
    from analyzer.wire.silence import Unanswered
    from analyzer.wire.window import Closed

PATIENCE = 60_000_000
"""Microseconds that later bytes wait for those before them: a sender may wait so long to repeat them (RFC 6298 2.5)."""
ACKNOWLEDGED_PATIENCE = 200_000
"""The same once the receiver has acknowledged the missing bytes: only a capture that reorders can still bring them."""
MAX_HELD_SEGMENTS = 1024
MAX_HELD_BYTES = 4 << 20
"""Segments and bytes that wait for those before them in one direction."""
HELD = 200
"""Bytes that a held segment takes beside its content, roughly."""
WINDOW = 1 << 24
"""How far from the expected place a sequence number may be. OCPP comes nowhere near the 1 GiB of RFC 7323."""
REORDERING = 3_000
"""Microseconds by which the network may reorder, where the round trip is not known; what comes later was sent again."""


class Half:
    """One direction of a flow. Places are sequence numbers that go on growing where those of TCP wrap.

    Of the packets of its sender, `heard` and `packet` are the time and number of the last one, `first_ttl` and `ttl` the
    times to live of the first and the last, those of a RST left out; `segments` counts those with data. Of its receiver,
    `first_acknowledged` and `acknowledged` are the first and last acknowledgement.
    """

    __slots__ = (
        "_ahead", "_asked", "_asked_at", "_complained", "_held", "_held_bytes", "_last", "_since", "_window",
        "acknowledged", "fin", "first_acknowledged", "first_ttl", "flow", "from_client", "heard", "joined", "next",
        "packet", "recent", "reordering", "segments", "start", "ttl", "unanswered",
    )  # fmt: skip

    def __init__(self, flow: int, *, from_client: bool) -> None:
        self.flow = flow
        self.from_client = from_client
        self.start: int | None = None
        self.next: int | None = None
        self.fin: int | None = None
        self.acknowledged: int | None = None
        self.first_acknowledged: int | None = None
        self.heard: int | None = None
        self.packet = 0
        self.first_ttl = self.ttl = 0
        self.segments = 0
        self.reordering = REORDERING
        self.unanswered: Unanswered | None = None
        self._asked = self._asked_at = 0
        self._ahead = (0, 0)
        self._held: list[Piece] = []
        self._held_bytes = 0
        self._since = 0
        self._last: Piece | None = None
        self.recent = Recent()
        self._window = Window()
        self.joined = self._complained = False

    def begin(self, sequence: int) -> None:
        """Set where the stream begins."""
        self.start = self.next = sequence & 0xFFFF_FFFF

    def emptied(self) -> Half:
        """The same direction with nothing but its places: they tell another connection on its ports from this one."""
        half = Half(self.flow, from_client=self.from_client)
        half.start, half.next, half.fin, half.acknowledged = self.start, self.next, self.fin, self.acknowledged
        return half

    @property
    def complete(self) -> bool:
        """Whether every byte up to the FIN is there."""
        return self.fin is not None and self.next is not None and self.next >= self.fin

    @property
    def waiting(self) -> bool:
        """Whether later bytes wait for missing ones."""
        return bool(self._held)

    @property
    def settled(self) -> bool:
        """Whether nothing of it waits, is known to be missing, or is over: what goes on there may be read elsewhere."""
        whole = not self._held and self._ahead[0] <= self._next
        return whole and self.fin is None and not self._window.closed

    @property
    def held(self) -> int:
        """Bytes that wait for those before them, roughly."""
        return self._held_bytes + len(self._held) * HELD

    def distance(self, sequence: int) -> int:
        """How far a sequence number is ahead of the next byte expected; negative behind, 0 where nothing is known."""
        return 0 if self.next is None else signed(sequence - self.next)

    def hear(self, ts: int, packet: int, ttl: int | None) -> None:
        """Note a packet of the sender, whatever it holds, and its time to live where that may be believed."""
        self.heard, self.packet = ts, packet
        if ttl is not None:
            self.first_ttl, self.ttl = self.first_ttl or ttl, ttl

    def acknowledge(self, number: int, ts: int) -> None:
        """Note what the receiver acknowledges; as long as it stands before missing bytes it asks for them."""
        self.acknowledged = number
        if self.first_acknowledged is None:
            self.first_acknowledged = number
        if self._held and signed(number - self._next) == 0:
            self._asked, self._asked_at = self._asked + 1, ts

    def go_on(self, sequence: int, segments: int) -> None:
        """Take note of bytes up to this sequence number, and how many segments, that were read elsewhere, in order."""
        self.next = self._next + signed(sequence - self._next)
        self.segments += segments

    def pass_to(self, sequence: int) -> None:
        """Take note that all before this place was sent, be it captured or not."""
        if self.distance(sequence) > 0:
            self.go_on(sequence, 0)

    def end_with(self, data: bytes, ts: int, packet: int) -> None:
        """Take note of the last bytes among those."""
        self._last = Piece(self._next - len(data), len(data), data, ts, packet)

    def accept(self, segment: Segment) -> Iterator[Event]:
        """Take a segment of this direction; what it makes available comes out in the order of the stream."""
        yield from self._zero_window(self._window.watch(segment))
        length = len(segment.payload) + segment.missing
        if self.next is None:
            if not length and not segment.flags & FIN:
                return
            self._join(segment.sequence)
        position = self._next + self.distance(segment.sequence)
        twice = bool(length or segment.flags & FIN) and self.recent.repeats(segment)
        if twice and not contradict(self._last, self._captured(segment, position)):
            yield self._transport("duplicate", segment, length)
            return
        if segment.flags & FIN and self.fin is None:
            self.fin = position + length
            yield self._transport("fin", segment, 0)
        if length <= 1 and position == self._next - 1 and not segment.flags & (FIN | RST):
            # A keep-alive repeats the last byte or none (RFC 9293 3.8.4); the byte may be anything.
            yield self._transport("keep_alive", segment, length)
        elif length:
            self.segments += 1
            yield from self._place(segment, position)
        elif position > max(self._next, self._ahead[0]) and not segment.flags & RST:
            # An acknowledgement stands behind all that was sent (RFC 9293 3.10.7.4): something before it is missing.
            self._ahead = position, segment.ts

    def give_up(self, now: int) -> Iterator[Event]:
        """Declare the bytes lost that were waited for long enough, and let go what comes after them."""
        while self._held:
            waited, why = now - self._since, self._blame(self._held[0].position)
            patience = ACKNOWLEDGED_PATIENCE if why == CAPTURE else PATIENCE
            if waited <= patience and len(self._held) <= MAX_HELD_SEGMENTS and self._held_bytes <= MAX_HELD_BYTES:
                return
            yield self._declare(why)
            yield from self._drain(now)

    def finish(self, ts: int, packet: int, *, over: bool = True) -> Iterator[Event]:
        """Let go everything that still waits; `over` is false where the capture ends before the connection does."""
        yield from self._zero_window(self._window.end(ts))
        while self._held:
            why = self._blame(self._held[0].position)
            hole = self._declare(why)
            yield hole._replace(lost=hole.lost and (why == CAPTURE or (over and why != NETWORK)))
            yield from self._drain(ts)
        if self.next is None:
            return
        acknowledged = 0 if self.acknowledged is None else signed(self.acknowledged - self.next)
        # Without a FIN, one byte more that is acknowledged may be one that was not captured.
        beyond = acknowledged if acknowledged > 1 else 0
        # A FIN stands behind all that was sent (RFC 9293 3.6).
        missing = beyond if self.fin is None else self.fin - self.next
        if 0 < missing < WINDOW:
            why = self._blame(self.next + missing)
            yield Hole(self.flow, self.from_client, missing, ts, packet, why, over or why == CAPTURE)

    @property
    def _next(self) -> int:
        return self.next or 0

    def _blame(self, beyond: int) -> str:
        """Who lost the bytes between the next one expected and this place."""
        acknowledged = self.acknowledged is not None and signed(self.acknowledged - beyond) >= 0
        asked_for = self._asked_at - self._since if self._asked else 0
        return blame(acknowledged=acknowledged, asked=self._asked, asked_for=asked_for)

    def _join(self, sequence: int) -> None:
        """Begin in the middle: where the other side's acknowledgement says, if that is near."""
        known = self.acknowledged
        near = known is not None and 0 <= signed(sequence - known) < WINDOW
        self.begin(known if near and known is not None else sequence)
        self.joined = True

    def _place(self, segment: Segment, position: int) -> Iterator[Event]:
        captured = len(segment.payload)
        pieces = [self._captured(segment, position)] if captured else []
        if segment.missing:
            pieces.append(Piece(position + captured, segment.missing, None, segment.ts, segment.number))
        late = self._is_late(segment, position)
        repeated = 0
        for piece in pieces:
            end = piece.position + piece.length
            if self.fin is not None and end > self.fin:
                yield from self._complain("data_after_end", "it sent bytes after its FIN", segment)
                end = max(self.fin, piece.position)
            yield from self._compare(self._last, piece)
            start = max(piece.position, self._next)
            repeated += end - piece.position
            if start < end:
                repeated -= yield from self._insert(piece.cut(start, end))
        yield from self._drain(segment.ts)
        if repeated or late:
            size = captured + segment.missing if late else repeated
            yield self._transport("retransmission", segment, size)

    @staticmethod
    def _captured(segment: Segment, position: int) -> Piece:
        return Piece(position, len(segment.payload), segment.payload, segment.ts, segment.number)

    def _is_late(self, segment: Segment, position: int) -> bool:
        """Whether a segment fills missing bytes so long after those behind that it must have been sent again."""
        known = [self._ahead] + [(piece.position, self._since) for piece in self._held[-1:]]
        return any(position < place and segment.ts - since > self.reordering for place, since in known)

    def _insert(self, piece: Piece) -> Generator[Event, None, int]:
        """Put a piece among those held, and tell how many bytes are new; the earlier captured ones stay."""
        start, end, fresh = piece.position, piece.position + piece.length, 0
        at = bisect_left(self._held, start, key=attrgetter("position"))
        if at and self._held[at - 1].position + self._held[at - 1].length > start:
            at -= 1
        while start < end:
            held = self._held[at] if at < len(self._held) else None
            until = end if held is None else min(end, max(held.position, start))
            if until > start:
                self._since = self._since if self._held else piece.ts
                self._held.insert(at, piece.cut(start, until))
                self._held_bytes += until - start
                fresh += until - start
                at += 1
            if held is None:
                break
            yield from self._compare(held, piece)
            start = max(start, held.position + held.length)
            at += 1
        return fresh

    def _drain(self, now: int) -> Iterator[Event]:
        taken = 0
        while taken < len(self._held) and self._held[taken].position == self.next:
            piece = self._held[taken]
            taken += 1
            self.next = piece.position + piece.length
            self._held_bytes -= piece.length
            if piece.data is None:
                yield Hole(self.flow, self.from_client, piece.length, piece.ts, piece.packet, SNAPPED)
            else:
                self._last = piece
                yield Data(self.flow, self.from_client, piece.data, piece.ts, piece.packet)
        if taken:
            del self._held[:taken]
            self._since, self._asked = now, 0

    def _declare(self, why: str) -> Hole:
        first = self._held[0]
        missing = first.position - self._next
        self.next = first.position
        # What was under way when the capture began is no loss of it.
        lost = not self.joined or self._last is not None
        return Hole(self.flow, self.from_client, missing, first.ts, first.packet, why, lost)

    def _compare(self, known: Piece | None, piece: Piece) -> Iterator[Event]:
        """Complain where two pieces say different things of the same place: somebody interferes, or a sender is broken."""
        size = contradict(known, piece)
        if known is not None and size and not self._complained:
            self._complained = True
            detail = f"packet {piece.packet} repeats {size} bytes of packet {known.packet} with other content"
            yield Fault(self.flow, "contradictory_overlap", detail, self.from_client, piece.ts, piece.packet)

    def _complain(self, kind: str, detail: str, segment: Segment) -> Iterator[Event]:
        if not self._complained:
            self._complained = True
            yield Fault(self.flow, kind, detail, self.from_client, segment.ts, segment.number)

    def _zero_window(self, closed: Closed | None) -> Iterator[Event]:
        if closed is not None:
            yield self._transport("zero_window", closed.segment, 0)._replace(duration=closed.duration)

    def _transport(self, kind: str, segment: Segment, size: int) -> Transport:
        return Transport(self.flow, kind, self.from_client, segment.ts, segment.number, size)

"""Reads the frames of one direction of a WebSocket (RFC 6455 5)."""

from __future__ import annotations

import itertools
import struct
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.ocppj import looks_like_ocpp
from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
OPCODES = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
MAX_CONTROL = 125
"""Bytes of a control frame's payload (5.5)."""
NEVER_SENT = frozenset({1004, 1005, 1006, 1015})
"""Close codes that no frame has (7.4.1)."""
MAX_FRAME = 16 << 20
"""Bytes of one frame; OCPP messages are a few KiB."""
MAX_SEARCH = 64 << 10
"""Bytes kept while looking for the beginning of a frame."""
MAX_STARTS = 64
"""Segments whose beginning may prove to be that of a frame while looking for one; the oldest is given up."""
PEEKED = 24
"""Bytes of a payload that are looked at to recognise it."""


class Header(NamedTuple):
    """The header of a frame, which stands at `at`; its payload is from `start` to `end`."""

    at: int
    fin: bool
    rsv1: bool
    reserved: bool
    opcode: int
    mask: bytes | None
    start: int
    end: int

    @property
    def length(self) -> int:
        """Bytes of the payload."""
        return self.end - self.start


class Frame(NamedTuple):
    """One frame, unmasked; `reserved` tells that RSV2 or RSV3 is set. The times and packets are of its ends."""

    fin: bool
    rsv1: bool
    reserved: bool
    opcode: int
    masked: bool
    payload: bytes
    ts_first: int
    ts: int
    packet_first: int
    packet: int


class Mark(NamedTuple):
    """The packet that brought the bytes from a place of the stream on."""

    start: int
    ts: int
    packet: int


class Start(NamedTuple):
    """Where a segment begins and ends in which a frame is looked for."""

    at: int
    end: int


class Interruption(NamedTuple):
    """Something of the direction is lost here: what is built from several frames must begin anew."""

    ts: int
    packet: int


class Peek(NamedTuple):
    """The beginning of something that may be a frame."""

    masked: bool
    beginning: bytes


def read_header(data: bytes | bytearray, at: int = 0) -> Header | None:
    """The frame header at a place, None where it is not whole yet."""
    size = len(data)
    if size < at + 2:
        return None
    first, second = data[at], data[at + 1]
    start, length = at + 2, second & 0x7F
    if length > 125:
        wide = 2 if length == 126 else 8
        if size < start + wide:
            return None
        length = int.from_bytes(data[start : start + wide], "big")
        start += wide
    mask = None
    if second & 0x80:
        mask = bytes(data[start : start + 4])
        start += 4
        if size < start:
            return None
    return Header(at, first >= 0x80, bool(first & 0x40), bool(first & 0x30), first & 15, mask, start, start + length)


def unmask(data: bytes, mask: bytes | None) -> bytes:
    """Take the mask off, or put it on (5.3)."""
    if not mask or not data:
        return data
    size = len(data)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(data, "big") ^ key).to_bytes(size, "big")


def peek(data: bytes | bytearray, at: int = 0) -> Peek | None:
    """Look at what may be a data frame; None where its header is impossible or not whole."""
    header = read_header(data, at)
    if header is None or not plausible(header, data):
        return None
    beginning = bytes(data[header.start : min(header.end, header.start + PEEKED)])
    return Peek(header.mask is not None, unmask(beginning, header.mask))


def plausible(header: Header, data: bytes | bytearray) -> bool:
    """Whether a sender that keeps to the standard would send this header."""
    if header.opcode not in OPCODES or header.reserved or header.length > MAX_FRAME:
        return False
    if header.opcode < CLOSE:
        return _shortest(header) and not (header.rsv1 and header.opcode == CONTINUATION)
    if not header.fin or header.rsv1 or header.length > MAX_CONTROL:
        return False
    if header.opcode == CLOSE and header.length > 1 and len(data) >= header.start + 2:
        code = unmask(bytes(data[header.start : header.start + 2]), header.mask)
        return may_be_sent(struct.unpack("!H", code)[0])
    return header.opcode != CLOSE or header.length != 1


def may_be_sent(code: int) -> bool:
    """Whether a close frame may have this code (7.4): some tell only how a connection ended without one."""
    return 1000 <= code < 5000 and code not in NEVER_SENT


def _shortest(header: Header) -> bool:
    """Whether the length is written in the fewest bytes (5.2 demands it)."""
    size = header.start - header.at - (4 if header.mask is not None else 0)
    return {2: 0, 4: 126, 10: 65_536}[size] <= header.length


class FrameReader:
    """The frames of one direction, fed with its bytes.

    `lost` says that the stream is joined in the middle: then, and after every loss, it looks for the next frame.
    `deflate` tells whether permessage-deflate was negotiated, None where that was not seen.
    """

    def __init__(self, *, from_client: bool, deflate: bool | None = None, lost: bool = False) -> None:
        self._from_client = from_client
        self._deflate = deflate
        self._searching = lost
        self._trusted = not lost
        self._aligned = False
        self._damaged = False
        self._data = bytearray()
        self._base = 0
        self._scanned = 0
        self._marks: deque[Mark] = deque()
        self._starts: list[Start] = []

    @property
    def within(self) -> bool:
        """Whether the bytes so far end inside a frame."""
        return bool(self._data) and not self._searching

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of a frame."""
        return len(self._data)

    @property
    def idle(self) -> bool:
        """Whether it surely stands at the beginning of a frame."""
        return (self._trusted or self._aligned) and not (self._data or self._searching or self._damaged)

    def skip(self, count: int) -> None:
        """Take note of whole frames that were read elsewhere."""
        self._base += count

    def align(self, texts: Iterable[str]) -> None:
        """Take note of what those frames held: one of OCPP tells that frames begin here where they should."""
        self._aligned = self._aligned or any(looks_like_ocpp(text[:PEEKED].encode()[:PEEKED]) for text in texts)

    def feed(self, data: bytes, ts: int, packet: int) -> Iterator[Frame | Interruption | Problem]:
        """Take the next bytes, which this packet brought."""
        if not data:
            return
        at = self._base + len(self._data)
        self._marks.append(Mark(at, ts, packet))
        self._data += data
        if self._searching:
            self._starts.append(Start(at, at + len(data)))
        else:
            yield from self._read_frames()
        while self._searching and self._search():
            yield from self._read_frames()
        if not self._searching and len(self._marks) > 2:
            # The frame that is not whole yet needs the packet of its first byte; its last byte is still to come.
            self._marks = deque((self._marks[0], self._marks[-1]))

    def lose(self, count: int, ts: int, packet: int) -> Iterator[Frame | Interruption | Problem]:
        """Take note that bytes are missing here. If the frame goes on behind them, only this frame is lost."""
        header = None if self._searching else read_header(self._data)
        if header is None or header.end - len(self._data) < count:
            self._discard(len(self._data))
            self._base += count
            self._searching, self._trusted, self._aligned, self._damaged = True, False, False, False
            yield Interruption(ts, packet)
        else:
            self._damaged = True
            yield from self.feed(bytes(count), ts, packet)

    def _read_frames(self) -> Iterator[Frame | Interruption | Problem]:
        at = 0
        while (header := read_header(self._data, at)) is not None:
            if header.length > MAX_FRAME or not (self._follows(header) if self._trusted else self._believes(header)):
                yield from self._lose_way(header, at)
                return
            if header.end > len(self._data):
                break
            if self._damaged:
                _, ts, packet = self._mark(header.end)
                self._damaged = False
                yield Interruption(ts, packet)
            else:
                self._aligned = self._aligned or self._holds_ocpp(header)
                yield self._frame(header)
            at = header.end
        self._discard(at)

    def _follows(self, header: Header) -> bool:
        """Whether a frame follows the last one here, or the length of that one was wrong.

        Senders write whole frames: this one begins with a segment, or the segment ends with one that follows it, or it
        holds what a frame of OCPP may. A length that was wrong leads into the middle of another frame.
        """
        from analyzer.wire.resynchronise import begins_as_ocpp

        begins = any(mark.start == self._base + header.at for mark in self._marks)
        if begins or not self._aligned or self._ends_well(header):
            return True
        if not plausible(header, self._data) or (header.mask is not None) != self._from_client:
            return False
        return (
            header.opcode not in {TEXT, BINARY}
            or begins_as_ocpp(header, self._data, deflate=self._deflate) is not False
        )

    def _holds_ocpp(self, header: Header) -> bool:
        from analyzer.wire.resynchronise import begins_as_ocpp

        return header.opcode in {TEXT, BINARY} and begins_as_ocpp(header, self._data, deflate=self._deflate) is True

    def _ends_well(self, header: Header | None) -> bool:
        """Whether frames follow each other from here to the end of what is there."""
        while header is not None and header.end < len(self._data):
            header = read_header(self._data, header.end)
        return header is not None and header.end == len(self._data)

    def _believes(self, header: Header) -> bool:
        """Whether this is a frame, behind a loss: until one has held OCPP, another text tells that none began here."""
        from analyzer.wire.resynchronise import begins_as_ocpp

        if not plausible(header, self._data):
            return False
        if self._aligned or header.opcode not in {TEXT, BINARY}:
            return True
        begins = begins_as_ocpp(header, self._data, deflate=self._deflate)
        self._aligned = begins is True
        return begins is not False

    def _lose_way(self, header: Header, at: int) -> Iterator[Interruption | Problem]:
        _, ts, packet = self._mark(at + 1)
        if header.length > MAX_FRAME:
            yield Problem("frame_too_long", f"a frame claims {header.length} bytes", ts, packet)
        else:
            yield Problem("lost_frames", "no frame begins where the last one ends", ts, packet)
        yield Interruption(ts, packet)
        self._discard(at + 1)
        self._searching, self._trusted, self._aligned, self._damaged = True, False, False, False
        begins = [mark.start for mark in self._marks if mark.start >= self._base]
        self._starts = [Start(*ends) for ends in itertools.pairwise([*begins, self._base + len(self._data)])]

    def _frame(self, header: Header) -> Frame:
        payload = unmask(bytes(self._data[header.start : header.end]), header.mask)
        _, ts_first, packet_first = self._mark(header.at + 1)
        _, ts, packet = self._mark(header.end)
        flags = (header.fin, header.rsv1, header.reserved, header.opcode, header.mask is not None)
        return Frame(*flags, payload, ts_first, ts, packet_first, packet)

    def _mark(self, end: int) -> Mark:
        """The packet that brought the byte before a place of the buffer."""
        if len(self._marks) == 1:
            return self._marks[0]
        return next((mark for mark in reversed(self._marks) if mark.start < self._base + end), self._marks[0])

    def _discard(self, count: int) -> None:
        if not count:
            return
        del self._data[:count]
        self._base += count
        if not self._data:
            self._marks.clear()
        while len(self._marks) > 1 and self._marks[1].start <= self._base:
            self._marks.popleft()

    def _search(self) -> bool:
        """Look for the beginning of a frame, and drop what comes before it."""
        from analyzer.wire.resynchronise import search

        base = self._base
        starts = [Start(at - base, end - base) for at, end in self._starts[-MAX_STARTS:] if at >= base]
        scanned = max(self._scanned - base, 0)
        found, keep, scanned, undecided = search(
            self._data, starts, scanned, from_client=self._from_client, deflate=self._deflate
        )
        self._scanned = base + scanned
        self._starts = [Start(at + base, end + base) for at, end in undecided]
        if found is None:
            self._discard(max(keep, len(self._data) - MAX_SEARCH))
            return False
        self._discard(found)
        self._searching = False
        return True

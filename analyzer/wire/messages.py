"""Puts the messages of a WebSocket together from the frames of one direction (RFC 6455 5.4 to 5.6)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.deflate import InflateError, Inflater
from analyzer.wire.frames import Interruption
from analyzer.wire.ocppj import looks_like_ocpp
from analyzer.wire.problems import Problem
from analyzer.wire.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_CONTROL,
    OPCODES,
    PING,
    TEXT,
    may_be_sent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.frames import Frame

MAX_MESSAGE = 16 << 20
"""Bytes of one message before inflating."""


class Message(NamedTuple):
    """A message; `text` is None for binary ones. `ts` and `packet` are of its last byte.

    `saved` is by how many bytes compression made it shorter. A doubtful one stands behind a loss, before anything that
    holds OCPP: what was taken for its frames may be none.
    """

    opcode: int
    text: str | None
    data: bytes
    compressed: bool
    frames: int
    ts: int
    packet: int
    saved: int = 0
    doubtful: bool = False


class Control(NamedTuple):
    """A control frame: ping, pong or close; `code` and `reason` only of close frames that have them."""

    kind: str
    payload: bytes
    code: int | None
    reason: str | None
    ts: int
    packet: int


class MessageReader:
    """The messages and control frames of one direction, fed with its frames.

    `deflate` tells whether permessage-deflate was negotiated, None where that was not seen; `forgets` whether the
    sender empties its window after each message; `lost` that the stream is joined in the middle.
    """

    def __init__(
        self, *, from_client: bool, deflate: bool | None = None, forgets: bool = False, lost: bool = False
    ) -> None:
        self._from_client = from_client
        self._deflate = deflate
        self._inflater = Inflater(forgets=forgets, lost=lost)
        self._lost = lost
        self._doubtful = lost
        self._closed = False
        self._first: Frame | None = None
        self._content = bytearray()
        self._frames = 0

    @property
    def held(self) -> int:
        """Bytes of fragments that wait for others."""
        return len(self._content)

    @property
    def idle(self) -> bool:
        """Whether no message is under way, and nothing speaks against the next one."""
        return self._first is None and not (self._doubtful or self._closed)

    def skip(self) -> None:
        """Take note of whole texts, each of one frame and not compressed, that were read elsewhere."""
        self._lost = False

    def feed(self, frame: Frame | Interruption) -> Iterator[Message | Control | Problem]:
        """Take the next frame, or the note that something is missing."""
        if isinstance(frame, Interruption):
            self._forget()
            self._inflater.lose()
            self._lost = self._doubtful = True
            return
        if not self._doubtful:
            # Behind a loss, what breaks the rules may be no frame at all.
            for kind, detail in self._violations(frame):
                yield Problem(kind, detail, frame.ts, frame.packet)
        if frame.opcode not in OPCODES:
            return
        if frame.opcode >= CLOSE:
            self._closed = self._closed or frame.opcode == CLOSE
            yield from _control(frame)
        else:
            yield from self._collect(frame)

    def _violations(self, frame: Frame) -> Iterator[tuple[str, str]]:
        if frame.masked != self._from_client:
            side = "unmasked_client" if self._from_client else "masked_server"
            yield side, "clients must mask their frames and servers must not (RFC 6455 5.1)"
        if frame.opcode not in OPCODES:
            yield "reserved_opcode", f"opcode {frame.opcode} has no meaning (RFC 6455 5.2)"
        if frame.reserved:
            yield "reserved_bits", "a reserved bit is set that no extension uses (RFC 6455 5.2)"
        elif frame.rsv1 and (frame.opcode not in {TEXT, BINARY} or self._deflate is False):
            yield "reserved_bits", "RSV1 is set without permessage-deflate or not on a first frame (RFC 7692 6)"
        if frame.opcode >= CLOSE and not frame.fin:
            yield "bad_control", "a control frame is fragmented (RFC 6455 5.5)"
        if frame.opcode >= CLOSE and len(frame.payload) > MAX_CONTROL:
            yield "bad_control", f"a control frame of {len(frame.payload)} bytes, of 125 at most (RFC 6455 5.5)"
        if frame.opcode < CLOSE and self._closed:
            yield "data_after_close", "a message goes on behind the close frame of its side (RFC 6455 5.5.1)"

    def _collect(self, frame: Frame) -> Iterator[Message | Problem]:
        if frame.opcode == CONTINUATION:
            if self._first is None:
                if not self._lost:
                    yield from self._misplace(frame, "a continuation without a beginning (RFC 6455 5.4)")
                return
        else:
            if self._first is not None:
                yield from self._misplace(frame, "a message begins inside another (RFC 6455 5.4)")
            self._first = frame
        first, self._lost = self._first, False
        self._content += frame.payload
        self._frames += 1
        if len(self._content) > MAX_MESSAGE:
            yield Problem("message_too_long", f"a message of more than {MAX_MESSAGE} bytes", frame.ts, frame.packet)
            self._forget()
            self._inflater.lose()
            self._lost = True
        elif frame.fin:
            yield from self._complete(first, frame)

    def _misplace(self, frame: Frame, why: str) -> Iterator[Problem]:
        """Give up what was begun. What it was is not known, so neither is what it leaves in the window."""
        self._forget()
        self._inflater.lose()
        if not self._doubtful:
            yield Problem("bad_fragment", why, frame.ts, frame.packet)

    def _complete(self, first: Frame, last: Frame) -> Iterator[Message | Problem]:
        data, frames = bytes(self._content), self._frames
        self._forget()
        size, sure = len(data), not first.rsv1 or self._inflater.sure
        if first.rsv1:
            try:
                data = self._inflater.inflate(data)
            except InflateError as error:
                yield _not_inflated(f"{error}", last, sure=sure)
                return
        text = None
        if first.opcode == TEXT:
            try:
                text = data.decode()
            except UnicodeDecodeError as error:
                if not sure:
                    self._inflater.lose()
                    yield _not_inflated("it is no UTF-8", last, sure=sure)
                    return
                yield Problem(
                    "invalid_utf8", f"a text is no UTF-8 at byte {error.start} (RFC 6455 8.1)", last.ts, last.packet
                )
                text = data.decode("utf-8", "replace")
        self._doubtful = self._doubtful and not looks_like_ocpp(data)
        manner = (first.rsv1, frames, last.ts, last.packet, len(data) - size, self._doubtful)
        yield Message(first.opcode, text, data, *manner)

    def _forget(self) -> None:
        self._first, self._content, self._frames = None, bytearray(), 0


def _not_inflated(why: str, last: Frame, *, sure: bool) -> Problem:
    if sure:
        return Problem("bad_deflate", f"a message cannot be inflated: {why}", last.ts, last.packet)
    detail = f"a compressed message after a part that is missing cannot be read: {why}"
    return Problem("compressed_midstream", detail, last.ts, last.packet)


def _control(frame: Frame) -> Iterator[Control | Problem]:
    payload, ts, packet = frame.payload[:MAX_CONTROL], frame.ts, frame.packet
    if frame.opcode != CLOSE:
        yield Control("ping" if frame.opcode == PING else "pong", payload, None, None, ts, packet)
        return
    code, reason = None, None
    if len(payload) >= 2:
        code = struct.unpack("!H", payload[:2])[0]
        reason = payload[2:].decode("utf-8", "replace") or None
        if not may_be_sent(code):
            yield Problem("bad_close_code", f"a close frame with the code {code} (RFC 6455 7.4)", ts, packet)
        if not _is_utf8(frame.payload[2:]):
            yield Problem("invalid_utf8", "the reason of a close frame is no UTF-8 (RFC 6455 5.5.1)", ts, packet)
    elif payload:
        yield Problem("bad_control", "a close frame of one byte (RFC 6455 5.5.1)", ts, packet)
    yield Control("close", payload, code, reason, ts, packet)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True

"""Puts the messages of a WebSocket together from the frames of one direction (RFC 6455 5.4 to 5.6)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.deflate import InflateError, Inflater
from analyzer.wire.problems import Problem
from analyzer.wire.websocket import BINARY, CLOSE, CONTINUATION, MAX_CONTROL, OPCODES, PING, TEXT, Frame, Interruption

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_MESSAGE = 16 << 20
"""Bytes of one message before inflating."""


class Message(NamedTuple):
    """A message; `text` is None for binary ones. `ts` and `packet` are of its last byte."""

    opcode: int
    text: str | None
    data: bytes
    compressed: bool
    frames: int
    ts: int
    packet: int


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
        self._inflater = Inflater(forgets=forgets)
        self._lost = lost
        self._window_lost = lost
        self._first: Frame | None = None
        self._content = bytearray()
        self._frames = 0

    @property
    def held(self) -> int:
        """Bytes of fragments that wait for others."""
        return len(self._content)

    @property
    def idle(self) -> bool:
        """Whether no message is under way."""
        return self._first is None

    def skip(self) -> None:
        """Take note of whole texts, each of one frame and not compressed, that were read elsewhere."""
        self._lost = False

    def feed(self, frame: Frame | Interruption) -> Iterator[Message | Control | Problem]:
        """Take the next frame, or the note that something is missing."""
        if isinstance(frame, Interruption):
            self._forget()
            self._inflater.lose()
            self._lost = self._window_lost = True
            return
        for kind, detail in self._violations(frame):
            yield Problem(kind, detail, frame.ts, frame.packet)
        if frame.opcode not in OPCODES:
            return
        if frame.opcode >= CLOSE:
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
        if frame.opcode >= CLOSE and (not frame.fin or len(frame.payload) > MAX_CONTROL):
            yield "bad_control", "a control frame is fragmented or longer than 125 bytes (RFC 6455 5.5)"

    def _collect(self, frame: Frame) -> Iterator[Message | Problem]:
        if frame.opcode == CONTINUATION:
            if self._first is None:
                if not self._lost:
                    yield Problem(
                        "bad_fragment", "a continuation without a beginning (RFC 6455 5.4)", frame.ts, frame.packet
                    )
                return
        else:
            if self._first is not None:
                yield Problem("bad_fragment", "a message begins inside another (RFC 6455 5.4)", frame.ts, frame.packet)
                self._forget()
            self._first = frame
        first, self._lost = self._first, False
        self._content += frame.payload
        self._frames += 1
        if len(self._content) > MAX_MESSAGE:
            yield Problem("message_too_long", f"a message of more than {MAX_MESSAGE} bytes", frame.ts, frame.packet)
            self._forget()
            self._inflater.lose()
            self._lost = self._window_lost = True
        elif frame.fin:
            yield from self._complete(first, frame)

    def _complete(self, first: Frame, last: Frame) -> Iterator[Message | Problem]:
        data, frames = bytes(self._content), self._frames
        self._forget()
        if first.rsv1:
            try:
                data = self._inflater.inflate(data)
            except InflateError as error:
                yield self._not_inflated(f"{error}", last)
                return
        text = None
        if first.opcode == TEXT:
            try:
                text = data.decode()
            except UnicodeDecodeError as error:
                yield Problem(
                    "invalid_utf8", f"a text is no UTF-8 at byte {error.start} (RFC 6455 8.1)", last.ts, last.packet
                )
                text = data.decode("utf-8", "replace")
        yield Message(first.opcode, text, data, first.rsv1, frames, last.ts, last.packet)

    def _not_inflated(self, why: str, last: Frame) -> Problem:
        if self._window_lost:
            detail = (
                "joined in the middle of a compressed stream, or a part is missing: it refers to what was not captured"
            )
            return Problem("compressed_midstream", detail, last.ts, last.packet)
        self._window_lost = True
        return Problem("bad_deflate", f"a message cannot be inflated: {why}", last.ts, last.packet)

    def _forget(self) -> None:
        self._first, self._content, self._frames = None, bytearray(), 0


def _control(frame: Frame) -> Iterator[Control | Problem]:
    if frame.opcode != CLOSE:
        kind = "ping" if frame.opcode == PING else "pong"
        yield Control(kind, frame.payload[:MAX_CONTROL], None, None, frame.ts, frame.packet)
        return
    code, reason = None, None
    if len(frame.payload) >= 2:
        code = struct.unpack("!H", frame.payload[:2])[0]
        reason = frame.payload[2:MAX_CONTROL].decode("utf-8", "replace") or None
    elif frame.payload:
        yield Problem("bad_control", "a close frame of one byte (RFC 6455 5.5.1)", frame.ts, frame.packet)
    yield Control("close", frame.payload[:MAX_CONTROL], code, reason, frame.ts, frame.packet)

"""What one side of a WebSocket says: its bytes become frames, and those become messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.frames import FrameReader
from analyzer.wire.messages import MessageReader
from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.deflate import Agreement
    from analyzer.wire.http import Request, Response
    from analyzer.wire.messages import Control, Message
    from analyzer.wire.tls.alerts import Alert
    from analyzer.wire.tls.heard import Chain, Sealed


class Stretch(NamedTuple):
    """Bytes of one side, in the order of its stream."""

    from_client: bool
    data: bytes
    ts: int
    packet: int


class Said(NamedTuple):
    """Something that one side said."""

    from_client: bool
    what: Request | Response | Message | Control | Problem | Alert | Chain | Sealed
    ts: int
    packet: int


class Side:
    """The frames and messages of one side."""

    def __init__(self, agreed: Agreement | None, *, from_client: bool, lost: bool) -> None:
        self.from_client = from_client
        deflate = None if agreed is None else agreed.deflate
        self.frames = FrameReader(from_client=from_client, deflate=deflate, lost=lost)
        self.messages = MessageReader(
            from_client=from_client,
            deflate=deflate,
            forgets=agreed is not None and (agreed.client_forgets if from_client else agreed.server_forgets),
            lost=lost,
        )

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of a frame or of a message."""
        return self.frames.held + self.messages.held

    @property
    def idle(self) -> bool:
        """Whether it stands at the beginning of a message, and nothing is amiss."""
        return self.frames.idle and self.messages.idle

    def skip(self, count: int) -> None:
        """Take note of bytes that held whole texts, each in one frame, and were read elsewhere."""
        self.frames.skip(count)
        self.messages.skip()

    def feed(self, stretch: Stretch) -> Iterator[Said]:
        """Take the next bytes."""
        for frame in self.frames.feed(stretch.data, stretch.ts, stretch.packet):
            yield from self._read(frame, stretch)

    def lose(self, count: int, stretch: Stretch) -> Iterator[Said]:
        """Take note that bytes are missing."""
        for frame in self.frames.lose(count, stretch.ts, stretch.packet):
            yield from self._read(frame, stretch)

    def _read(self, frame: object, stretch: Stretch) -> Iterator[Said]:
        found = [frame] if isinstance(frame, Problem) else self.messages.feed(frame)  # type: ignore[arg-type]
        for what in found:
            ts, packet = what.ts, what.packet
            yield Said(
                self.from_client, what, stretch.ts if ts is None else ts, stretch.packet if packet is None else packet
            )

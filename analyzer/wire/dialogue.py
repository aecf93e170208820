"""Reads what two sides say in clear: the HTTP upgrade, then WebSocket; or WebSocket alone where the upgrade is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire import http, tls
from analyzer.wire.deflate import Agreement, agreement
from analyzer.wire.messages import Control, Message, MessageReader
from analyzer.wire.problems import Problem
from analyzer.wire.websocket import FrameReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.http import Request, Response

ENOUGH = 8
"""Bytes that tell HTTP, TLS and frames apart."""
MAX_WAITING = 64 << 10
"""Bytes of the client that wait for the answer to its upgrade; beyond it the answer is taken as not captured."""
SWITCHING = 101


class Piece(NamedTuple):
    """Bytes of one side, in the order of its stream."""

    from_client: bool
    data: bytes
    ts: int
    packet: int


class Said(NamedTuple):
    """Something that one side said."""

    from_client: bool
    what: Request | Response | Message | Control | Problem
    ts: int
    packet: int


class Side:
    """The frames and messages of one side."""

    def __init__(self, agreed: Agreement | None, *, from_client: bool, lost: bool) -> None:
        self.from_client = from_client
        self.frames = FrameReader(from_client=from_client, lost=lost)
        self.messages = MessageReader(
            from_client=from_client,
            deflate=None if agreed is None else agreed.deflate,
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

    def feed(self, piece: Piece) -> Iterator[Said]:
        """Take the next bytes."""
        for frame in self.frames.feed(piece.data, piece.ts, piece.packet):
            yield from self._read(frame, piece)

    def lose(self, count: int, piece: Piece) -> Iterator[Said]:
        """Take note that bytes are missing."""
        for frame in self.frames.lose(count, piece.ts, piece.packet):
            yield from self._read(frame, piece)

    def _read(self, frame: object, piece: Piece) -> Iterator[Said]:
        found = [frame] if isinstance(frame, Problem) else self.messages.feed(frame)  # type: ignore[arg-type]
        for what in found:
            ts, packet = what.ts, what.packet
            yield Said(
                self.from_client, what, piece.ts if ts is None else ts, piece.packet if packet is None else packet
            )


class Dialogue:
    """Both sides of one connection. `stage` is begin, http, frames, tls, or dull where it is nothing of interest."""

    def __init__(self) -> None:
        self.stage = "begin"
        self._early: list[Piece] = []
        self._head = {True: bytearray(), False: bytearray()}
        self._asked = False
        self._refused = False
        self._waiting: list[tuple[Piece, int]] = []
        self._waiting_bytes = 0
        self._lost = {True: False, False: False}
        self._agreed: Agreement | None = None
        self._sides: dict[bool, Side] = {}

    def feed(self, piece: Piece) -> Iterator[Said]:
        """Take the next bytes of a side."""
        if self.stage == "begin":
            self._early.append(piece)
            yield from self._begin(at_least=ENOUGH)
        elif self.stage == "frames" and (self._asked or not piece.from_client):
            yield from self._sides[piece.from_client].feed(piece)
        elif self.stage in {"http", "frames"}:
            # A capture may bring the answer before the end of the request.
            yield from self._ask(piece) if piece.from_client else self._answer(piece)

    def side(self, *, from_client: bool) -> Side | None:
        """The side whose frames can be read as they come, None where something else stands before them."""
        return self._sides[from_client] if self.stage == "frames" and self._asked else None

    def lose(self, count: int, piece: Piece) -> Iterator[Said]:
        """Take note that bytes of a side are missing here; the piece has no data, only the side and the place."""
        if self.stage == "begin":
            yield from self._begin(at_least=1)
            self._lost[piece.from_client] = True
        if self.stage == "frames" and (self._asked or not piece.from_client):
            yield from self._sides[piece.from_client].lose(count, piece)
        elif self.stage in {"http", "frames"}:
            yield from self._lose_in_http(count, piece)

    def finish(self) -> Iterator[Said]:
        """Read what waited for more: the connection is over."""
        if self.stage == "begin" and self._early:
            yield from self._begin(at_least=1)
        if self.stage == "http" and self._waiting:
            yield from self._open(None)

    @property
    def unfinished(self) -> list[bool]:
        """The sides whose bytes end inside a frame, True for the client."""
        return [side for side, reader in self._sides.items() if reader.frames.within]

    @property
    def held(self) -> int:
        """Bytes that wait for more."""
        early = sum(len(piece.data) for piece in self._early)
        heads = len(self._head[True]) + len(self._head[False])
        return early + heads + self._waiting_bytes + sum(side.held for side in self._sides.values())

    def _begin(self, at_least: int) -> Iterator[Said]:
        """Tell by the first bytes of a side what is spoken, and go on with them."""
        for from_client in (True, False):
            head = b"".join(piece.data for piece in self._early if piece.from_client == from_client)
            if len(head) >= at_least:
                break
        else:
            return
        if tls.looks_like_tls(head):
            self.stage = "tls"
        elif http.METHODS.match(head) if from_client else head.startswith(http.STATUS):
            self.stage = "http"
        else:
            self._lost, self._asked = {True: True, False: True}, True
            yield from self._open(None)
        early, self._early = self._early, []
        for piece in early:
            yield from self.feed(piece)

    def _ask(self, piece: Piece) -> Iterator[Said]:
        head = self._head[True]
        if self._asked or (self._refused and not head and not http.METHODS.match(piece.data)):
            self._waiting.append((piece, 0))
            self._waiting_bytes += len(piece.data)
            if self._waiting_bytes > MAX_WAITING:
                yield from self._open(None)
            return
        head += piece.data
        end = http.head_end(head, len(head) - len(piece.data))
        if end is not None:
            rest = piece._replace(data=bytes(head[end:]))
            yield from self._take_request(bytes(head[:end]), piece)
            if rest.data:
                yield from self.feed(rest)
        elif len(head) >= ENOUGH and not http.METHODS.match(head):
            frames = piece._replace(data=bytes(head))
            head.clear()
            self._miss_request()
            yield from self.feed(frames)
        elif len(head) > http.MAX_HEAD:
            self.stage = "dull"

    def _lose_in_http(self, count: int, piece: Piece) -> Iterator[Said]:
        head = self._head[piece.from_client]
        if piece.from_client and self._asked:
            # It is lost among frames that wait for the answer, and told where they are read.
            self._waiting.append((piece, count))
            return
        self._lost[piece.from_client] = True
        if piece.from_client:
            yield from self._take_request(bytes(head), piece)
            self._miss_request()
        elif self._asked:
            yield from self._open(None)
        else:
            head.clear()

    def _miss_request(self) -> None:
        """Take the client's bytes as frames from somewhere on: its request, or the end of it, was not captured."""
        self._asked = self._lost[True] = True
        if self.stage == "frames":
            self._sides[True] = Side(self._agreed, from_client=True, lost=True)

    def _take_request(self, head: bytes, piece: Piece) -> Iterator[Said]:
        request = http.parse_request(head)
        self._head[True].clear()
        self._asked = True
        if request is None and head and not self._lost[True]:
            self.stage = "dull"
        elif request is not None:
            if http.asks_for_websocket(request) or self._lost[True]:
                yield Said(True, request, piece.ts, piece.packet)
            else:
                self.stage = "dull"

    def _answer(self, piece: Piece) -> Iterator[Said]:
        head = self._head[False]
        head += piece.data
        begin = bytes(head[: len(http.STATUS)])
        if not http.STATUS.startswith(begin):
            head.clear()
            if self._refused and not self._asked:
                return
            self._lost[False] = True
            yield from self._open(None)
            yield from self.feed(piece)
            return
        end = http.head_end(head, len(head) - len(piece.data))
        if end is None:
            self.stage = "dull" if len(head) > http.MAX_HEAD else self.stage
            return
        response = http.parse_response(bytes(head[:end]))
        rest = piece._replace(data=bytes(head[end:]))
        head.clear()
        if response is None:
            self.stage = "dull"
        elif response.status == SWITCHING:
            yield Said(False, response, piece.ts, piece.packet)
            yield from self._open(agreement(response.headers.get("sec-websocket-extensions")))
        elif response.status > SWITCHING:
            yield from self._refuse(response, piece)
            return
        if rest.data:
            yield from self.feed(rest)

    def _refuse(self, response: Response, piece: Piece) -> Iterator[Said]:
        """Take an answer that is no upgrade; the client may ask again on the same connection, with credentials."""
        if not self._asked and not self._head[True]:
            self.stage = "dull"
            return
        yield Said(False, response, piece.ts, piece.packet)
        self._asked, self._refused = False, True
        self._waiting, self._waiting_bytes = [], 0

    def _open(self, agreed: Agreement | None) -> Iterator[Said]:
        """Go on as WebSocket; None where the answer to the upgrade was not captured."""
        self.stage, self._agreed = "frames", agreed
        self._sides = {side: Side(agreed, from_client=side, lost=self._lost[side]) for side in (True, False)}
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        for piece, missing in waiting:
            yield from self.lose(missing, piece) if missing else self.feed(piece)

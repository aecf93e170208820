"""Reads what two sides say, in clear or in TLS: the HTTP upgrade, then WebSocket, or WebSocket alone without the upgrade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire import http
from analyzer.wire.deflate import agreement
from analyzer.wire.http import SWITCHING
from analyzer.wire.ocppj import looks_like_ocpp
from analyzer.wire.problems import Problem
from analyzer.wire.side import Said, Side, Stretch
from analyzer.wire.tls.heard import Plain
from analyzer.wire.tls.records import looks_like_tls
from analyzer.wire.tls.session import Session
from analyzer.wire.websocket import peek

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.deflate import Agreement
    from analyzer.wire.http import Response
    from analyzer.wire.tls.heard import Heard
    from analyzer.wire.tls.keylog import Keys

ENOUGH = 8
"""Bytes that tell HTTP, TLS and frames apart."""
FRAME_TELLS = 18
"""Bytes that tell whether a frame holds OCPP: its header has up to 14, and a message begins with four like `[2,"`."""
MAX_WAITING = 64 << 10
"""Bytes of the client that wait for the answer to its upgrade; beyond it the answer is taken as not captured."""
UNTOLD = 1 << 30
"""Bytes that are missing where nobody knows how many: more than any frame has."""


class Dialogue:
    """Both sides of one connection. `stage` is begin, http, frames, tls, or dull where it is nothing of interest.

    `tls` is the session where they speak TLS, and `within` the dialogue that was decrypted from it; the secrets are
    `keys`. `whole` says that the connection was seen from its first byte on.
    """

    def __init__(self, keys: Keys | None = None, *, whole: bool = False) -> None:
        self.stage = "begin"
        self._whole = whole
        self._guessed = False
        self.tls: Session | None = None
        self.within: Dialogue | None = None
        self._keys = keys
        self._early: list[Stretch] = []
        self._head = {True: bytearray(), False: bytearray()}
        self._asked = False
        self._refused = False
        self._body = 0
        self._waiting: list[tuple[Stretch, int]] = []
        self._waiting_bytes = 0
        self._lost = {True: False, False: False}
        self._agreed: Agreement | None = None
        self._sides: dict[bool, Side] = {}

    def feed(self, stretch: Stretch) -> Iterator[Said]:
        """Take the next bytes of a side."""
        if self.stage == "begin":
            self._early.append(stretch)
            yield from self._begin(at_least=ENOUGH)
        elif self.tls is not None:
            yield from self._decrypt(
                self.tls.feed(stretch.data, stretch.ts, stretch.packet, from_client=stretch.from_client)
            )
        elif self._guessed and looks_like_tls(stretch.data):
            yield from self._begin_tls(stretch)
        elif self.stage == "frames" and (self._asked or not stretch.from_client):
            for said in self._sides[stretch.from_client].feed(stretch):
                self._guessed = self._guessed and isinstance(said.what, Problem)
                yield said
        elif self.stage in {"http", "frames"}:
            # A capture may bring the answer before the end of the request.
            yield from self._ask(stretch) if stretch.from_client else self._answer(stretch)

    def side(self, *, from_client: bool) -> Side | None:
        """The side whose frames can be read as they come, None where something else stands before them."""
        return self._sides[from_client] if self.stage == "frames" and self._asked and not self._guessed else None

    def lose(self, count: int, stretch: Stretch) -> Iterator[Said]:
        """Take note that bytes of a side are missing here; the stretch has no data, only the side and the place."""
        if self.stage == "begin":
            yield from self._begin(at_least=1)
            self._lost[stretch.from_client] = True
        if self.tls is not None:
            heard = self.tls.lose(count, stretch.ts, stretch.packet, from_client=stretch.from_client)
            yield from self._decrypt(heard)
        elif self.stage == "frames" and (self._asked or not stretch.from_client):
            yield from self._sides[stretch.from_client].lose(count, stretch)
        elif self.stage in {"http", "frames"}:
            yield from self._lose_in_http(count, stretch)

    def finish(self) -> Iterator[Said]:
        """Read what waited for more: the connection is over."""
        if self.stage == "begin" and self._early:
            yield from self._begin(at_least=1)
        if self.stage == "http" and self._waiting:
            yield from self._open(None)
        if self.tls is not None:
            yield from self._decrypt(self.tls.finish())
        if self.within is not None:
            yield from self.within.finish()

    @property
    def unfinished(self) -> list[bool]:
        """The sides whose bytes end inside a frame, True for the client."""
        if self.within is not None:
            return self.within.unfinished
        return [side for side, reader in self._sides.items() if reader.frames.within]

    @property
    def held(self) -> int:
        """Bytes that wait for more."""
        early = sum(len(stretch.data) for stretch in self._early)
        heads = len(self._head[True]) + len(self._head[False])
        encrypted = (self.tls.held if self.tls else 0) + (self.within.held if self.within else 0)
        return early + heads + self._waiting_bytes + encrypted + sum(side.held for side in self._sides.values())

    def _decrypt(self, heard: Iterator[Heard]) -> Iterator[Said]:
        """Hand on what was decrypted; TLS within TLS is of no interest."""
        for from_client, what, ts, packet in heard:
            if not isinstance(what, Plain):
                yield Said(from_client, what, ts, packet)
                continue
            within = self.within = self.within or Dialogue(whole=self._whole)
            stretch = Stretch(from_client, what.data, ts, packet)
            if what.lost:
                yield from within.lose(UNTOLD, stretch._replace(data=b""))
            if within.stage != "tls":
                yield from within.feed(stretch)

    def _begin(self, at_least: int) -> Iterator[Said]:
        """Tell by the first bytes of a side what is spoken, and go on with them."""
        for from_client in (True, False):
            head = b"".join(stretch.data for stretch in self._early if stretch.from_client == from_client)
            if len(head) >= at_least:
                break
        else:
            return
        if looks_like_tls(head):
            self.stage, self.tls = "tls", Session(self._keys)
        elif http.may_begin(head, from_client=from_client):
            self.stage = "http"
        elif at_least == ENOUGH and len(head) < FRAME_TELLS:
            return
        else:
            self._guessed = not self._whole or any(self._lost.values())
            yield from self._begin_frames(head)
        early, self._early = self._early, []
        for stretch in early:
            yield from self.feed(stretch)

    def _begin_frames(self, head: bytes) -> Iterator[Said]:
        """Read frames without an upgrade: it was not captured, or there was none. Some chargers do without."""
        frame, first = peek(head), self._early[0]
        none = self._whole and not any(self._lost.values()) and frame is not None
        sure = none and frame is not None and looks_like_ocpp(frame.beginning)
        self._asked, self._lost = True, {True: not sure, False: not sure}
        if none:
            detail = "frames from the first byte on, without an HTTP upgrade (RFC 6455 4.1)"
            problem = Problem("no_upgrade", detail, first.ts, first.packet)
            yield Said(first.from_client, problem, first.ts, first.packet)
        yield from self._open(None)

    def _begin_tls(self, stretch: Stretch) -> Iterator[Said]:
        """Go on as TLS: what was seen before began within a record. No frame begins like a record of TLS."""
        self.stage, self.tls, self._guessed, self._sides = "tls", Session(self._keys), False, {}
        yield from self.lose(1, stretch._replace(from_client=not stretch.from_client, data=b""))
        yield from self.feed(stretch)

    def _ask(self, stretch: Stretch) -> Iterator[Said]:
        head = self._head[True]
        if self._asked:
            yield from self._wait(stretch)
            return
        head += stretch.data
        if not http.may_begin(head, from_client=True):
            if len(head) >= ENOUGH:
                other = stretch._replace(data=bytes(head))
                head.clear()
                yield from self._take_no_request(other)
            return
        end = http.head_end(head, len(head) - len(stretch.data))
        if end is not None:
            rest = stretch._replace(data=bytes(head[end:]))
            yield from self._take_request(bytes(head[:end]), stretch)
            if rest.data:
                yield from self.feed(rest)
        elif len(head) > http.MAX_HEAD:
            self.stage = "dull"

    def _wait(self, stretch: Stretch) -> Iterator[Said]:
        self._waiting.append((stretch, 0))
        self._waiting_bytes += len(stretch.data)
        if self._waiting_bytes > MAX_WAITING:
            yield from self._open(None)

    def _take_no_request(self, stretch: Stretch) -> Iterator[Said]:
        """Take what is no request: behind a refusal it may wait for one, else the request was not captured."""
        if self._refused:
            yield from self._wait(stretch)
        else:
            self._miss_request()
            yield from self.feed(stretch)

    def _lose_in_http(self, count: int, stretch: Stretch) -> Iterator[Said]:
        head = self._head[stretch.from_client]
        if not stretch.from_client:
            inside = min(self._body, count)
            self._body -= inside
            if inside == count:
                return
        elif self._asked:
            # It is lost among frames that wait for the answer, and told where they are read.
            self._waiting.append((stretch, count))
            return
        self._lost[stretch.from_client] = True
        if stretch.from_client:
            yield from self._take_request(bytes(head), stretch)
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

    def _take_request(self, head: bytes, stretch: Stretch) -> Iterator[Said]:
        request = http.parse_request(head)
        self._head[True].clear()
        self._asked = True
        if request is None and head and not self._lost[True]:
            self.stage = "dull"
        elif request is not None:
            if http.asks_for_websocket(request) or self._lost[True]:
                yield Said(True, request, stretch.ts, stretch.packet)
            else:
                self.stage = "dull"

    def _answer(self, stretch: Stretch) -> Iterator[Said]:
        if self._body:
            # The body of a refusal may be shorter than was told: it ends at the latest with the next answer.
            over = self._asked and stretch.data.startswith(http.STATUS)
            inside = 0 if over else min(self._body, len(stretch.data))
            self._body = 0 if over else self._body - inside
            stretch = stretch._replace(data=stretch.data[inside:])
            if not stretch.data:
                return
        head = self._head[False]
        head += stretch.data
        begin = bytes(head[: len(http.STATUS)])
        if not http.STATUS.startswith(begin):
            head.clear()
            if self._refused and not self._asked:
                return
            self._lost[False] = True
            yield from self._open(None)
            yield from self.feed(stretch)
            return
        end = http.head_end(head, len(head) - len(stretch.data))
        if end is None:
            self.stage = "dull" if len(head) > http.MAX_HEAD else self.stage
            return
        response = http.parse_response(bytes(head[:end]))
        rest = stretch._replace(data=bytes(head[end:]))
        head.clear()
        if response is None:
            self.stage = "dull"
        elif response.status == SWITCHING:
            yield Said(False, response, stretch.ts, stretch.packet)
            yield from self._open(agreement(response.headers.get("sec-websocket-extensions")))
        elif response.status > SWITCHING:
            yield from self._refuse(response, stretch)
        if rest.data:
            yield from self.feed(rest)

    def _refuse(self, response: Response, stretch: Stretch) -> Iterator[Said]:
        """Take an answer that is no upgrade; the client may ask again on the same connection, with credentials."""
        if not self._asked and not self._head[True]:
            self.stage = "dull"
            return
        yield Said(False, response, stretch.ts, stretch.packet)
        self._asked, self._refused, self._body = False, True, http.body_length(response)
        self._waiting, self._waiting_bytes = [], 0

    def _open(self, agreed: Agreement | None) -> Iterator[Said]:
        """Go on as WebSocket; None where the answer to the upgrade was not captured."""
        self.stage, self._agreed = "frames", agreed
        self._sides = {side: Side(agreed, from_client=side, lost=self._lost[side]) for side in (True, False)}
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        for stretch, missing in waiting:
            yield from self.lose(missing, stretch) if missing else self.feed(stretch)

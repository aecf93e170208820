"""Follows one TCP connection: who it is, what it says, and how it ends."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from analyzer.wire import http, ocppj
from analyzer.wire.backlog import Backlog
from analyzer.wire.dialogue import Dialogue
from analyzer.wire.encryption import Encryption
from analyzer.wire.events import Data, Ended, Fault, Hole, Measured, Transport
from analyzer.wire.holes import Holes
from analyzer.wire.http import SWITCHING, Request, Response
from analyzer.wire.items import SIDES, Connection, WireControl, WireMessage, WireMessages, WireTransport
from analyzer.wire.loss import SNAPPED
from analyzer.wire.messages import Control, Message
from analyzer.wire.problems import Problem, Repeats
from analyzer.wire.side import Said, Side, Stretch
from analyzer.wire.tls.alerts import Alert
from analyzer.wire.tls.heard import Chain, Sealed
from analyzer.wire.tls.shelf import Shelf
from analyzer.wire.upgrade import upgrade_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.events import Event, Opened
    from analyzer.wire.items import Item
    from analyzer.wire.tls.keylog import Keys
    from analyzer.wire.tls.session import Session

MAX_SNIFFED = 64 << 10
"""Bytes looked at for OCPP where no upgrade was seen."""
FRAMES_TELL = 6
"""Frames after which a connection without upgrade and without OCPP is believed to be a WebSocket."""


class Conversation:
    """One connection. `interesting` tells whether it speaks WebSocket or TLS, None until that is known.

    `speaks_ocpp` tells whether it speaks OCPP: by its subprotocol, or because it did. Until then its items are kept
    back, up to a limit; one that may speak OCPP, for all that was seen of it, is given when the limit is reached.
    """

    def __init__(
        self, opened: Opened, *, expected: bool = False, keys: Keys | None = None, shelf: Shelf | None = None
    ) -> None:
        self.connection = Connection(*opened[:8], start_observed=opened.handshake_seen)
        self.interesting: bool | None = None
        self.speaks_ocpp = False
        self._expected = expected
        self._announced = False
        self._backlog = Backlog(opened.flow)
        self._holes = Holes(opened.flow)
        self._repeats = Repeats(opened.flow)
        self._dialogue = Dialogue(keys, whole=opened.handshake_seen)
        self._encryption = Encryption(self.connection, Shelf() if shelf is None else shelf)
        self._request: Request | None = None
        self._gone: dict[bool, int] = {}
        self._sniffed = 0
        self._cut = 0
        self._frames = 0

    def take(self, event: Event) -> Iterator[Item]:
        """Take the next event of the connection. Items come once it is known, or may well be, that it speaks OCPP."""
        for item in self._items(event):
            if self._wanted:
                yield from self._announce()
                yield item
            else:
                self._backlog.keep(item, encrypted=self._encrypted)
        if self._wanted:
            yield from self._announce()
            if isinstance(event, Ended):
                yield dataclasses.replace(self.connection)

    def side(self, *, from_client: bool) -> Side | None:
        """The side whose texts may be read elsewhere, as the connection is known to speak OCPP."""
        return self._dialogue.side(from_client=from_client) if self._announced and self.speaks_ocpp else None

    def skip_encrypted(self, count: int, ts: int, *, from_client: bool) -> bool:
        """Take bytes within an encrypted record that cannot be read; False where they are anything else."""
        session = self._sealed
        if session is None or not session.skip(count, from_client=from_client):
            return False
        self._sniffed += count
        self._note_life(ts, from_client=from_client)
        return True

    def take_encrypted(self, data: bytes, ts: int, packet: int, *, from_client: bool) -> bool:
        """Take bytes that hold encrypted data that cannot be read; False where they are anything else."""
        session = self._sealed
        sizes = None if session is None else session.seal(data, ts, packet, from_client=from_client)
        if sizes is None:
            return False
        for size in sizes:
            self._encryption.seal(size, ts, packet, from_client=from_client)
        self._sniffed += len(data)
        self._note_life(ts, from_client=from_client)
        return True

    @property
    def _sealed(self) -> Session | None:
        """The session of TLS, if nothing of it could be read so far."""
        return self._dialogue.tls if self._dialogue.within is None else None

    def take_texts(self, texts: list[tuple[bool, str, int, int]]) -> WireMessages:
        """Take messages that were read elsewhere, in their order."""
        connection = self.connection
        for from_client, ts in {from_client: ts for from_client, _, ts, _ in texts}.items():
            self._note_life(ts, from_client=from_client)
        self._frames += len(texts)
        connection.messages += len(texts)
        self._sniffed += 1
        return WireMessages(connection.number, texts)

    def give_all(self) -> Iterator[Item]:
        """Give a connection that ended and speaks no OCPP. What is missing of another protocol is no damage."""
        other = not self._may_speak_ocpp
        for item in self._announce():
            yield dataclasses.replace(item, damage=False) if other and isinstance(item, Problem) else item

    @property
    def worth_a_look(self) -> bool:
        """Whether it was kept back to its end and may tell something all the same."""
        attempt = self.silent and self.connection.handshake_seen
        return not self._announced and (self.interesting is True or attempt)

    @property
    def silent(self) -> bool:
        """Whether no byte was said: an attempt that failed, or a probe."""
        return self._sniffed == 0

    @property
    def cut_off(self) -> int:
        """Bytes that the snap length cut off, where it is not known what is spoken for want of them."""
        return 0 if self._announced or self.interesting is not None else self._cut

    @property
    def held(self) -> int:
        """Bytes that it holds, roughly."""
        return self._dialogue.held + self._backlog.held

    @property
    def _wanted(self) -> bool:
        full = self._backlog.full and self._may_speak_ocpp
        return self._announced or self.speaks_ocpp or (self.interesting is True and (self._expected or full))

    @property
    def _may_speak_ocpp(self) -> bool:
        """Whether nothing was seen that speaks against OCPP: encryption, another subprotocol, another text."""
        connection = self.connection
        named = connection.offered_subprotocols or connection.subprotocol
        return self.speaks_ocpp or not (self._encrypted or named or self._repeats.has("not_ocpp"))

    @property
    def _encrypted(self) -> bool:
        """Whether it speaks TLS that could not be decrypted, so far at least."""
        return self.connection.tls and not self.connection.decrypted

    def _announce(self) -> Iterator[Item]:
        if not self._announced:
            self._announced = True
            yield dataclasses.replace(self.connection)
            yield from self._backlog.release()

    def _items(self, event: Event) -> Iterator[Item]:
        number = self.connection.number
        match event:
            case Data():
                self._sniffed += len(event.data)
                yield from self._take_data(Stretch(event.from_client, event.data, event.ts, event.packet))
            case Hole():
                self.connection.lost_bytes += event.bytes
                self._cut += event.bytes if event.why == SNAPPED else 0
                yield WireTransport(number, "hole", event.from_client, event.ts, event.packet, event.bytes, event.why)
                yield from self._holes.take(event, SIDES[event.from_client], encrypted=self._encrypted)
                stretch = Stretch(event.from_client, b"", event.ts, event.packet)
                yield from self._hear(self._dialogue.lose(event.bytes, stretch))
            case Transport():
                yield from self._take_transport(event)
            case Fault():
                problem = Problem(event.kind, event.detail, event.ts, event.packet, event.damage)
                yield from self._complain(problem, from_client=event.from_client)
            case Measured():
                self.connection.round_trip, self.connection.segments = event.round_trip, event.segments
            case Ended():
                yield from self._take_end(event)

    def _take_data(self, stretch: Stretch) -> Iterator[Item]:
        yield from self._hear(self._dialogue.feed(stretch))
        stage = self._dialogue.stage
        if stage == "tls":
            self.interesting = self._encryption.follow(self._dialogue) or self._expected or self.speaks_ocpp
            if self._dialogue.within is None:
                self._note_life(stretch.ts, from_client=stretch.from_client)
        elif (stage == "dull" and self.interesting is None) or (
            self.interesting is None and self._sniffed > MAX_SNIFFED and not self._expected
        ):
            self.interesting = False

    def _hear(self, said: Iterator[Said]) -> Iterator[Item]:
        for each in said:
            match each.what:
                case Request():
                    self._take_request(each.what, each.packet)
                case Response():
                    self._take_response(each.what, each.ts)
                case Message():
                    yield from self._take_message(each.what, from_client=each.from_client)
                case Control():
                    yield from self._take_control(each.what, from_client=each.from_client)
                case Alert() | Chain() | Sealed():
                    yield from self._encryption.take(each)
                case Problem():
                    yield from self._complain(each.what, from_client=each.from_client)

    def _take_request(self, request: Request, packet: int) -> None:
        connection, headers, self._request = self.connection, request.headers, request
        connection.upgrade_faults = upgrade_faults(request, None)
        self.interesting = connection.start_observed = True
        connection.method, connection.path, connection.request_packet = request.method, request.path, packet
        connection.host, connection.user_agent = headers.get("host"), headers.get("user-agent")
        connection.offered_subprotocols = headers.get("sec-websocket-protocol", "" if request.whole else None)
        if request.whole or "authorization" in headers:
            connection.authorization, connection.user = http.credentials(headers)
        self._note_protocol(connection.offered_subprotocols)

    def _take_response(self, response: Response, ts: int) -> None:
        connection = self.connection
        self.interesting = True
        connection.http_status = response.status
        connection.upgrade_faults = upgrade_faults(self._request, response)
        if response.status == SWITCHING:
            connection.upgraded = ts
            connection.subprotocol = response.headers.get("sec-websocket-protocol")
            connection.extensions = response.headers.get("sec-websocket-extensions")
            self._note_protocol(connection.subprotocol)

    def _note_protocol(self, named: str | None) -> None:
        self.speaks_ocpp = self.speaks_ocpp or "ocpp" in (named or "").lower()

    def _take_message(self, message: Message, *, from_client: bool) -> Iterator[Item]:
        self._note_frame(message.ts, from_client=from_client)
        text = message.text
        if text is None and ocppj.looks_like_ocpp(message.data):
            text = message.data.decode("utf-8", "replace")
            problem = Problem("binary_message", "OCPP in a binary frame", message.ts, message.packet)
            yield from self._complain(problem, from_client=from_client)
        if text is None or not ((self.speaks_ocpp and not message.doubtful) or ocppj.is_message(text)):
            problem = Problem("not_ocpp", "a WebSocket message that is no OCPP", message.ts, message.packet)
            yield from self._complain(problem, from_client=from_client)
            return
        self.interesting = self.speaks_ocpp = True
        self._count(message)
        yield WireMessage(self.connection.number, from_client, text, len(message.data), message.ts, message.packet)

    def _count(self, message: Message) -> None:
        connection = self.connection
        connection.messages += 1
        connection.binary_messages += message.text is None
        connection.fragmented_messages += message.frames > 1
        connection.compressed_messages += message.compressed
        connection.saved_bytes += message.saved

    def _take_control(self, control: Control, *, from_client: bool) -> Iterator[Item]:
        self._note_frame(control.ts, from_client=from_client)
        connection = self.connection
        if control.kind == "close" and connection.close_side is None:
            connection.close_code, connection.close_reason = control.code, control.reason
            connection.close_side = SIDES[from_client]
            gone = self._gone.get(not from_client)
            if gone is None or gone > control.ts:
                # Else the other side had left before: its FIN ended the connection, and this is said after it.
                connection.end_kind, connection.end_side = "close", connection.close_side
                connection.end_ts, connection.end_packet = control.ts, control.packet
        yield WireControl(connection.number, from_client, *control)

    def _take_transport(self, event: Transport) -> Iterator[Item]:
        connection = self.connection
        connection.retransmissions += event.kind == "retransmission"
        if event.kind in {"fin", "rst"}:
            self._gone.setdefault(event.from_client, event.ts)
        if event.kind == "duplicate":
            connection.duplicates += 1
            if connection.duplicates > 1:
                return
        yield WireTransport(connection.number, *event[1:])

    def _take_end(self, event: Ended) -> Iterator[Item]:
        yield from self._hear(self._dialogue.finish())
        connection = self.connection
        for from_client in self._dialogue.unfinished:
            detail = f"the {SIDES[from_client]}'s bytes end inside a frame"
            problem = Problem("incomplete_message", detail, event.ts, event.packet)
            yield from self._complain(problem, from_client=from_client)
        if connection.end_kind is None:
            connection.end_kind, connection.end_ts, connection.end_packet = event.kind, event.ts, event.packet
            connection.end_side = (
                "middle" if event.middle else None if event.from_client is None else SIDES[event.from_client]
            )
        connection.end_observed = connection.end_kind not in {"open", "replaced"}
        if self._dialogue.tls is not None:
            self._encryption.end(self._dialogue.tls)
        yield from self._holes.rest()
        yield from self._encryption.records()
        yield from self._repeats.rest(event.ts, event.packet)

    def _complain(self, problem: Problem, *, from_client: bool) -> Iterator[Item]:
        """Give a problem the first time; the repeats are counted and given together at the end."""
        yield from self._repeats.take(problem, from_station=from_client)
        if problem.kind == "compressed_midstream":
            self._note_frame(problem.ts or self.connection.ts, from_client=from_client)

    def _note_frame(self, ts: int, *, from_client: bool) -> None:
        self._note_life(ts, from_client=from_client)
        self._frames += 1
        if self._frames >= FRAMES_TELL and self.interesting is None:
            self.interesting = True

    def _note_life(self, ts: int, *, from_client: bool) -> None:
        if from_client:
            self.connection.last_up = ts
        else:
            self.connection.last_down = ts

"""Follows TLS on one connection: what both sides say in clear, and what the secrets of the session open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire.problems import Problem
from analyzer.wire.tls import handshake
from analyzer.wire.tls.alerts import Alert, parse_alert
from analyzer.wire.tls.flight import Flight
from analyzer.wire.tls.handshake import Messages
from analyzer.wire.tls.heard import Chain, Heard, Plain, Sealed
from analyzer.wire.tls.hello import CLIENT_HELLO, SERVER_HELLO, TLS12, TLS13
from analyzer.wire.tls.keylog import Keys
from analyzer.wire.tls.lane import Lane
from analyzer.wire.tls.negotiation import Negotiation
from analyzer.wire.tls.phases import EARLY
from analyzer.wire.tls.records import (
    ALERT,
    APPLICATION_DATA,
    CHANGE_CIPHER_SPEC,
    HANDSHAKE,
    MAX_SKIPPED,
    Record,
    RecordReader,
)
from analyzer.wire.tls.waiting import Delayed, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.tls.lane import Opened
    from analyzer.wire.tls.phases import Phase

MAX_GUESSED = 6
"""Records of a direction on which the secrets of strangers are tried, where its own are not known."""
MAX_ALERTS = 100
"""Alerts of one connection that are told."""
MAX_EARLY = 256 << 10
"""Bytes of early data that wait for the server to accept it."""


class Side:
    """One direction of a session. `changed` tells that it encrypts all it says, by its ChangeCipherSpec."""

    def __init__(self, keys: Keys, *, keeping: bool) -> None:
        self.reader = RecordReader(keeping=keeping)
        self.messages = Messages()
        self.lane = Lane(keys)
        self.changed = False
        self.lost = False
        self.gap = False
        self.guessed = 0


class Session:
    """Both sides of TLS on one connection. `decrypted` tells whether some of it was."""

    def __init__(self, keys: Keys | None = None) -> None:
        self.decrypted = False
        self._keys = keys = Keys() if keys is None else keys
        self.agreed = Negotiation(keys)
        self._secrets = self.agreed.secrets
        self._age = keys.age
        self._flight = Flight()
        self._sides = {side: Side(keys, keeping=bool(len(keys)) or keys.may_grow) for side in (True, False)}
        self._waiting = Waiting(keys)
        self._early: list[Heard] = []
        self._early_bytes = 0
        self._alerts = MAX_ALERTS
        self._fatal = self._spoke = False
        self._last = (0, 0)
        self._sealed = 0

    @property
    def held(self) -> int:
        """Bytes that wait for others, or for secrets."""
        sides = self._sides.values()
        return self._early_bytes + self._waiting.bytes + sum(each.reader.held + each.messages.held for each in sides)

    @property
    def failed(self) -> bool:
        """Whether it was seen from its begin and its handshake came to no end; not where a part of it is missing."""
        if self._spoke or self._secrets.client is None or any(side.lost for side in self._sides.values()):
            return False
        if self.decrypted:
            return self._fatal or len(self.agreed.finished) < len(self._sides)
        return self._flight.failed

    def skip(self, count: int, *, from_client: bool) -> bool:
        """Pass over bytes within a record that cannot be read; False where they are anything else."""
        return self._age == self._keys.age and self._sides[from_client].reader.skip(count)

    def seal(self, data: bytes, ts: int, packet: int, *, from_client: bool) -> list[int] | None:
        """The sizes of what these bytes hide, if they are encrypted data that cannot be read and nothing else."""
        side = self._sides[from_client]
        lengths = side.reader.seal(data) if self._age == self._keys.age else None
        if not lengths:
            return lengths
        self._last = ts, packet
        hidden = []
        for length in lengths:
            side.lane.miss()
            record = Record(APPLICATION_DATA, 0, length, None, 0, True, ts, packet)
            if self._flight.take(record, self.agreed.number, from_client=from_client):
                hidden.append(length)
        self._sealed += len(hidden)
        return hidden

    def feed(self, data: bytes, ts: int, packet: int, *, from_client: bool) -> Iterator[Heard]:
        """Take the next bytes of a side."""
        if self._age != self._keys.age:
            yield from self._take_new_secrets()
        for record in self._sides[from_client].reader.feed(data, ts, packet):
            yield from self._take(record, from_client=from_client)

    def lose(self, count: int, ts: int, packet: int, *, from_client: bool) -> Iterator[Heard]:
        """Take note that bytes of a side are missing here."""
        side = self._sides[from_client]
        side.lost = True
        side.messages.lose()
        for record in side.reader.lose(count, ts, packet):
            yield from self._take(record, from_client=from_client)

    def finish(self) -> Iterator[Heard]:
        """Give up what waited: the connection is over."""
        if self._age != self._keys.age:
            yield from self._take_new_secrets()
        for delayed in self._waiting.take():
            yield from self._give_up(*delayed)
        if self.agreed.early_accepted is not False:
            yield from self._accept_early()
        if self._secrets.random is not None and not self.decrypted:
            self._keys.miss(self._secrets.random)
        if self._sealed and not self.decrypted and len(self._keys):
            yield Heard(True, Problem("tls_not_decrypted", self._why_not()), *self._last)

    def _take(self, record: Record, *, from_client: bool) -> Iterator[Heard]:
        side = self._sides[from_client]
        self._last = record.ts, record.packet
        side.lost = side.lost or record.skipped > 0
        data = self._flight.take(record, self.agreed.number, from_client=from_client)
        if record.kind == APPLICATION_DATA and record.body is None:
            yield from self._give_up(from_client, record, data)
        elif record.kind == APPLICATION_DATA or (side.changed and self.agreed.number != TLS13):
            yield from self._open(Delayed(from_client, record, data))
        elif record.body is None:
            side.messages.lose()
        elif record.kind == CHANGE_CIPHER_SPEC:
            side.changed = True
        elif record.kind == ALERT:
            yield from self._alert(parse_alert(record.body), record, from_client=from_client)
        elif record.kind == HANDSHAKE:
            # Behind a loss it may be the encrypted Finished, which counts.
            side.lane.miss(record.skipped and record.skipped + 1)
            yield from self._read_messages(record.body, record, None, from_client=from_client)

    def _open(self, delayed: Delayed) -> Iterator[Heard]:
        from_client, record, _ = delayed
        side = self._sides[from_client]
        opened = self._opened(record, from_client=from_client) if record.body is not None else None
        if opened is not None:
            yield from self._read(opened, record, from_client=from_client)
        elif not record.sure and side.lane.armed and not side.lane.exhausted:
            side.reader.refuse(record)
        elif record.body is None or side.lane.proven or not self._waiting.useful:
            yield from self._give_up(*delayed)
        elif not self._waiting.add(delayed):
            for each in self._waiting.take():
                yield from self._give_up(*each)
            for each_side in self._sides.values():
                each_side.reader.keeping = bool(len(self._keys))

    def _opened(self, record: Record, *, from_client: bool) -> Opened | None:
        side = self._sides[from_client]
        if not side.lane.armed and self._secrets.certain:
            self._arm(from_client=from_client)
        if side.lane.armed:
            return side.lane.open(record)
        if side.guessed >= MAX_GUESSED or not len(self._keys) or self._secrets.certain:
            return None
        side.guessed += 1
        for candidate in self._secrets.candidates(from_client=from_client):
            lane = Lane(self._keys)
            lane.arm(candidate.phases)
            lane.miss(MAX_SKIPPED if self._joined else side.guessed - 1)
            opened = lane.open(record)
            if opened is not None:
                side.lane, self._secrets.random, self._secrets.suite = lane, candidate.random, candidate.suite
                self.agreed.settle(self.agreed.number or TLS13, candidate.suite)
                return opened
        return None

    @property
    def _joined(self) -> bool:
        """Whether nothing was seen of the hellos: how many records came before is not known then."""
        return self._secrets.client is None and self._secrets.server is None

    def _arm(self, *, from_client: bool) -> None:
        side = self._sides[from_client]
        for candidate in self._secrets.candidates(from_client=from_client):
            side.lane.arm(candidate.phases)
            side.lane.miss(MAX_SKIPPED if self._joined else 0)
            side.reader.keeping = True

    def _take_new_secrets(self) -> Iterator[Heard]:
        """Try the secrets that came in the meantime on what waited for them."""
        self._age = self._keys.age
        self._waiting.hopeless = False
        for from_client, side in self._sides.items():
            side.guessed, side.reader.keeping = 0, True
            if self._secrets.certain:
                self._arm(from_client=from_client)
        for delayed in self._waiting.take():
            yield from self._open(delayed)

    def _give_up(self, from_client: bool, record: Record, data: bool) -> Iterator[Heard]:  # noqa: FBT001 - a Delayed
        """Take note of a record that cannot be opened; it counts all the same."""
        side = self._sides[from_client]
        if record.body is None or not side.lane.armed:
            side.lane.miss()
        if record.kind == ALERT:
            yield from self._alert(Alert(None, None), record, from_client=from_client)
        elif data:
            self._sealed += 1
            yield Heard(from_client, Sealed(record.length), record.ts, record.packet)
        if side.lane.proven and record.body is not None and record.kind == APPLICATION_DATA:
            problem = Problem("tls_unreadable", "a record that the keys of its connection do not open", damage=True)
            yield Heard(from_client, problem, record.ts, record.packet)

    def _read(self, opened: Opened, record: Record, *, from_client: bool) -> Iterator[Heard]:
        side = self._sides[from_client]
        self.decrypted, side.gap = True, side.gap or opened.lost
        is_early = opened.phase.name == EARLY
        if from_client and not is_early and not side.lost:
            # It went on without telling the end of early data: the server had refused it (RFC 8446 4.2.10).
            self._refuse_early()
        if opened.kind == APPLICATION_DATA:
            self._spoke = self._spoke or not is_early
            heard = Heard(from_client, Plain(opened.data, side.gap), record.ts, record.packet)
            side.gap = False
            if is_early and not self.agreed.early_accepted and self._early_bytes <= MAX_EARLY:
                self._early.append(heard)
                self._early_bytes += len(opened.data)
            else:
                yield heard
        elif opened.kind == HANDSHAKE:
            yield from self._read_messages(opened.data, record, opened.phase, from_client=from_client)
        elif opened.kind == ALERT:
            yield from self._alert(parse_alert(opened.data), record, from_client=from_client)

    def _accept_early(self) -> Iterator[Heard]:
        early = self._early
        self._refuse_early()
        yield from early

    def _refuse_early(self) -> None:
        self._early, self._early_bytes = [], 0

    def _read_messages(self, body: bytes, record: Record, phase: Phase | None, *, from_client: bool) -> Iterator[Heard]:
        side = self._sides[from_client]
        for message in side.messages.feed(body):
            shown = self.agreed.read(message, from_client=from_client, encrypted=phase is not None)
            if shown:
                yield Heard(from_client, Chain(shown), record.ts, record.packet)
            if message.kind == handshake.KEY_UPDATE and phase is not None:
                side.lane.update()
            elif message.kind == CLIENT_HELLO and from_client:
                self._refuse_early()
            elif message.kind == SERVER_HELLO and self._secrets.certain:
                for each in (True, False):
                    self._arm(from_client=each)
            elif message.kind == handshake.END_OF_EARLY_DATA or self.agreed.early_accepted:
                yield from self._accept_early()

    def _alert(self, alert: Alert | None, record: Record, *, from_client: bool) -> Iterator[Heard]:
        if alert is not None and self._alerts:
            self._alerts -= 1
            self._fatal = self._fatal or alert.fatal
            yield Heard(from_client, alert, record.ts, record.packet)

    def _why_not(self) -> str:
        """Why nothing was decrypted, though there are secrets."""
        secrets, agreed = self._secrets, self.agreed
        if secrets.random is None:
            return "its ClientHello was not captured, and no secrets of the key log fit"
        if agreed.number is None:
            return "its ServerHello was not captured, and no secrets of the key log fit"
        if agreed.number < TLS12:
            return f"TLS {agreed.version} is not decrypted"
        if any(next(secrets.candidates(from_client=side), None) is not None for side in (True, False)):
            return "the secrets that the key log gives for it do not fit"
        unknown = agreed.number == TLS12 and not secrets.known
        return (
            "the key log holds no secrets of it"
            if unknown or agreed.number == TLS13
            else f"{agreed.cipher} is not decrypted"
        )

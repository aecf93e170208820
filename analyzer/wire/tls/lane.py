"""Opens the encrypted records of one direction, one after another, and finds its place again behind a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.tls.phases import TRAFFIC
from analyzer.wire.tls.records import MAX_SKIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analyzer.wire.tls.keylog import Keys
    from analyzer.wire.tls.phases import Phase
    from analyzer.wire.tls.records import Record

MAX_LANE_TRIES = 200_000
"""Keys tried in vain on one direction, in KiB of what they were tried on."""
UPDATES = 2
"""Key updates that a loss may have swallowed."""


class Opened(NamedTuple):
    """What a record held. `lost` tells that application data may be missing before it."""

    kind: int
    data: bytes
    phase: Phase
    lost: bool


class Lane:
    """One direction: the keys it uses one after another, and how many records were sent with the present ones.

    The tag or MAC of a record covers its number, so it proves which one it is: after a loss the following are tried.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._phases: list[Phase] = []
        self._at = 0
        self._sequence = 0
        self._missed = 0
        self._tries = MAX_LANE_TRIES
        self.proven = False

    @property
    def armed(self) -> bool:
        """Whether there are keys to try."""
        return bool(self._phases)

    @property
    def exhausted(self) -> bool:
        """Whether so many keys were tried in vain that no more are."""
        return self._tries <= 0 or self._keys.tries <= 0

    @property
    def phase(self) -> Phase | None:
        """The present keys."""
        return self._phases[self._at] if self._phases else None

    def arm(self, phases: Sequence[Phase]) -> None:
        """Take keys; those in use stay in use."""
        present = self.phase if self.proven else None
        if present is None:
            self._phases, self._at, self._sequence = list(phases), 0, 0
            return
        known = {phase.secret for phase in self._phases}
        self._phases += [phase for phase in phases if phase.secret not in known]

    def miss(self, count: int = 1) -> None:
        """Take note that records were sent which are not opened."""
        self._missed += count

    def update(self) -> None:
        """Go on to the keys after an update (RFC 8446 4.6.3)."""
        following = self._phases[self._at].following
        if following is not None:
            del self._phases[self._at + 1 :]
            self._phases.append(following)
            self._at, self._sequence, self._missed = self._at + 1, 0, 0

    def open(self, record: Record) -> Opened | None:
        """What the next record holds, None where no key opens it."""
        if self.exhausted:
            return None
        for index, phase in self._reachable(recovering=bool(self._missed or record.skipped)):
            first = self._sequence if index == self._at else 0
            for sequence in self._numbers(first, record.skipped):
                content = phase.protection.open(record, sequence)
                if content is not None:
                    return self._take(index, phase, sequence, first, content.kind, content.data)
                if self._spend(record):
                    return None
        self._missed += record.sure
        return None

    def _take(self, index: int, phase: Phase, sequence: int, first: int, kind: int, data: bytes) -> Opened:
        beyond = index >= len(self._phases)
        if beyond:
            self._phases = [*self._phases[: self._at + 1], phase]
            index = len(self._phases) - 1
        lost = phase.name == TRAFFIC and (beyond or sequence > max(first, phase.first))
        self._at, self._sequence, self._missed, self.proven = index, sequence + 1, 0, True
        return Opened(kind, data, phase, lost)

    def _reachable(self, *, recovering: bool) -> Iterator[tuple[int, Phase]]:
        """The present keys and those that may follow them."""
        yield from enumerate(self._phases[self._at :], self._at)
        following = self._phases[-1] if self._phases and recovering and self.proven else None
        for index in range(UPDATES):
            following = following.following if following is not None else None
            if following is not None:
                yield len(self._phases) + index, following

    def _numbers(self, first: int, skipped: int) -> Iterator[int]:
        """The numbers that the next record may have, the likeliest first."""
        yield first
        if self._missed > 1 and not skipped:
            yield first + self._missed
        yield from range(first + 1, first + min(self._missed + skipped, MAX_SKIPPED) + 1)

    def _spend(self, record: Record) -> bool:
        """Count a key that was tried in vain; whether no more are tried."""
        cost = 1 + (record.length >> 10)
        self._tries -= cost
        self._keys.tries -= cost
        return self.exhausted

"""What is known of a connection while its messages are taken: the calls that wait for answers, and its version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from analyzer.ocpp import actions

if TYPE_CHECKING:
    import msgspec

OTHER_SIDE = {"up": "down", "down": "up"}
UNSURE = frozenset({None, "2.0.1"})
"""What may still turn out to be another version: what is told of 2.0.1 holds for 2.1 too."""
MAX_OPEN_CALLS = 10_000
"""Calls of one side whose answer is still awaited, for naming the answer's action; the oldest is forgotten."""
HARMLESS = re.compile(r"[0-9A-Fa-f-]*").fullmatch
"""Message ids of digits and hyphens, which hold no secret: nearly all are such."""


class Row(NamedTuple):
    """A row of `messages` as it is taken, the connection by its number."""

    ts: int | None
    direction: str
    type: str
    id: str
    action: str | None
    payload: str
    error_code: str | None
    error_description: str | None
    bytes: int
    number: int
    origin: int


class Exchange:
    """One connection: the actions of its open calls by side and message id, its version, and how much was said when."""

    __slots__ = ("calls", "count", "last", "version")

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, str]] = {"up": {}, "down": {}}
        self.version: str | None = None
        self.count = 0
        self.last: dict[str, int] = {}

    def take(
        self, elements: tuple[int, str, str, msgspec.Raw] | tuple[int, str, msgspec.Raw], *, from_station: bool
    ) -> str | None:
        """Take a call or a result in its usual form, and tell the action."""
        if len(elements) == 3:
            return self.calls["down" if from_station else "up"].pop(elements[1], None)
        _, identity, action, payload = elements
        if self.version in UNSURE:
            self.version = joined(self.version, actions.version(action, str(payload, "utf-8")))
        awaiting = self.calls["up" if from_station else "down"]
        awaiting[identity] = action
        if len(awaiting) > MAX_OPEN_CALLS:
            del awaiting[next(iter(awaiting))]
        return action

    def ask(self, direction: str, identity: str, action: str, payload: str, *, answered: bool) -> None:
        """Take a request; one that is to be answered waits for it. An id that is used again waits at its new place."""
        if self.version in UNSURE:
            self.version = joined(self.version, actions.version(action, payload))
        if answered:
            awaiting = self.calls[direction]
            awaiting[identity] = action
            if len(awaiting) > MAX_OPEN_CALLS:
                del awaiting[next(iter(awaiting))]

    def live(self, direction: str, ts: int | None) -> None:
        """Take note of a sign of life."""
        if ts is not None:
            self.last[direction] = max(ts, self.last.get(direction, ts))

    def direction(self, identity: str, action: str | None, *, asks: bool) -> str:
        """The direction of a message whose line does not tell it."""
        if asks:
            return actions.direction(action or "") or "up"
        return next((OTHER_SIDE[side] for side in ("up", "down") if identity in self.calls[side]), "down")


def joined(first: str | None, second: str | None) -> str | None:
    """The version that two signs tell: the first, but 2.1 where one tells 2.0.1 and the other 2.1."""
    return second if first is None or (first, second) == ("2.0.1", "2.1") else first

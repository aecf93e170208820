"""What is known of a connection while its messages are taken: the calls that wait for answers, and its version."""

from __future__ import annotations

from analyzer.ocpp import actions

OTHER_SIDE = {"up": "down", "down": "up"}
UNSURE = frozenset({None, "2.0.1"})
"""What may still turn out to be another version: what is told of 2.0.1 holds for 2.1 too."""
MAX_OPEN_CALLS = 10_000
"""Calls of one side whose answer is still awaited, for naming the answer's action; the oldest is forgotten."""


class Exchange:
    """One connection: the actions of its open calls by side and message id, its version, and how much was said."""

    __slots__ = ("calls", "count", "version")

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, str]] = {"up": {}, "down": {}}
        self.version: str | None = None
        self.count = 0

    def ask(self, direction: str, identity: str, action: str, payload: str, *, answered: bool) -> None:
        """Take a request; one that is to be answered waits for it. An id that is used again waits at its new place."""
        if self.version in UNSURE:
            self.version = joined(self.version, actions.version(action, payload))
        if answered:
            awaiting = self.calls[direction]
            awaiting[identity] = action
            if len(awaiting) > MAX_OPEN_CALLS:
                del awaiting[next(iter(awaiting))]

    def direction(self, identity: str, action: str | None, *, asks: bool) -> str:
        """The direction of a message whose line does not tell it."""
        if asks:
            return actions.direction(action or "") or "up"
        return next((OTHER_SIDE[side] for side in ("up", "down") if identity in self.calls[side]), "down")


def joined(first: str | None, second: str | None) -> str | None:
    """The version that two signs tell: the first, but 2.1 where one tells 2.0.1 and the other 2.1."""
    return second if first is None or (first, second) == ("2.0.1", "2.1") else first

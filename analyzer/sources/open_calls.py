"""The calls of one side that wait for their answers."""

from __future__ import annotations

from collections import OrderedDict, deque


class OpenCalls:
    """Calls in their order; several may have the same id.

    >>> calls = OpenCalls()
    >>> for identity in "aba":
    ...     calls.ask(identity)
    >>> calls.answer("a"), calls.answer(None), calls.answer(None), calls.answer(None)
    ('a', 'b', 'a', None)
    """

    def __init__(self) -> None:
        self._asked = 0
        self._ids: OrderedDict[int, str] = OrderedDict()
        self._places: dict[str, deque[int]] = {}

    def ask(self, identity: str) -> None:
        """Take a call that waits from now on."""
        self._asked += 1
        self._ids[self._asked] = identity
        self._places.setdefault(identity, deque()).append(self._asked)

    def answer(self, identity: str | None) -> str | None:
        """Take an answer to a call by its id, None being the oldest, and give that id; None where no call waits."""
        if identity is None:
            identity = next(iter(self._ids.values()), None)
        places = self._places.get(identity or "")
        if identity is None or places is None:
            return identity
        del self._ids[places.popleft()]
        if not places:
            del self._places[identity]
        return identity

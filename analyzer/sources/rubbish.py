"""Finds where a part of a log was overwritten: zero bytes after a loss of power, or bytes that are no text."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from analyzer.sources.events import Ignored, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analyzer.sources.events import Event, Line

ENOUGH = 8
"""Bytes of a line that are no text: fewer may be letters of another encoding, or what a charger said."""
SHARE = 4
"""They are every fourth at least, or zeros."""
CONTROL = frozenset(map(chr, range(32))) - {"\t", "\n", "\r", "\x1b"}
"""What text of no encoding holds, and bytes of chance do; colours of a terminal begin with an escape."""


class Rubbish:
    """The lines of one log that are no text, told where its events go on: in a file system's hole there is no time."""

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()

    def noted(self, lines: Iterable[Line]) -> Iterator[Line]:
        """The lines as they are; those that are no text are remembered."""
        for line in lines:
            if is_rubbish(line.text):
                self._waiting.append(line.number)
            yield line

    def told(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events, and between those around what is no text the damage, at a time between theirs."""
        last: int | None = None
        for event in events:
            if not isinstance(event, Ignored) and event.ts is not None:
                if self._waiting and self._waiting[0] < event.origin:
                    yield self._damage(event.ts if last is None else (last + event.ts) // 2, event.origin)
                last = event.ts
            yield event
        if self._waiting:
            yield self._damage(last, self._waiting[-1] + 1)

    def _damage(self, ts: int | None, before: int) -> Trouble:
        first, count = self._waiting[0], 0
        while self._waiting and self._waiting[0] < before:
            self._waiting.popleft()
            count += 1
        detail = f"bytes that are no text, from line {first} on: a part of the log was lost there"
        return Trouble(first, "unreadable_lines", detail, ts, damage=True, times=count, accounted=True)


def is_rubbish(text: str) -> bool:
    """Whether a line holds what no program logs; U+FFFD stands for bytes that are no text in the log's encoding.

    >>> is_rubbish("a" * 99 + chr(0) * 9), is_rubbish(chr(0xFFFD) * 8 + chr(1)), is_rubbish("f" + chr(0xFFFD) + "r")
    (True, True, False)
    """
    strange = text.count("\ufffd")
    if text.count("\0") >= ENOUGH:
        return True
    return strange >= ENOUGH and strange * SHARE >= len(text) and not CONTROL.isdisjoint(text)

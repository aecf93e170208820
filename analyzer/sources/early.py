"""Puts an answer behind its call where a log of whole seconds has it before."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING

from analyzer.sources.events import Event, Ignored, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_OPEN = 10_000
"""Calls whose answer is awaited; the oldest is forgotten."""
_HEAD = re.compile(r'\[\s*(?P<type>[2-5])\s*,\s*"(?P<id>(?:[^"\\]|\\.){0,255})"')
_OTHER = {"up": "down", "down": "up", None: None}


def answers_after_calls(events: Iterable[Event]) -> Iterator[Event]:
    """The events, an answer without a call waiting for one until the clock moves on or a connection begins or ends.

    A program that logs a message after it was sent may have logged the answer by then. The answer is then told a
    microsecond later than its call, which is within what whole seconds say.
    """
    asked: OrderedDict[tuple[str, str | None, str], None] = OrderedDict()
    waiting: dict[tuple[str, str | None, str], Message] = {}
    now: int | None = None
    for event in events:
        if not isinstance(event, Ignored) and (event.ts != now or not isinstance(event, Message)):
            yield from waiting.values()
            waiting.clear()
            now = event.ts
        head = _HEAD.match(event.text) if isinstance(event, Message) else None
        if not isinstance(event, Message) or head is None:
            yield event
            continue
        is_call = head["type"] == "2"
        key = (event.station, _OTHER[event.direction] if is_call else event.direction, head["id"])
        if is_call:
            yield event
            early = waiting.pop(key, None)
            if early is not None:
                yield early if early.ts is None else early._replace(ts=early.ts + 1)
                continue
            asked[key] = None
            if len(asked) > MAX_OPEN:
                asked.popitem(last=False)
        elif key in asked:
            del asked[key]
            yield event
        elif key in waiting:
            yield event
        else:
            waiting[key] = event
    yield from waiting.values()

"""Finds out whose log it is: sent and received are the other way round on a charger than on its CSMS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.ocpp import actions
from analyzer.sources.events import Control, Disconnected, Event, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENOUGH = 9
"""Requests by which it is decided: a few may be nonsense."""
MAX_WAITING = 20_000
"""Events that wait for it."""
OTHER = {"up": "down", "down": "up", "station": "csms", "csms": "station"}
_REQUEST = re.compile(r'\[\s*[26]\s*,\s*"[^"]{0,255}"\s*,\s*"(?P<action>\w{1,64})"')


def oriented(events: Iterable[Event]) -> Iterator[Event]:
    """The events of a log that were read as a CSMS's, turned round where its requests show that it is a charger's.

    The action decides, by the majority of the log's first requests: only a charger requests a Heartbeat, only a CSMS
    a Reset.
    """
    waiting: list[Event] = []
    votes = 0
    stream = iter(events)
    for event in stream:
        waiting.append(event)
        votes += _vote(event)
        if abs(votes) >= ENOUGH or len(waiting) >= MAX_WAITING:
            break
    turn = _turned if votes < 0 else _same
    yield from map(turn, waiting)
    waiting.clear()
    yield from map(turn, stream)


def _vote(event: Event) -> int:
    """1 for a request in the direction that was read, -1 for one in the other, 0 for what tells nothing."""
    match = _REQUEST.match(event.text) if isinstance(event, Message) else None
    side = actions.direction(match["action"]) if match else None
    return 0 if side is None else 1 if isinstance(event, Message) and side == event.direction else -1


def _turned(event: Event) -> Event:
    if isinstance(event, Message | Control) and event.direction is not None:
        return event._replace(direction=OTHER[event.direction])
    if isinstance(event, Disconnected) and event.end_side is not None:
        return event._replace(end_side=OTHER.get(event.end_side, event.end_side))
    return event


def _same(event: Event) -> Event:
    return event

"""Lines that Python's `ocpp` library (mobilityhouse) writes, whatever program logs them and in whatever shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.sources import payload
from analyzer.sources.events import Ignored, Message, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

SPOKEN = re.compile(
    r"(?P<station>.{0,255}?): ?(?P<verb>receive message|send message|send)(?: (?P<text>.*)|$)", re.DOTALL
)
"""A message: the charger's identity may be empty and may hold a colon; `send message` is what later versions write."""
ECHO = re.compile(
    r"Unable to parse message: |Error while handling request |Received a CALLError: |Ignoring response with unknown"
)
"""Begins a line that repeats a message which has a line of its own, with what the library made of it."""
DIRECTIONS = {"receive message": "up", "send message": "down", "send": "down"}
"""As the CSMS sees it."""


def spoken(
    station: str, verb: str, text: str, ts: int | None, number: int, extent: int
) -> Iterator[Message | Ignored | Trouble]:
    """The events of a message that takes `extent` lines."""
    found = payload.find(text)
    text = found.text if found else text
    if is_elided(text):
        yield Trouble(number, "elided", text, ts, station)
        yield from (Ignored(number + more) for more in range(1, extent))
        return
    yield Message(ts, station, DIRECTIONS[verb], text, number, extent)


def is_elided(text: str) -> bool:
    """Whether a program left out the middle of a message.

    >>> is_elided('[2,"1","Chan...":""}]'), is_elided('[2,"1","DataTransfer",{"data":"..."}]')
    (True, False)
    """
    if "..." not in text and "\u2026" not in text:
        return False
    found = payload.find(text)
    return found is None or not found.whole

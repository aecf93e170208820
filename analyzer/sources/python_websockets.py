"""Lines that Python's `websockets` library writes of each connection when it is debugged.

They name no charger and leave out the middle of a message. So they tell of a charger only while the log knows a single
one, and their messages count only where no other line of the log has them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from analyzer.sources.closings import ABNORMAL
from analyzer.sources.events import Connected, Control, Disconnected, Event, Ignored, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGERS = ("websockets.server", "websockets.client", "websockets.protocol")
MAX_WAITING = 10_000
"""Lines of messages that wait for the log to show whether it has them elsewhere."""
_REQUEST = re.compile(r"< GET (?P<path>\S{1,2048}) HTTP/1\.1")
_CONTROL = re.compile(r"(?P<sign>[<>]) (?P<kind>PING|PONG)\b(?: (?P<detail>.*) \[.*)?", re.DOTALL)
_CLOSE = re.compile(
    r"(?P<sign>[<>]) CLOSE (?P<code>\d{4}) \([^)]{1,40}\)(?: (?P<reason>.*?))? ?\[\d+ bytes?\]", re.DOTALL
)
_DATA = re.compile(r"[<>] (?:TEXT|CONT|BINARY)\b")
_DIRECTIONS = {"<": "up", ">": "down"}
_SIDES = {"<": "station", ">": "csms"}


class Frames:
    """What the lines of a CSMS's `websockets` tell, in their order."""

    def __init__(self) -> None:
        self._stations: set[str] = set()
        self._open = 0
        self._close: re.Match[str] | None = None
        self._elsewhere = False
        self._waiting: list[Trouble] = []

    @property
    def station(self) -> str | None:
        """The charger that a line without an identity means: the only one so far."""
        return next(iter(self._stations)) if len(self._stations) == 1 else None

    def knows(self, station: str) -> None:
        """Take note that the log speaks of a charger."""
        if len(self._stations) < 2:
            self._stations.add(station)

    def messages_are_elsewhere(self) -> Iterator[Event]:
        """Take note that the log has the messages on other lines too: those that waited tell nothing new."""
        self._elsewhere = True
        yield from (Ignored(trouble.origin) for trouble in self._waiting)
        self._waiting.clear()

    def end(self) -> Iterator[Event]:
        """What still waited at the end of the log."""
        yield from self._waiting
        self._waiting.clear()

    def events(self, text: str, ts: int | None, number: int) -> Iterator[Event]:
        """The events of a line; a message may wait, and is then told later."""
        if _DATA.match(text):
            yield from self._message(text, ts, number)
            return
        if request := _REQUEST.match(text):
            self.knows(unquote(request["path"].partition("?")[0].rstrip("/").rpartition("/")[2]))
        if close := _CLOSE.match(text):
            self._close = self._close or close
        yield self._event(text, ts, number, self.station) or Ignored(number)

    def _event(self, text: str, ts: int | None, number: int, station: str | None) -> Event | None:
        opened, closed = text == "= connection is OPEN", text == "= connection is CLOSED"
        self._open = max(self._open + opened - closed, 0)
        close, self._close = self._close, None if closed else self._close
        if station is None:
            return None
        if opened:
            return Connected(ts, station, number)
        if closed and self._open == 0:
            # Where the charger has come back on another connection already, the end of the old one is no news.
            return _ended(ts, station, number, close)
        control = _CONTROL.match(text)
        if control is None:
            return None
        return Control(ts, station, _DIRECTIONS[control["sign"]], control["kind"].lower(), number, control["detail"])

    def _message(self, text: str, ts: int | None, number: int) -> Iterator[Event]:
        if self._elsewhere:
            yield Ignored(number)
            return
        self._waiting.append(Trouble(number, "elided", text[:200], ts))
        if len(self._waiting) > MAX_WAITING:
            yield from self.end()


def _ended(ts: int | None, station: str, number: int, close: re.Match[str] | None) -> Disconnected:
    if close is None:  # RFC 6455 7.1.5
        return Disconnected(ts, station, number, "lost", None, ABNORMAL)
    return Disconnected(
        ts, station, number, "close", _SIDES[close["sign"]], int(close["code"]), close["reason"] or None
    )

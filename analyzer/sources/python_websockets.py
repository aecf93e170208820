"""Lines that Python's `websockets` library writes of a CSMS's connections.

They name no charger, and leave out the middle of a message. So they tell of a charger only while a single connection
can be meant, and their messages count only where no other line of the log has them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.sources.events import Connected, Control, Disconnected, Event, Ignored, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGGERS = ("websockets.server", "websockets.client", "websockets.protocol")
MAX_WAITING = 10_000
"""Lines of messages that wait for the log to show whether it has them elsewhere."""
_CONTROL = re.compile(r"(?P<sign>[<>]) (?P<kind>PING|PONG)\b(?: (?P<detail>.*) \[.*)?", re.DOTALL)
_CLOSE = re.compile(
    r"(?P<sign>[<>]) CLOSE (?P<code>\d{4}) \([^)]{1,40}\)(?: (?P<reason>.*?))? ?\[\d+ bytes?\]", re.DOTALL
)
_DATA = re.compile(r"[<>] (?:TEXT|CONT|BINARY)\b")
_STATE = "= connection is "
_DIRECTIONS = {"<": "up", ">": "down"}
_SIDES = {"<": "station", ">": "csms"}


class Frames:
    """What these lines tell, in their order, helped by what the rest of the log knows."""

    def __init__(self) -> None:
        self.station: str | None = None
        """The charger whose connection is the only one that is open."""
        self._others: set[str] = set()
        self._open = 0
        self._complete = False
        self._debugged = False
        self._opening: Connected | None = None
        self._close: re.Match[str] | None = None
        self._waiting: list[Trouble] = []
        self._elsewhere = False

    def speaks(self, station: str, *, connects: bool = False) -> Iterator[Event]:
        """Take note that another line of the log is a message of a charger, or that it connects."""
        if not self._elsewhere and not connects:
            self._elsewhere = True
            yield from (Ignored(trouble.origin) for trouble in self._waiting)
            self._waiting.clear()
        opening, self._opening = self._opening, None
        if opening is not None:
            yield Ignored(opening.origin) if connects else opening._replace(station=station)
        elif station not in self._others and not self._complete:
            # The log began in the middle: this charger's connection was opened before.
            self._open += 1
        if len(self._others) < 2:
            self._others.add(station)
        self.station = station if self._open == 1 else None

    def events(self, text: str, ts: int | None, number: int) -> Iterator[Event]:
        """The events of a line. One that opens a connection, or is a message, waits for what `speaks`."""
        if _DATA.match(text):
            yield from self._message(text, ts, number)
            return
        if text.startswith("server listening"):
            self._complete = True
        self._debugged = self._debugged or text.startswith(_STATE)
        if text == (f"{_STATE}OPEN" if self._debugged else "connection open"):
            yield from self._opens(ts, number)
        elif text == (f"{_STATE}CLOSED" if self._debugged else "connection closed"):
            yield from self._closes(ts, number)
        else:
            yield self._control(text, ts, number) or Ignored(number)

    def end(self) -> Iterator[Event]:
        """What still waited at the end of the log."""
        yield from self._waiting
        self._waiting.clear()
        if self._opening is not None:
            yield Ignored(self._opening.origin)

    def _opens(self, ts: int | None, number: int) -> Iterator[Event]:
        if self._opening is not None:
            yield Ignored(self._opening.origin)
        self._open += 1
        alone = self._open == 1
        self._opening = Connected(ts, "", number) if alone else None
        self.station = None
        if not alone:
            yield Ignored(number)

    def _closes(self, ts: int | None, number: int) -> Iterator[Event]:
        station, close = self.station, self._close
        self._open, self.station, self._close = max(self._open - 1, 0), None, None
        if self._opening is not None:
            yield Ignored(self._opening.origin)
            self._opening = None
        certain = self._complete or len(self._others) == 1
        yield Ignored(number) if station is None or not certain else _ended(ts, station, number, close)

    def _control(self, text: str, ts: int | None, number: int) -> Event | None:
        if self.station is None:
            return None
        self._close = self._close or _CLOSE.match(text)
        control = _CONTROL.match(text)
        if control is None:
            return None
        return Control(
            ts, self.station, _DIRECTIONS[control["sign"]], control["kind"].lower(), number, control["detail"]
        )

    def _message(self, text: str, ts: int | None, number: int) -> Iterator[Event]:
        if self._elsewhere:
            yield Ignored(number)
            return
        self._waiting.append(Trouble(number, "elided", text, ts, self.station))
        if len(self._waiting) > MAX_WAITING:
            yield from self._waiting
            self._waiting.clear()


def _ended(ts: int | None, station: str, number: int, close: re.Match[str] | None) -> Disconnected:
    if close is None:
        return Disconnected(ts, station, number)
    return Disconnected(
        ts, station, number, "close", _SIDES[close["sign"]], int(close["code"]), close["reason"] or None
    )

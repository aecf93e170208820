"""Logs of programs that use Python's `ocpp` library (mobilityhouse), in whatever shape they set up their logging."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.sources import payload
from analyzer.sources.clocks import Clock
from analyzer.sources.closings import closing
from analyzer.sources.events import Disconnected, Event, Ignored, Line, Trouble
from analyzer.sources.orientation import oriented
from analyzer.sources.python_ocpp import ECHO, spoken
from analyzer.sources.python_websockets import LOGGERS, Frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

NAME = "mobilityhouse"
ABOUT = "Log of a program that uses Python's ocpp library (mobilityhouse), with or without times."
LOCAL_TIME = True
SAMPLE = """\
INFO:websockets.server:server listening on 0.0.0.0:9000
INFO:ocpp:CP-7: receive message [2,"18","BootNotification",{"chargePointVendor":"Example","chargePointModel":"AC22"}]
INFO:ocpp:CP-7: send [3,"18",{"currentTime":"2026-02-03T03:00:01Z","interval":60,"status":"Accepted"}]
INFO:ocpp:CP-7: receive message [2,"19","Heartbeat",{}]
INFO:ocpp:CP-7: send [3,"19",{"currentTime":"2026-02-03T03:01:01Z"}]
INFO:ocpp:CP-7: send [2,"ab1","Reset",{"type":"Soft"}]
INFO:ocpp:CP-7: receive message [4,"ab1","NotSupported","",{}]
WARNING:ocpp:Received a CALLError: <CallError - unique_id=ab1, error_code=NotSupported>'
"""
_LEVEL = r"(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)"
_SPOKEN = re.compile(
    r"(?P<before>.{0,400}?): ?(?P<verb>receive message(?= |$)|send message(?= \[)|send(?= \[)) ?(?P<text>.*)", re.DOTALL
)
_TIME = re.compile(r"\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_BEGIN = re.compile(rf"\W{{0,3}}(?:{_TIME.pattern}|{_LEVEL}\b)")
_LOGGER = re.compile(
    rf"(?:^|(?<=[\s\[]))(?:{_LEVEL}:[\w.-]{{1,128}}:|[\w.]{{0,64}}ocpp:)(?:[\w./-]{{1,128}}\.py:\d{{1,6}}\b)? ?"
)
"""What names the logger before the message: `INFO:ocpp:` of `logging.basicConfig`, or `ocpp:`, with a file's line."""
_HOME_ASSISTANT = re.compile(r"\S{10} \S{8,15} [A-Z]{4,8} \([^)]{0,128}\) \[")
"""A shape of lines that is a format of its own."""
_FRAME = re.compile(
    rf".{{0,150}}?\b(?:{'|'.join(re.escape(logger) for logger in LOGGERS)})[\s:|\])}}-]{{1,4}}"
    rf"(?:{_LEVEL}[\s:|\])}}-]{{1,4}})?(?P<what>.*)",
    re.DOTALL,
)
_CLOSED = re.compile(r"(?:websockets\.(?:exceptions\.)?)?ConnectionClosed(?:OK|Error)?: (?P<how>.*)", re.DOTALL)
"""The last line of a traceback."""


def sniff(head: str) -> float:
    """The share of lines with a message whose message the library introduced."""
    lines = [line for line in head.splitlines() if not _HOME_ASSISTANT.match(line) and payload.find(line)]
    return 0.95 * sum(_SPOKEN.match(line) is not None for line in lines) / len(lines) if lines else 0.0


def read(lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
    """The events of such a log; a time that the shape leaves out is taken from the line's envelope."""
    return oriented(_events(lines, Clock(zone)))


def _events(lines: Iterable[Line], clock: Clock) -> Iterator[Event]:
    frames = Frames()
    for line, extent in payload.joined(lines, _begins):
        message = _SPOKEN.match(line.text)
        time = _TIME.search(message["before"] if message else line.text[:80])
        ts = clock.read(time[0] if time else line.stamp)
        if message:
            station = _station(message["before"])
            yield from frames.speaks(station)
            yield from spoken(station, message["verb"], message["text"], ts, line.number, extent)
        elif frame := _FRAME.match(line.text):
            yield from frames.events(frame["what"], ts, line.number)
        else:
            yield _other(line, ts, frames.station)
    yield from frames.end()


def _begins(text: str) -> bool:
    return _BEGIN.match(text) is not None or _SPOKEN.match(text) is not None


def _station(before: str) -> str:
    """The identity of the charger: what the shape of the line leaves before the colon.

    >>> _station("INFO:ocpp:CP 7"), _station("2026-02-03 04:05:06,789 - ocpp - INFO - http://10.0.0.7:9000/CP7")
    ('CP 7', 'http://10.0.0.7:9000/CP7')
    """
    logger = _LOGGER.search(before)
    return before[logger.end() :] if logger else before.rpartition(" ")[2]


def _other(line: Line, ts: int | None, station: str | None) -> Event:
    """The event of a line that is neither a message nor a frame."""
    closed = _CLOSED.match(line.text)
    end = closing(closed["how"]) if closed else None
    if end is not None and station is not None:
        return Disconnected(ts, station, line.number, *end)
    if payload.find(line.text) is None or ECHO.search(line.text):
        return Ignored(line.number)
    return Trouble(line.number, "not_understood", line.text, ts)

"""Home Assistant's log with the OCPP integration (lbbrhzn/ocpp): local times, seen from the CSMS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from analyzer.sources import payload
from analyzer.sources.clocks import Clock
from analyzer.sources.closings import closing
from analyzer.sources.events import Connected, Disconnected, Event, Ignored, Line, Trouble
from analyzer.sources.python_ocpp import SPOKEN, spoken
from analyzer.sources.python_websockets import LOGGERS, Frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

NAME = "homeassistant"
ABOUT = "Home Assistant's log with the OCPP integration (lbbrhzn/ocpp)."
LOCAL_TIME = True
SAMPLE = """\
s6-rc: info: service legacy-services successfully started
2026-02-03 09:00:00.101 INFO (MainThread) [custom_components.ocpp] Websocket Subprotocol matched: ocpp1.6
2026-02-03 09:00:00.102 INFO (MainThread) [custom_components.ocpp] Charger websocket path=/CP-7
2026-02-03 09:00:00.103 INFO (MainThread) [custom_components.ocpp] Charger CP-7 connected to 0.0.0.0:9000.
2026-02-03 09:00:01.500 INFO (MainThread) [ocpp] CP-7: receive message [2,"18","BootNotification",
{"chargePointVendor": "Example",
 "chargePointModel": "AC22"}]
2026-02-03 09:00:01.504 INFO (MainThread) [ocpp] CP-7: send [3,"18",{"currentTime":"2026-02-03T08:00:01Z","interval":60,"status":"Accepted"}]
2026-02-03 09:00:02.000 DEBUG (MainThread) [custom_components.ocpp] Connection latency from 'central' to 'CP-7': ping=1.0 ms, pong=3.0 ms
2026-02-03 09:00:02.700 WARNING (SyncWorker_0) [homeassistant.loader] We found a custom integration ocpp
2026-02-03 09:01:01.500 INFO (MainThread) [ocpp] CP-7: receive message [2,"19","Heartbeat",{}]
2026-02-03 09:01:01.503 INFO (MainThread) [ocpp] CP-7: send [3,"19",{"currentTime":"2026-02-03T08:01:01Z"}]
2026-02-03 09:02:11.002 DEBUG (MainThread) [custom_components.ocpp] Connection closed to 'CP-7': no close frame received or sent
"""
NORMAL = 1000
"""RFC 6455 7.4.1."""
RECONNECTION = 15 * 1_000_000
"""Microseconds after a reconnection in which the CSMS's close is that of the connection before (it waits 10 s)."""
_RECORD = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?) (?P<level>[A-Z]{4,8}) "
    r"\((?P<thread>[^)]{0,128})\) \[(?P<logger>[\w.-]{1,200})\] ?"
)
_CHARGER = re.compile(
    r"Charger (?P<station>.{0,255}?) ?(?P<what>reconnected|connected|disconnected)(?: (?:to|from) \S+)?\.?"
)
_PATH = re.compile(r"(?:Charger websocket|Websocket) path=(?P<path>\S*)")
_SUBPROTOCOL = re.compile(r"Websocket Subprotocol matched: (?P<subprotocol>[\w.]{1,40})")
_CLOSED = re.compile(r"Connection closed to '(?P<station>.{0,255}?)': (?P<how>.*)", re.DOTALL)
_TIMED_OUT = re.compile(r"Connection to '(?P<station>.{0,255}?)' timed out after ")
_BROKEN = re.compile(r"Unexpected exception in connection to '(?P<station>.{0,255}?)'")


def sniff(head: str) -> float:
    """How surely it is Home Assistant's log: its shape of lines, and that the integration speaks in it."""
    lines = head.splitlines()
    shaped = [match for line in lines if (match := _RECORD.match(line))]
    if not shaped:
        return 0.0
    speaks = any(_is_ocpp(match["logger"]) for match in shaped)
    return 1.0 if speaks else 0.6


def read(lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
    """The events of a Home Assistant log."""
    clock = Clock(zone)
    integration = _Integration()
    frames = Frames()
    for line, extent in payload.joined(lines, _RECORD.match):
        record = _RECORD.match(line.text)
        if record is None:
            yield _foreign(line)
            continue
        ts, what = clock.read(record["time"]), line.text[record.end() :]
        if record["logger"] in LOGGERS:
            yield from frames.events(what, ts, line.number)
        elif not _is_ocpp(record["logger"]):
            yield Ignored(line.number)
        elif message := SPOKEN.match(what):
            yield from frames.speaks(message["station"])
            yield from spoken(message["station"], message["verb"], message["text"] or "", ts, line.number, extent)
        else:
            event = integration.event(what, ts, line.number)
            if isinstance(event, Connected):
                yield from frames.speaks(event.station, connects=True)
            yield event
    yield from frames.end()


class _Integration:
    """What the integration itself says of its chargers, in the order of its lines."""

    def __init__(self) -> None:
        self._path = ""
        self._attributes: dict[str, object] = {}
        self._reconnected: dict[str, int] = {}

    def event(self, text: str, ts: int | None, number: int) -> Event:
        """The event of a line."""
        if told := _PATH.match(text):
            self._path = told["path"]
        elif told := _SUBPROTOCOL.match(text):
            self._attributes = {"subprotocol": told["subprotocol"]}
        elif told := _CHARGER.fullmatch(text):
            return self._connection(told["what"], self._named(told["station"]), ts, number)
        elif told := _CLOSED.fullmatch(text):
            return self._closed(told["station"], told["how"], ts, number)
        elif told := _TIMED_OUT.match(text):
            return Disconnected(ts, told["station"], number, "timeout", "csms")
        elif told := _BROKEN.match(text):
            return Disconnected(ts, told["station"], number)
        return Ignored(number)

    def _named(self, station: str) -> str:
        """The identity of a charger: later versions put Home Assistant's own name for it and a colon before it."""
        identity = unquote(self._path.rstrip("/").rpartition("/")[2])
        return identity if identity and station.endswith(f":{identity}") else station

    def _connection(self, what: str, station: str, ts: int | None, number: int) -> Event:
        if what == "disconnected":
            return Disconnected(ts, station, number)
        attributes, self._attributes = self._attributes, {}
        if what == "reconnected" and ts is not None:
            self._reconnected[station] = ts
        return Connected(ts, station, number, {**attributes, "path": self._path or None})

    def _closed(self, station: str, how: str, ts: int | None, number: int) -> Event:
        end = closing(how)
        if end is None:
            return Disconnected(ts, station, number)
        since = self._reconnected.pop(station, None)
        own = end.end_side == "csms" and end.close_code == NORMAL
        if own and since is not None and ts is not None and 0 <= ts - since < RECONNECTION:
            return Ignored(number)
        return Disconnected(ts, station, number, *end)


def _is_ocpp(logger: str) -> bool:
    return logger == "ocpp" or logger.startswith(("ocpp.", "custom_components.ocpp"))


def _foreign(line: Line) -> Event:
    """A line that begins no record: of a traceback, of another program, or of a message that nobody introduced."""
    if payload.find(line.text) is None:
        return Ignored(line.number)
    return Trouble(line.number, "not_understood", line.text)

"""Log of SteVe, an open-source CSMS: each line of a charger names its WebSocket session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.sources import payload
from analyzer.sources.clocks import Clock
from analyzer.sources.events import Connected, Control, Disconnected, Event, Ignored, Line, Message, Refused, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

NAME = "steve"
ABOUT = "Log of the CSMS SteVe (steve.log, steve-YYYY-MM-DD.log.gz)."
LOCAL_TIME = True
_LOGGER = "de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp77-31) - [chargeBoxId=CP-7, sessionId=1f2e3d4c]"
SAMPLE = f"""\
[INFO ] 2026-02-03 04:05:05,001 {_LOGGER} Connection is established
[INFO ] 2026-02-03 04:05:06,789 {_LOGGER} Received: [2,"19","Heartbeat",{{}}]
[INFO ] 2026-02-03 04:05:06,791 {_LOGGER} Sending: [3,"19",{{"currentTime":"2026-02-03T03:05:06.790Z"}}]
[WARN ] 2026-02-03 04:09:06,789 {_LOGGER} Connection is closed, status: CloseStatus[code=1006, reason=WebSocket Read EOF]
"""
_HEADER = re.compile(
    r"\[[A-Z]{4,5} ?\] +(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[,.]\d{3}) +(?P<logger>[\w.$]+) +"
    r"(?:\([^()]{0,128}\) +)?- +(?P<rest>.*)",
    re.DOTALL,
)
_SESSION = re.compile(r"\[chargeBoxId=(?P<station>.*?), sessionId=(?P<session>[^\]]*)\] *(?P<what>.*)", re.DOTALL)
_CLOSED = re.compile(r"Connection is closed, status: CloseStatus\[code=(?P<code>\d{1,5}), reason=(?P<reason>.*)\]")
_UNKNOWN = re.compile(r"ChargeBoxId '(?P<station>.*)' is not recognized")
_STACK = re.compile(
    r"\s*(?:at |\.\.\. \d+ |Caused by: |Suppressed: |(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable)\b)"
)
_TROUBLES = {
    "Received empty text message": "empty_message",
    "Attempted to send to closed session": "not_sent",
    "Connection ended unexpectedly": "transport_error",
    "Transport error": "transport_error",
    "Ping error": "ping_error",
}
"""What SteVe says of a charger beside its messages, and the issue that it is. The end of the connection follows."""
_DIRECTIONS = {"Received": "up", "Sending": "down"}
_ESTABLISHED, _PING, _PONG = "Connection is established", "Sending ping message", "Received pong message"
_NOT_FOUND = 404
_NO_CLOSE_FRAME = 1006


def sniff(head: str) -> float:
    """The share of lines that are SteVe's own, stack traces aside; 0 where no line shows that it is SteVe."""
    texts = [line for line in head.replace("\t", " ").splitlines()[:400] if line.strip() and not _STACK.match(line)]
    headers = [header for text in texts if (header := _HEADER.match(text))]
    if not any("chargeBoxId=" in header["rest"] or ".steve." in header["logger"] for header in headers):
        return 0.0
    return len(headers) / len(texts)


def read(lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
    """The events of a log of SteVe."""
    clock = Clock(zone)
    sessions: dict[str, str] = {}
    for line, extent in payload.joined(_blanks(lines), _HEADER.match):
        header = _HEADER.match(line.text)
        if header is None:
            foreign = not line.text.strip() or _STACK.match(line.text)
            yield Ignored(line.number) if foreign else Trouble(line.number, "not_understood", line.text)
            continue
        ts = clock.read(header["time"])
        if about := _SESSION.match(header["rest"]):
            yield _event(ts, about, line.number, extent, sessions)
        elif refused := _UNKNOWN.match(header["rest"]):
            yield Refused(ts, refused["station"], line.number, _NOT_FOUND)
        else:
            yield Ignored(line.number)


def _blanks(lines: Iterable[Line]) -> Iterator[Line]:
    """Lines with blanks for TABs: a spreadsheet that a log went through made those, even inside its JSON."""
    return (line._replace(text=line.text.replace("\t", " ")) for line in lines)


def _event(ts: int | None, about: re.Match[str], number: int, extent: int, sessions: dict[str, str]) -> Event:
    """What a line says of a session. `sessions` has of each station the one that was last made or heard of."""
    station, session, what = about["station"], about["session"], about["what"]
    stale = sessions.setdefault(station, session) != session
    closed = _CLOSED.match(what)
    if stale and (closed or what.startswith(_PING)):
        # SteVe keeps a dead session, pings it and notices its end long after the charger came back with another.
        detail = f"session {session}, replaced by a newer one: {what}"
        return Trouble(number, "stale_session", detail, ts, station)
    if closed:
        del sessions[station]
        return _ended(ts, station, int(closed["code"]), closed["reason"], number)
    if what.startswith(("Received", _ESTABLISHED)):
        sessions[station] = session
    return _lifecycle(ts, station, what, number) or _message(ts, station, what, number, extent)


def _ended(ts: int | None, station: str, code: int, reason: str, number: int) -> Event:
    told = reason.lower()
    why = None if reason == "null" else reason
    if code == _NO_CLOSE_FRAME:  # RFC 6455 7.1.5; the reason is then Jetty's own, and tells how the transport ended
        kind = "fin" if "eof" in told else "rst" if "reset" in told else "lost"
        return Disconnected(ts, station, number, kind, None, code, why)
    # Jetty itself closes with these words. Whoever else sent a close frame, the line does not say.
    side = "csms" if "idle timeout" in told else None
    return Disconnected(ts, station, number, "close", side, code, why)


def _lifecycle(ts: int | None, station: str, what: str, number: int) -> Event | None:
    if what.startswith(_ESTABLISHED):
        return Connected(ts, station, number)
    if what.startswith(_PING):
        return Control(ts, station, "down", "ping", number)
    if what.startswith(_PONG):
        return Control(ts, station, "up", "pong", number)
    kind = next((kind for begin, kind in _TROUBLES.items() if what.startswith(begin)), None)
    return Trouble(number, kind, what, ts, station) if kind else None


def _message(ts: int | None, station: str, what: str, number: int, extent: int) -> Event:
    sign, _, said = what.partition(": ")
    if sign not in _DIRECTIONS:
        return Trouble(number, "not_understood", what, ts, station)
    found = payload.find(said)
    return Message(ts, station, _DIRECTIONS[sign], found.text if found else said, number, extent)

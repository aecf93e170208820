"""Log of SteVe, an open-source CSMS: each line of a charger names its WebSocket session."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.sources import payload
from analyzer.sources.clocks import moment
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
_NOT_FOUND = 404
_NO_CLOSE_FRAME = 1006


def sniff(head: str) -> float:
    """The share of lines that are SteVe's own, stack traces aside; 0 where no line shows that it is SteVe."""
    lines = [text for line in head.splitlines()[:400] if (text := _blanks(line)).strip() and not _STACK.match(text)]
    headers = [header for line in lines if (header := _HEADER.match(line))]
    if not any("chargeBoxId=" in header["rest"] or ".steve." in header["logger"] for header in headers):
        return 0.0
    return len(headers) / len(lines)


def read(lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
    """The events of a log of SteVe."""
    sessions: dict[str, str] = {}
    blank = (Line(line.number, _blanks(line.text)) for line in lines)
    for line, extent in payload.joined(blank, _HEADER.match):
        header = _HEADER.match(line.text)
        if header is None:
            foreign = not line.text.strip() or _STACK.match(line.text)
            yield Ignored(line.number) if foreign else Trouble(line.number, "not_understood", line.text[:200])
            continue
        ts = moment(header["time"], zone)
        about = _SESSION.match(header["rest"])
        if about is not None:
            yield _event(ts, about["station"], about["session"], about["what"], line.number, sessions, extent)
        elif refused := _UNKNOWN.match(header["rest"]):
            yield Refused(ts, refused["station"], line.number, _NOT_FOUND)
        else:
            yield Ignored(line.number)


def _blanks(text: str) -> str:
    """A line with blanks for TABs: a spreadsheet that it went through made those, even inside its JSON."""
    return text.replace("\t", " ")


def _event(
    ts: int | None, station: str, session: str, what: str, number: int, sessions: dict[str, str], extent: int
) -> Event:
    """What a line says of a session. `sessions` has of each station the one that was last made or heard of."""
    current = sessions.setdefault(station, session)
    if what.startswith("Connection is established"):
        sessions[station] = session
        return Connected(ts, station, number)
    if closed := _CLOSED.match(what):
        if session != current:
            return _stale(ts, station, session, f"ends: {closed['code']} {closed['reason']}", number)
        del sessions[station]
        return _ended(ts, station, int(closed["code"]), closed["reason"], number)
    if what.startswith("Sending ping"):
        if session != current:
            return _stale(ts, station, session, "is sent a ping", number)
        return Control(ts, station, "down", "ping", number)
    for begin, kind in _TROUBLES.items():
        if what.startswith(begin):
            return Trouble(number, kind, what[:200], ts, station)
    sign, _, said = what.partition(" ")
    if sign.startswith("Received"):
        sessions[station] = session
    if what.startswith("Received pong"):
        return Control(ts, station, "up", "pong", number)
    if sign in {"Received:", "Sending:"}:
        found = payload.find(said)
        text = found.text if found else said
        return Message(ts, station, "up" if sign == "Received:" else "down", text, number, extent)
    return Trouble(number, "not_understood", what[:200], ts, station)


def _stale(ts: int | None, station: str, session: str, what: str, number: int) -> Event:
    """SteVe keeps a dead session, sends it pings and notices its end long after the charger came back with another."""
    return Trouble(number, "stale_session", f"session {session}, replaced by a newer one, {what}"[:200], ts, station)


def _ended(ts: int | None, station: str, code: int, reason: str, number: int) -> Event:
    told = reason.lower()
    why = None if reason == "null" else reason
    if code == _NO_CLOSE_FRAME:  # RFC 6455 7.1.5; the reason is then Jetty's own, and tells how the transport ended
        kind = "fin" if "eof" in told else "rst" if "reset" in told else "lost"
        return Disconnected(ts, station, number, kind, None, code, why)
    # Jetty itself closes with these words. Whoever else sent a close frame, the line does not say.
    side = "csms" if "idle timeout" in told else None
    return Disconnected(ts, station, number, "close", side, code, why)

"""Log of SteVe, an open-source CSMS: logback lines with the charger and the WebSocket session in brackets."""

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
    r"\[(?P<level>[A-Z]{4,5}) ?\] +(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) +(?P<logger>[\w.$]+) +"
    r"(?:\([^()]{0,128}\) +)?- +(?P<rest>.*)",
    re.DOTALL,
)
_SESSION = re.compile(r"\[chargeBoxId=(?P<station>.*?), sessionId=(?P<session>[^\]]*)\] *(?P<what>.*)", re.DOTALL)
_CLOSED = re.compile(r"Connection is closed, status: CloseStatus\[code=(?P<code>\d{1,5}), reason=(?P<reason>.*)\]")
_UNKNOWN = re.compile(r"ChargeBoxId '(?P<station>.*)' is not recognized")
_STACK = re.compile(r"\s*(?:at |\.\.\. \d+ |Caused by: |Suppressed: |(?:[\w$]+\.)+[\w$]*(?:Exception|Error|Throwable)\b)")
_TROUBLES = {
    "Received empty text message": "empty_message",
    "Attempted to send to closed session": "not_sent",
    "Connection ended unexpectedly": "transport_error",
    "Transport error": "transport_error",
    "Ping error": "ping_error",
}
"""What SteVe says of a charger beside its messages, and the issue that it is."""
_NOT_FOUND = 404
_NO_CLOSE_FRAME = 1006


def sniff(head: str) -> float:
    """The share of lines that are SteVe's own, stack traces aside; none where no line names a charger."""
    lines = [line for text in head.splitlines()[:400] if (line := text.replace("\t", " ").strip())]
    lines = [line for line in lines if not _STACK.match(line)]
    matches = [match for line in lines if (match := _HEADER.match(line))]
    if not any("chargeBoxId=" in match["rest"] or ".steve." in match["logger"] for match in matches):
        return 0.0
    return len(matches) / len(lines)


def read(lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
    """The events of a log of SteVe."""
    sessions: dict[str, list[str]] = {}
    for line in lines:
        # A spreadsheet that the log went through makes TABs of blanks, even inside the JSON; SteVe writes none itself.
        text = line.text.replace("\t", " ")
        header = _HEADER.match(text)
        if header is None:
            foreign = not text.strip() or _STACK.match(text)
            yield Ignored(line.number) if foreign else Trouble(line.number, "not_understood", text[:200])
            continue
        ts = moment(header["time"], zone)
        about = _SESSION.match(header["rest"])
        if about is None:
            yield _other(ts, header["rest"], line.number)
            continue
        known = sessions.setdefault(about["station"], [])
        yield _event(ts, about["station"], about["session"], about["what"], line.number, known)


def _other(ts: int | None, rest: str, number: int) -> Event:
    """A line that names no session: of interest only where an upgrade was refused."""
    unknown = _UNKNOWN.match(rest)
    if unknown is not None:
        return Refused(ts, unknown["station"], number, _NOT_FOUND)
    return Ignored(number)


def _event(ts: int | None, station: str, session: str, what: str, number: int, known: list[str]) -> Event:
    """What a line says of a session. `known` are the open sessions of its charger, oldest first."""
    if what.startswith("Connection is established"):
        known.append(session)
        return Connected(ts, station, number)
    closed = _CLOSED.match(what)
    if closed is not None:
        return _ended(ts, station, session, int(closed["code"]), closed["reason"], number, known)
    if session not in known:
        known.append(session)
    if what.startswith("Sending ping"):
        return Control(ts, station, "down", "ping", number)
    if what.startswith("Received pong"):
        return Control(ts, station, "up", "pong", number)
    for begin, kind in _TROUBLES.items():
        if what.startswith(begin):
            return Trouble(number, kind, what[:200], ts, station)
    sign, _, said = what.partition(": ")
    if sign in {"Received", "Sending"}:
        found = payload.find(said)
        return Message(ts, station, "up" if sign == "Received" else "down", found.text if found else said, number)
    return Trouble(number, "not_understood", what[:200], ts, station)


def _ended(
    ts: int | None, station: str, session: str, code: int, reason: str, number: int, known: list[str]
) -> Event:
    """The end of a session. SteVe notices a dead one late, often long after the charger has come back with another."""
    replaced = session in known[:-1] or (known and session not in known)
    if session in known:
        known.remove(session)
    if replaced:
        return Trouble(number, "late_end", f"session {session}, replaced by a newer one: {code} {reason}"[:200], ts, station)
    why = None if reason == "null" else reason
    told = reason.lower()
    if code == _NO_CLOSE_FRAME:  # RFC 6455 7.1.5; Jetty's reason tells how the transport ended
        kind = "fin" if "eof" in told else "rst" if "reset" in told else "lost"
        return Disconnected(ts, station, number, kind, None, code, why)
    # Jetty closes with 1001 and these words itself; whoever else sent a close frame, the line does not say.
    side = "csms" if "idle timeout" in told else None
    return Disconnected(ts, station, number, "close", side, code, why)

"""Log of evcc, and of other programs that stand on the library ocpp-go, whose words evcc repeats."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from analyzer.sources import payload
from analyzer.sources.clocks import Clock
from analyzer.sources.early import answers_after_calls
from analyzer.sources.events import Connected, Disconnected, Event, Ignored, Line, Message, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

NAME = "evcc"
ABOUT = "Log of evcc (levels: ocpp: trace), or of a CSMS made with ocpp-go."
LOCAL_TIME = True
SAMPLE = """\
[ocpp  ] DEBUG 2026/02/03 04:05:05 charge point connected: CP-7
[ocpp  ] TRACE 2026/02/03 04:05:06 recv CP-7: [2,"19","Heartbeat",{}]
[ocpp  ] TRACE 2026/02/03 04:05:06 send CP-7: [3,"19",{"currentTime":"2026-02-03T03:05:06Z"}]
[lp-1  ] DEBUG 2026/02/03 04:05:10 charge power: 0W
[ocpp  ] DEBUG 2026/02/03 04:06:06 charge point disconnected: CP-7
"""
_EVCC = re.compile(
    r"\[(?P<area>[^\]\[]{1,64})\] +(?P<level>TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +"
    r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) *(?P<rest>.*)",
    re.DOTALL,
)
_LOGRUS = re.compile(r"(?P<level>TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[(?P<time>[^\]]{1,40})\] *(?P<rest>.*)", re.DOTALL)
_LOGFMT = re.compile(r'time="(?P<time>[^"]{1,40})" level=(?P<level>[a-z]{4,7}) msg=(?P<rest>.*)', re.DOTALL)
"""How logrus writes to a terminal, and to a file."""
_SAID = re.compile(
    r"(?P<sign>recv|received JSON message from|send|sent JSON message to|sent)(?! CALL (?:RESULT|ERROR) \[) ?(?P<rest>.*)",
    re.DOTALL,
)
_PEER = r"charg(?:e ?point|ing station)"
_CONNECTED = re.compile(rf"(?:unknown |new )?{_PEER} connected(?:, registering)?(?:: | +client=)(?P<station>.*)")
_DISCONNECTED = re.compile(rf"{_PEER} disconnected(?:: | +client=)(?P<station>.*)")
_READ_FAILED = re.compile(r"read failed unexpectedly for (?P<station>.*?): websocket: close (?P<code>\d{4})")
_FAULT = re.compile(r"ocpp message \((?P<id>[^)]{1,64})\): ")
_ECHO = re.compile(
    r"handling incoming |sent CALL |enqueued |dispatched request |completed request |started timeout timer |timeout |"
    r".* ready to transmit again|TriggerMessage |\*[\w.]+: &\{"
)
"""The steps of one message, each with its id alone, and the requests as Go prints them."""
_UP = {"recv": True, "received JSON message from": True, "send": False, "sent JSON message to": False, "sent": False}
_THE_CSMS = "server"
"""What ocpp-go calls the other side when it is a charger itself."""
_ERRORS = frozenset({"ERROR", "ERRO", "error", "FATAL", "FATA", "fatal"})
_RECENT = 64


class _Entry(NamedTuple):
    """An entry of a log of evcc, or of another program on ocpp-go, which does not tell what is of OCPP."""

    time: str
    level: str
    rest: str
    of_ocpp: bool
    of_evcc: bool


def sniff(head: str) -> float:
    """The share of lines that are entries; another program's count only where it speaks OCPP by ocpp-go's words."""
    lines = [line for line in head.splitlines()[:400] if line.strip()]
    entries = [entry for line in lines if (entry := _entry(line))]
    told = any(entry.of_evcc or _SAID.match(entry.rest) or _CONNECTED.match(entry.rest) for entry in entries)
    return len(entries) / len(lines) if told else 0.0


def read(lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
    """The events of a log of evcc. It logs a request when it was sent, which its answer may outrun."""
    yield from answers_after_calls(_events(lines, Clock(zone)))


def _events(lines: Iterable[Line], clock: Clock) -> Iterator[Event]:
    recent: deque[Message] = deque(maxlen=_RECENT)
    codes: dict[str, int] = {}
    for line, extent in payload.joined(lines, _begins):
        entry = _entry(line.text)
        if entry is None:
            blank = not line.text.strip()
            yield Ignored(line.number) if blank else Trouble(line.number, "not_understood", line.text)
        elif not entry.of_ocpp:
            yield Ignored(line.number)
        elif said := _SAID.match(entry.rest):
            message = _message(clock.read(entry.time), said, line.number, extent)
            recent.append(message)
            yield message
        else:
            yield _other(clock.read(entry.time), entry, line.number, recent, codes)


def _begins(text: str) -> bool:
    return _entry(text) is not None


def _entry(text: str) -> _Entry | None:
    if match := _EVCC.match(text):
        return _Entry(match["time"], match["level"], match["rest"], match["area"].startswith("ocpp"), of_evcc=True)
    if match := _LOGRUS.match(text):
        return _Entry(match["time"], match["level"], match["rest"], of_ocpp=True, of_evcc=False)
    if match := _LOGFMT.match(text):
        return _Entry(match["time"], match["level"], _unquoted(match["rest"]), of_ocpp=True, of_evcc=False)
    return None


def _unquoted(text: str) -> str:
    """The message of a logfmt line, and the fields after it."""
    try:
        message, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return text.replace('\\"', '"').removeprefix('"')
    return f"{message}{text[end:]}"


def _message(ts: int | None, said: re.Match[str], number: int, extent: int) -> Message:
    found = payload.find(said["rest"])
    station, text = (found.before.rstrip(": "), found.text) if found else said["rest"].partition(": ")[::2]
    up = _UP[said["sign"]]
    if station == _THE_CSMS and "JSON" in said["sign"]:
        station, up = "", not up
    return Message(ts, station, "up" if up else "down", text, number, extent)


def _other(ts: int | None, entry: _Entry, number: int, recent: deque[Message], codes: dict[str, int]) -> Event:
    """An entry of OCPP that is no message. `codes` are close codes of charger's that are about to be disconnected."""
    if connected := _CONNECTED.match(entry.rest):
        return Connected(ts, connected["station"].strip(), number)
    if gone := _DISCONNECTED.match(entry.rest):
        station = gone["station"].strip()
        code = codes.pop(station, None)
        return Disconnected(ts, station, number, *(("close", "station", code) if code else ("lost", None, None)))
    if failed := _READ_FAILED.match(entry.rest):
        codes[failed["station"]] = int(failed["code"])
        return Trouble(number, "csms_error", entry.rest, ts, failed["station"])
    if entry.level in _ERRORS or _FAULT.match(entry.rest):
        return Trouble(number, "csms_error", entry.rest, ts, _concerned(entry.rest, recent))
    known = _ECHO.match(entry.rest) or not entry.of_evcc
    return Ignored(number) if known else Trouble(number, "not_understood", entry.rest, ts)


def _concerned(text: str, recent: Iterable[Message]) -> str | None:
    """The charger of the message that an error names by its id."""
    fault = _FAULT.match(text)
    quoted = f'"{fault["id"]}"' if fault else None
    return next((message.station for message in recent if quoted and quoted in message.text), None)

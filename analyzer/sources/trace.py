"""Trace notation: the language of the manuals, the tests and `show`.

One line a thing that happened. `#` begins a comment line; an indented line continues the one before.

    2026-01-01 08:00:00 CP1 + ocpp1.6 client=10.0.0.7     connected, with columns of `connections`; `start_observed=false` is one joined in the middle; `ts=` when it was first seen
    08:00:01 CP1 > BootNotification {"...": "..."}         call of the charger; `<` of the CSMS; `#id` may follow
    08:00:01.2 CP1 < = {"interval": 60}                    answers the oldest open call; `=#id` a certain one
    08:00:02 CP1 > ! NotSupported "text" {}                error as answer; `!#id` to a certain call; `!!` to a result
    08:00:02 CP1 > ~NotifyPeriodicEventStream {}           SEND of 2.1
    08:00:03 CP1 > raw [2,"7","Heartbeat",{]               a message by its text
    08:00:05 CP1 > ping        08:00:05 CP1 < pong         control frames
    08:00:00 CP1 + ?                                       connected, and nothing is known of the subprotocol
    08:09:00 CP1 - 1006 by csms "reason"                   ended: close code or fin, rst, timeout, lost; by whom
    08:09:30 CP1 x 401                                     upgrade refused with this HTTP status
    08:09:40 CP1 x unreachable                             no answer to SYN; or port_closed, tls
    08:09:41 CP1 * retransmission by station bytes=1400    the transport: a kind of `transport`; lookup, certificate, record, issue
    08:09:42 CP1/2 + ocpp1.6                               another connection of CP1, which lives beside its first
    08:10:00x5/60s CP1 > Heartbeat                         five times, every 60 s; `$(100+50*i)`, `$(now)` are computed
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

from analyzer.sources.clocks import YEARS
from analyzer.sources.events import (
    Connected,
    Control,
    Disconnected,
    Event,
    Failed,
    Ignored,
    Line,
    Message,
    Placed,
    Refused,
    Trouble,
)
from analyzer.sources.open_calls import OpenCalls
from analyzer.sources.trace_repeats import Repeats, Timed
from analyzer.sources.trace_transport import moment, noted, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import tzinfo

NAME = "trace"
ABOUT = "Trace notation, as `ocpp-analyzer show` prints it and the manuals are written in."
LOCAL_TIME = False
SAMPLE = """\
# a charger boots, beats and is cut off
2026-01-01 08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > BootNotification#1 {"chargePointVendor": "Example", "chargePointModel": "AC22"}
08:00:01.100 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
08:01:01x3/60s CP1 > Heartbeat
08:01:01.1x3/60s CP1 < = {"currentTime": "$(now)"}
08:03:30 CP1 < Reset {"type": "Soft"}
08:03:31 CP1 > ! NotSupported "no soft reset"
08:04:00 CP1 > ping
08:04:00.1 CP1 < pong
08:05:00 CP1 - 1011 by csms "server error"
"""
DEFAULT_DAY = datetime(2026, 1, 1, tzinfo=UTC)
HALF_A_DAY = timedelta(hours=12)
_LINE = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)[T ])?(?P<time>\d\d:\d\d:\d\d)(?P<fraction>\.\d{1,6})?Z?"
    r"(?:x(?P<repeats>\d{1,6})/(?P<step>\d{1,9}(?:\.\d{1,6})?)s)?"
    r"\s+(?P<station>\S+)\s+(?P<rest>[<>+x*-](?:\s.*)?)",
    re.DOTALL,
)
_BODY = re.compile(
    r"(?P<sign>=|!!|!|~)?(?:#(?P<to>\S+))?\s*(?P<word>[A-Za-z][\w.]*)?(?:#(?P<id>\S+))?\s*(?P<tail>.*)", re.DOTALL
)
_END = re.compile(
    r'(?P<how>\d{4}|fin|rst|timeout|lost)(?:\s+by\s+(?P<side>station|csms|middle))?(?:\s+(?P<reason>".*"))?'
)
_FAILURES = frozenset({"unreachable", "port_closed", "tls"})
"""How an attempt may fail before HTTP."""
_WHOLE, _STATUS = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9]{3}")
_WHOLE_COLUMNS = frozenset(
    {
        "client_port", "server_port", "http_status", "segments", "retransmissions", "lost_bytes",
        "binary_messages", "fragmented_messages", "compressed_messages", "saved_bytes",
    }
)  # fmt: skip
_COLUMNS = _WHOLE_COLUMNS | {
    "path", "host", "scheme", "agent", "offered", "subprotocol", "version", "extensions", "authorization", "user",
    "client", "server", "upgrade_faults", "tls_version", "cipher", "server_name", "round_trip",
}  # fmt: skip
"""What a line may tell of a connection beside its times, its end and what the reader finds out."""


def sniff(head: str) -> float:
    """The share of lines that read as trace notation."""
    lines = [line for line in head.splitlines()[:200] if line.strip() and not line.startswith(("#", " ", "\t"))]
    return sum(_LINE.fullmatch(line) is not None for line in lines) / len(lines) if lines else 0.0


def read(lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
    """The events of a trace; its times are UTC."""
    del zone
    troubles: list[Event] = []
    open_calls: dict[tuple[str, str], OpenCalls] = defaultdict(OpenCalls)
    counter = [0]
    repeats = Repeats()
    for ts, number, rest in repeats.unrolled(_timed(_joined(lines), troubles)):
        yield from troubles
        troubles.clear()
        station, _, what = rest.partition("\0")
        name, _, beside = station.partition("/")
        event = _event(ts, unquote(station), what, number, open_calls, counter)
        yield _beside(event, unquote(name), beside) if beside else event
    yield from troubles
    for number, detail, count in repeats.left_out():
        yield Trouble(number, "repeats_left_out", detail, damage=True, times=count, accounted=True)


def _joined(lines: Iterable[Line]) -> Iterator[tuple[int, str, int]]:
    """Lines with their continuations: number, text, how many lines."""
    number, parts = 0, list[str]()
    for line in lines:
        if parts and line.text[:1] in {" ", "\t"} and line.text.strip():
            parts.append(line.text.strip())
            continue
        if parts:
            yield number, "".join(parts), len(parts)
        number, parts = line.number, [line.text.rstrip()]
    if parts:
        yield number, "".join(parts), len(parts)


def _timed(lines: Iterable[tuple[int, str, int]], others: list[Event]) -> Iterator[Timed]:
    day, before = DEFAULT_DAY, None
    for number, text, extent in lines:
        others += [Ignored(number + more) for more in range(1, extent)]
        match = _LINE.fullmatch(text)
        clock = _clock(match["time"]) if match else None
        named = _day(match["date"]) if match and match["date"] else day
        if match is None or clock is None or named is None:
            blank = not text or text.startswith("#")
            others.append(Ignored(number) if blank else Trouble(number, "not_understood", text))
            continue
        if match["date"]:
            day, before = named, None
        if before is not None and before - clock > HALF_A_DAY:
            day += timedelta(days=1)
        before = clock
        moment = round((day + clock).timestamp()) * 1_000_000 + round(float(match["fraction"] or 0) * 1e6)
        repeats, step = int(match["repeats"] or 1), float(match["step"] or 0)
        yield Timed(moment, repeats, step, number, f"{match['station']}\0{match['rest']}")


def _day(text: str) -> datetime | None:
    try:
        day = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _clock(text: str) -> timedelta | None:
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return (
        timedelta(hours=hours, minutes=minutes, seconds=seconds)
        if hours < 24 and minutes < 60 and seconds < 60
        else None
    )


def _event(
    ts: int, station: str, what: str, number: int, open_calls: dict[tuple[str, str], OpenCalls], counter: list[int]
) -> Event:
    sign, rest = what[0], what[1:].strip()
    if sign in {">", "<"}:
        return _spoken(ts, station, "up" if sign == ">" else "down", rest, number, open_calls, counter)
    told = {"+": _connected, "x": _failed, "-": _ended, "*": noted}[sign](ts, station, number, rest)
    return told or Trouble(number, "not_understood", what, ts, station)


def _beside(event: Event, station: str, beside: str) -> Event:
    """The event as one of another connection of the station."""
    if isinstance(event, Placed):
        return event._replace(station=station, beside=beside)
    return event if isinstance(event, Ignored) else event._replace(station=station)


def _connected(ts: int, station: str, number: int, rest: str) -> Event | None:
    attributes = _attributes(rest)
    if attributes is None:
        return None
    seen = attributes.get("ts", ts)
    if isinstance(seen, int) and seen > ts:
        return None
    return Connected(ts, station, number, {**_offered(rest, attributes), **attributes})


def _failed(ts: int, station: str, number: int, rest: str) -> Event | None:
    attributes = _attributes(rest)
    how = rest.split(maxsplit=1)[0] if rest else ""
    if attributes is None or {"http_status", "ts"} & attributes.keys():
        return None
    if how in _FAILURES:
        return Failed(ts, station, number, how, attributes)
    return Refused(ts, station, number, int(how), attributes) if _STATUS.fullmatch(how) else None


def _offered(rest: str, attributes: Mapping[str, object]) -> dict[str, object]:
    """The subprotocol that a connect line names; nothing is known of that where the beginning was not seen."""
    if "start_observed" in attributes:
        return {}
    words = [word for word in rest.split() if "=" not in word]
    if words and words[0] == "?":
        return {}
    offered = words[0] if words else ""
    return {"offered": offered, "subprotocol": offered or None}


def _attributes(text: str) -> dict[str, object] | None:
    """The columns that a line tells, None where one is none of those that it may tell."""
    found: dict[str, object] = {}
    for word in text.split():
        name, sign, value = word.partition("=")
        if not sign:
            continue
        if (name, value) == ("start_observed", "false"):
            found[name] = False
            continue
        if name == "ts" and (seen := moment(value)) is not None:
            found[name] = seen
            continue
        whole = name in _WHOLE_COLUMNS
        if name not in _COLUMNS or (whole and not _WHOLE.fullmatch(value)):
            return None
        found[name] = int(value) if whole else unquote(value)
        if name == "round_trip":
            found[name] = seconds(value)
    return found


def _ended(ts: int, station: str, number: int, rest: str) -> Event | None:
    match = _END.fullmatch(rest)
    if match is None:
        return None
    how, side = match["how"], match["side"]
    reason = _quoted(match["reason"]) if match["reason"] else None
    if how == "1006":  # RFC 6455 7.1.5: no close frame was received
        return Disconnected(ts, station, number, "lost", side, 1006, reason)
    if how.isdigit():
        return Disconnected(ts, station, number, "close", side, int(how), reason)
    return Disconnected(ts, station, number, how, side, None, reason)


def _quoted(text: str) -> str:
    """A text in quotes: as JSON writes it, or else as it stands."""
    try:
        return str(json.loads(text))
    except ValueError:
        return text.strip('"')


def _spoken(
    ts: int,
    station: str,
    direction: str,
    rest: str,
    number: int,
    open_calls: dict[tuple[str, str], OpenCalls],
    counter: list[int],
) -> Event:
    if rest in {"ping", "pong"}:
        return Control(ts, station, direction, rest, number)
    if rest.startswith("raw "):
        return Message(ts, station, direction, rest[4:], number)
    match = _BODY.fullmatch(rest)
    if match is None or not (match["sign"] or match["word"]):
        return Trouble(number, "not_understood", rest, ts, station)
    sign, word, tail = match["sign"], match["word"] or "", match["tail"].strip() or "{}"
    identity = match["to"] or match["id"]
    other = "down" if direction == "up" else "up"
    if sign in {"=", "!", "!!"}:
        identity = open_calls[station, other].answer(identity) or "?"
        if sign == "=":
            return Message(ts, station, direction, f"[3,{json.dumps(identity)},{tail}]", number)
        return Message(ts, station, direction, _error(4 if sign == "!" else 5, identity, word, tail), number)
    counter[0] += 1
    identity = identity or f"{counter[0]}_"  # no number at its end: a made-up id must not look like a charger's counter
    if sign is None:
        open_calls[station, direction].ask(identity)
    kind = 2 if sign is None else 6
    return Message(ts, station, direction, f"[{kind},{json.dumps(identity)},{json.dumps(word)},{tail}]", number)


def _error(kind: int, identity: str, code: str, tail: str) -> str:
    description, details = '""', tail
    if tail.startswith('"'):
        try:
            text, end = json.JSONDecoder().raw_decode(tail)
            description, details = json.dumps(text), tail[end:].strip() or "{}"
        except ValueError:
            details = "{}"
    return f"[{kind},{json.dumps(identity)},{json.dumps(code)},{description},{details}]"

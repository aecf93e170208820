"""Conversations in trace notation, which the source `trace` reads back."""

from __future__ import annotations

import heapq
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, coded, flags, micros, same, wholes
from analyzer.reports.text import HARMFUL
from analyzer.schema.base import FAILED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from analyzer.kernels.columns import Ints

Row = dict[str, Any]
BATCH = 10_000
"""Rows that are turned into text at a time."""
UNNAMED = "unnamed"
UNTOLD = "?"
"""What a connect line names where nothing is known of the subprotocol, and nothing where none was offered."""
ATTRIBUTES = ("path", "host", "scheme", "agent", "extensions", "authorization", "user", "client", "client_port", "server", "server_port")  # fmt: skip
"""Columns of `connections` that are written after the subprotocol."""
FAILURES = frozenset(FAILED) - {"refused"}
"""How an attempt ends before HTTP."""
BEGINS, SPEAKS, ENDS = 0, 1, 2
"""The order of what happened on one connection at one time."""
SIGNS = {"up": ">", "down": "<"}
NUMBERS = {"call": 2, "result": 3, "error": 4, "result_error": 5, "send": 6}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_PLAIN_ID = re.compile(r"(?:(?!\$\()[!-~])+")
_UNPRINTABLE = re.compile(r"[^ -~\u00a1-\u00ac\u00ae-\u02ff]|\$\(")


class Line(NamedTuple):
    """A line to be written: when, of which connection, what sort of event, its origin, station and text."""

    ts: int
    connection: int
    order: int
    origin: int
    station: str
    text: str


def render(messages: pa.Table, controls: pa.Table, connections: pa.Table) -> Iterator[str]:
    """The lines in order of time; what has no time, and what the notation has no words for, stands in comments.

    Connections of no charger are left out.
    """
    connections = connections.filter(connections["station"].is_valid())
    begins = _begins(connections)
    failed = _failed(connections)
    beside, seen = _beside(connections, begins, failed), _first_seen(connections, begins)
    number = {name: place for place, name in enumerate(connections["connection"].take(pa.array(np.lexsort((wholes(connections["origin"]), begins)))).to_pylist())}  # fmt: skip
    streams = [
        _lines(messages, micros(messages["ts"]), number, SPEAKS, _message, beside),
        _lines(controls, micros(controls["ts"]), number, SPEAKS, _control, beside),
        _lines(connections, begins, number, BEGINS, lambda row: _connected(row, failed, seen), beside),
        _lines(connections, micros(connections["end"]), number, ENDS, lambda row: _ended(row, failed), beside),
    ]
    today, timeless = "", []
    for line in heapq.merge(*streams):
        if line.ts == NO_TIME:
            timeless.append(f"# no time: {line.station} {line.text}")
            continue
        day, clock = _time(line.ts)
        if line.text.startswith("#"):
            yield f"# {day} {clock} {line.station} {line.text.removeprefix('# ')}"
            continue
        yield f"{'' if day == today else day + ' '}{clock} {line.station} {line.text}"
        today = day
    yield from timeless


def _begins(connections: pa.Table) -> Ints:
    """When each connection was established, or else first seen."""
    upgraded = micros(connections["upgraded"])
    return np.where(upgraded == NO_TIME, micros(connections["ts"]), upgraded)


def _failed(connections: pa.Table) -> set[str]:
    """The attempts that came to nothing without an HTTP answer: no upgrade, no message."""
    up = same(connections["scheme"], "wss") | same(connections["end_kind"], "refused") | flags(connections["inferred"])
    for name in ("upgraded", "last_up", "last_down"):
        up |= micros(connections[name]) != NO_TIME
    # A log that tells of a connection tells that it was established.
    up |= connections["client"].is_null().to_numpy(zero_copy_only=False)
    return set(connections["connection"].filter(pa.array(~up)).to_pylist())


def _first_seen(connections: pa.Table, begins: Ints) -> dict[str, str]:
    """When connections were first seen that were established later."""
    times = micros(connections["ts"])
    rows = np.flatnonzero((times != begins) & (times != NO_TIME))
    names = connections["connection"].take(pa.array(rows)).to_pylist()
    return {name: f" ts={np.datetime64(ts, 'us')}" for name, ts in zip(names, times[rows].tolist(), strict=True)}


def _beside(connections: pa.Table, begins: Ints, failed: set[str]) -> dict[str, str]:
    """What is written behind the station for connections that began while another one of it lived.

    Each gets the first place that is free: its last connection has ended and says no more. One of which nothing but the
    end is told gets a place of its own: elsewhere its end would be that of the connection or the failed attempt before.
    """
    names, stations = connections["connection"].to_pylist(), coded(connections["station"]).codes
    ends = np.where(micros(connections["end"]) == NO_TIME, END_OF_TIME, micros(connections["end"]))
    last = np.maximum(micros(connections["last_up"]), micros(connections["last_down"]))
    free, mute = np.maximum(ends, last), flags(connections["inferred"]) & (begins == ends)
    refused, failures = same(connections["end_kind"], "refused"), same(connections["end_kind"], *FAILURES)
    taken: dict[int, list[int]] = {}
    found = {}
    for row in np.lexsort((wholes(connections["origin"]), begins)).tolist():
        if refused[row] or (names[row] in failed and not failures[row]):
            continue
        places = taken.setdefault(int(stations[row]), [])
        if failures[row]:
            places.extend([] if places else [int(begins[row])])
            continue
        empty = (place for place, until in enumerate(places) if until <= begins[row] and not mute[row])
        place = next(empty, len(places))
        places[place:] = [int(free[row]), *places[place + 1 :]]
        if place:
            found[names[row]] = f"/{place + 1}"
    return found


def _lines(
    table: pa.Table,
    times: Ints,
    number: dict[str, int],
    order: int,
    tell: Callable[[Row], str | None],
    beside: Mapping[str, str],
) -> Iterator[Line]:
    """The lines of a table in order of time, made a batch at a time."""
    place = np.array([number.get(name, -1) for name in table["connection"].to_pylist()], dtype=np.int64)
    origin = wholes(table["origin"])
    rank = np.lexsort((origin, place, times))
    for begin in range(0, len(rank), BATCH):
        chosen = rank[begin : begin + BATCH]
        for index, row in zip(chosen.tolist(), _plain(table.take(pa.array(chosen))), strict=True):
            text = tell(row)
            if text is not None:
                station = _token(row["station"] or UNNAMED) + beside.get(row["connection"], "")
                yield Line(int(times[index]), int(place[index]), order, int(origin[index]), station, text)


def _plain(table: pa.Table) -> Iterable[Row]:
    timeless = [field.name for field in table.schema if not pa.types.is_timestamp(field.type)]
    return table.select(timeless).to_pylist()  # type: ignore[no-any-return]


def _time(ts: int) -> tuple[str, str]:
    """Date and time of day; a fraction of three digits, or six where they are needed."""
    moment = np.datetime64(ts, "us")
    text = str(moment.astype("datetime64[us]" if ts % 1000 else "datetime64[ms]" if ts % SECOND else "datetime64[s]"))
    day, _, clock = text.partition("T")
    return day, clock


def _message(row: Row) -> str:
    sign, kind, identity = SIGNS[row["direction"]], row["type"], row["id"] or ""
    payload = _json_text(row["payload"] or "{}")
    error = kind in {"error", "result_error"}
    word = row["error_code"] if error else "" if kind == "result" else row["action"]
    description = json.dumps(row["error_description"] or "").replace("$(", "\\u0024(")
    if not _PLAIN_ID.fullmatch(identity) or (kind != "result" and not _WORD.fullmatch(word or "")):
        return f"{sign} raw {_raw(NUMBERS[kind], identity, word or '', description, payload)}"
    if error:
        return f"{sign} {'!' if kind == 'error' else '!!'} {word}#{identity} {description} {payload}"
    if kind == "result":
        return f"{sign} =#{identity} {payload}"
    return f"{sign} {'~' if kind == 'send' else ''}{word}#{identity} {payload}"


def _raw(kind: int, identity: str, word: str, description: str, payload: str) -> str:
    parts = [str(kind), _json_text(json.dumps(identity)), _json_text(json.dumps(word)), description, payload]
    if kind == 3:  # CALLRESULT has neither action nor code (OCPP-J 1.6 4.2.2)
        return f"[{parts[0]},{parts[1]},{payload}]"
    if kind in {2, 6}:
        return f"[{parts[0]},{parts[1]},{parts[2]},{payload}]"
    return f"[{','.join(parts)}]"


def _control(row: Row) -> str | None:
    # A close frame is told by the line of the connection's end.
    return None if row["kind"] == "close" else f"{SIGNS[row['direction']]} {row['kind']}"


def _connected(row: Row, failed: set[str], seen: Mapping[str, str]) -> str | None:
    if row["end_kind"] in FAILURES:
        return f"x {row['end_kind']}" + _attributes(row, ATTRIBUTES)
    if row["connection"] in failed:
        return "# an attempt to connect that came to nothing" + _attributes(row, ATTRIBUTES)
    if row["end_kind"] == "refused":
        attributes = _attributes(row, ATTRIBUTES)
        return f"x {row['http_status']:03d}{attributes}" if row["http_status"] else None
    if row["inferred"]:
        return None
    if row["start_observed"] is False:
        return "+ start_observed=false" + _attributes(row, ATTRIBUTES)
    offered, chosen = row["offered"] or "", row["subprotocol"]
    if row["offered"] is None and chosen is None:
        offered = chosen = UNTOLD
    if offered == (chosen or "") and re.fullmatch(r"\?|[\w.-]*", offered, re.ASCII):
        told = f"+ {offered}".rstrip() + _attributes(row, ATTRIBUTES)
    else:
        told = "+" + _attributes(row, ("offered", "subprotocol", *ATTRIBUTES))
    return told + seen.get(row["connection"], "")


def _attributes(row: Row, names: Iterable[str]) -> str:
    return "".join(f" {name}={_token(str(row[name]), '/,:;')}" for name in names if row[name] not in {None, ""})


def _ended(row: Row, failed: set[str]) -> str | None:
    if row["connection"] in failed:
        return None
    how, code = row["end_kind"], row["close_code"]
    if how not in {"close", "fin", "rst", "timeout", "lost"}:
        return None
    if how == "close":
        # RFC 6455 7.1.5: 1005 stands for a close frame without a status code.
        how = f"{code}" if code and 1000 <= code <= 9999 else "1005"
    elif how == "lost" and code == 1006:
        how = "1006"
    side = f" by {row['end_side']}" if row["end_side"] else ""
    reason = _json_text(json.dumps(row["close_reason"] or "", ensure_ascii=False))
    return f"- {how}{side}" + (f" {reason}" if row["close_reason"] else "")


def _token(text: str, kept: str = "") -> str:
    """The text as one word, percent-encoded except letters and digits.

    >>> _token("Hof 1/Säule"), _token("")
    ('Hof%201%2FSäule', '%')
    """
    return "".join(letter if letter.isalnum() or letter in kept else quote(letter, safe="") for letter in text) or "%"


def _json_text(text: str) -> str:
    """JSON text in one line of printable characters, with the same meaning."""
    return _UNPRINTABLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    import unicodedata

    letter = match[0]
    if letter == "$(":
        return "\\u0024("
    if letter in "\n\r\t":  # white space between values; inside strings JSON has it escaped already (RFC 8259 7)
        return " "
    return json.dumps(letter)[1:-1] if unicodedata.category(letter) in HARMFUL else letter

"""Tables of messages that a CSMS or a warehouse exports: a header, then one message a row; commas, TABs, semicolons."""

from __future__ import annotations

import csv
import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

from analyzer.sources import fields
from analyzer.sources.clocks import Clock
from analyzer.sources.events import Event, Ignored, Line, Message, Trouble
from analyzer.sources.orientation import oriented

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

NAME = "table_csv"
ABOUT = "A table of messages with a header: CSV or TSV, as CSMSs export it."
LOCAL_TIME = True
SAMPLE = """\
timestamp,id,action,msg
2026-02-03T04:05:06.000Z,CP-7,Heartbeat,"[2, ""19"", ""Heartbeat"", {}]"
2026-02-03T04:05:06.100Z,CP-7,,"[3, ""19"", {""currentTime"": ""2026-02-03T04:05:06.000Z""}]"
"""
SYNONYMS = {
    "payload": "ocppmessage rawmessage raw payloadjson payload msg message json frame content body data",
    "time": "timestamp time datetime date ts createdat created receivedat loggedat eventtime",
    "station": "chargepointid chargeboxid chargingstationid chargerid stationid chargepoint chargebox chargingstation "
    "charger station identity cpid cp deviceid",
    "direction": "direction dir",
    "kind": "ocppmessagetype messagetype messagetypeid msgtype type",
    "message": "ocppmessageid messageid msgid uniqueid correlationid",
    "action": "ocppaction action messagename",
    "error": "errorcode ocpperrorcode",
    "description": "errordescription ocpperrordescription",
    "id": "id",
}
"""What a column holds, and the names that it goes by, the surest first."""
_SEEN_BY_CSMS = {
    **dict.fromkeys(("in", "incoming", "inbound", "received", "receive", "recv", "rx"), "up"),
    **dict.fromkeys(("out", "outgoing", "outbound", "sent", "send", "tx"), "down"),
}
"""Words that depend on whose table it is: the CSMS's, unless the actions show that it is the charger's."""
_DELIMITERS = ",\t;|"
_IDENTITY = re.compile(r'\[\s*[2-6]\s*,\s*"?(?P<id>(?:[^"\\,]|\\.)*)')
_BEGIN = re.compile(r'\[\s*[2-6]\s*,\s*"')
_EPOCH = re.compile(r"(\d{9,16})(\.\d{1,9})?")
MAX_LINES = 2_000
"""Lines that one row may have."""
MAX_CELL = 16 * 1024 * 1024
PROBED = 200
"""Rows that show whether the oldest or the newest comes first."""


class _Table:
    """The columns of a table, and what its rows have told of them so far."""

    def __init__(self, columns: dict[str, int], width: int, delimiter: str) -> None:
        self.columns, self.width, self.delimiter = columns, width, delimiter
        self.id_is_message: bool | None = None

    def cell(self, cells: list[str], name: str) -> str:
        at = self.columns.get(name)
        return cells[at].strip() if at is not None and at < len(cells) else ""

    def cells(self, text: str) -> list[str]:
        """The cells of a row. JSON that stands unquoted in the last column is not taken apart at its commas."""
        found = _cells(text, self.delimiter)
        last = self.width - 1
        if len(found) > self.width and self.columns["payload"] == last:
            found = [*found[:last], text.split(self.delimiter, last)[last]]
        return found


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:  # a carriage return within a cell without quotes, or a cell beyond MAX_CELL
        return []


class _Row(NamedTuple):
    """A row: its first line's number, its text, and how many lines it has."""

    number: int
    text: str
    extent: int


def sniff(head: str) -> float:
    """Sure where the first line names the columns of a table of messages and OCPP is in the rows below."""
    first, _, rest = head.lstrip().partition("\n")
    table = _table(first)
    if table is None:
        return 0.0
    if _BEGIN.search(rest.replace('""', '"')):
        return 0.9
    return 0.7 if {"message", "action", "kind"} <= table.columns.keys() else 0.2


def read(lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
    """The events of a table, one a row."""
    csv.field_size_limit(MAX_CELL)
    yield from oriented(_oldest_first(_events(iter(lines), Clock(zone))))


def _oldest_first(events: Iterator[Event]) -> Iterator[Event]:
    """The events, turned round where the table has the newest row first, as those that a web page exports."""
    first = list(itertools.islice(events, PROBED))
    times = [event.ts for event in first if isinstance(event, Message) and event.ts is not None]
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    if sum(step < 0 for step in steps) > sum(step > 0 for step in steps):
        yield from reversed([*first, *events])
        return
    yield from first
    yield from events


def _events(lines: Iterator[Line], clock: Clock) -> Iterator[Event]:
    for line in lines:
        table = _table(line.text)
        if table is not None:
            yield Ignored(line.number)
            for row in _rows(lines, table, clock):
                yield from _row_events(row, table, clock)
        elif line.text.strip():
            yield Trouble(line.number, "not_understood", line.text)
        else:
            yield Ignored(line.number)


def _table(header: str) -> _Table | None:
    """The columns that a header names; None where it is no header of a table of messages."""
    delimiter = max(_DELIMITERS, key=header.count)
    names = [fields.plain(name) for name in _cells(header[:10_000], delimiter)]
    columns = {
        what: names.index(word)
        for what, words in SYNONYMS.items()
        if (word := next((word for word in words.split() if word in names), None)) is not None
    }
    needed = "payload" in columns and "time" in columns and ("station" in columns or "id" in columns)
    return _Table(columns, len(names), delimiter) if needed else None


def _rows(lines: Iterable[Line], table: _Table, clock: Clock) -> Iterator[_Row]:
    """Rows, those with line ends within quotes put together. A row that is cut ends where the next begins."""
    waiting: list[Line] = []
    quotes = 0
    for line in lines:
        if waiting and (quotes % 2 == 0 or len(waiting) >= MAX_LINES or _is_row(line.text, table, clock)):
            yield _row(waiting)
            waiting, quotes = [], 0
        waiting.append(line)
        quotes += line.text.count('"')
    if waiting:
        yield _row(waiting)


def _row(lines: list[Line]) -> _Row:
    return _Row(lines[0].number, "\n".join(line.text for line in lines), len(lines))


def _is_row(text: str, table: _Table, clock: Clock) -> bool:
    cells = table.cells(text)
    return len(cells) == table.width and _time(table.cell(cells, "time"), clock) is not None


def _time(text: str, clock: Clock) -> int | None:
    """Microseconds since the epoch; a number is in s, ms or µs since then, by its size."""
    number = _EPOCH.fullmatch(text)
    if number is None:
        return clock.read(text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text)
    scale = {9: 1_000_000, 10: 1_000_000, 12: 1_000, 13: 1_000, 15: 1, 16: 1}.get(len(number[1]))
    return None if scale is None else round(float(text) * scale)


def _row_events(row: _Row, table: _Table, clock: Clock) -> Iterator[Event]:
    cells = table.cells(row.text)
    ts = _time(table.cell(cells, "time"), clock)
    text = _text(cells, table)
    if text is not None:
        direction = _direction(table.cell(cells, "direction"))
        yield Message(ts, _station(cells, text, table), direction, text, row.number, row.extent)
        return
    # Quotes are not doubled in what is told: secrets are known by their names in JSON.
    told = row.text.replace('""', '"')
    for number in range(row.number, row.number + row.extent):
        yield Trouble(number, "not_understood", told, ts) if told.strip() else Ignored(number)


def _text(cells: list[str], table: _Table) -> str | None:
    """The message of a row: as it stands, or made of its columns where only the payload stands there."""
    payload = table.cell(cells, "payload")
    named = table.cell(cells, "action")
    kind = fields.kind(table.cell(cells, "kind"))
    identity = table.cell(cells, "message") or table.cell(cells, "id")
    if payload.startswith("{") and identity and (kind or "action" in table.columns):
        error = (table.cell(cells, "error"), table.cell(cells, "description"))
        kind = kind or (fields.CALL if named else fields.RESULT)
        return fields.written(kind, identity, named, payload, error)
    return payload or None


def _station(cells: list[str], text: str, table: _Table) -> str:
    """The charger of a row. A column `id` is the charger's where it is not the message's own."""
    if "station" in table.columns:
        return table.cell(cells, "station")
    identity = table.cell(cells, "id")
    if table.id_is_message is None and (found := _IDENTITY.match(text)):
        table.id_is_message = identity == found["id"]
    return "" if table.id_is_message else identity


def _direction(word: str) -> str | None:
    return fields.direction(word) or _SEEN_BY_CSMS.get(fields.plain(word))

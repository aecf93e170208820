"""Open OCPP Trace, a neutral exchange format: one JSON object a line (v1.1, and v1.0 without `raw`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from analyzer.sources import fields
from analyzer.sources.clocks import Clock
from analyzer.sources.events import Connected, Disconnected, Event, Ignored, Line, Message, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

NAME = "open_trace"
ABOUT = "Open OCPP Trace, JSON lines (open-ocpp-trace v1)."
LOCAL_TIME = False
SAMPLE = """\
{"schemaVersion":"1.1","timestamp":"2026-02-03T04:05:06.000Z","ocppVersion":"1.6","transport":"json",\
"chargePointId":"CP-7","direction":"cp-to-csms","messageType":"CALL","messageId":"19","action":"Heartbeat",\
"payload":{},"raw":"[2,\\"19\\",\\"Heartbeat\\",{}]"}
{"schemaVersion":"1.1","timestamp":"2026-02-03T04:05:06.500Z","ocppVersion":"1.6","transport":"json",\
"chargePointId":"CP-7","direction":"csms-to-cp","messageType":"CALLRESULT","messageId":"19",\
"payload":{"currentTime":"2026-02-03T04:05:06Z"}}
"""
NO_CLOSE_FRAME = 1006
CLOSE_CODES = range(1000, 5000)
"""RFC 6455 7.4.2."""
_EVENT_KEYS = ("event", "eventType", "kind", "type", "messageType")


def sniff(head: str) -> float:
    """The share of lines that are records: JSON objects of a schema version, with a direction or a type."""
    lines = [line for line in head.splitlines()[:200] if line.strip()]
    if len(lines) > 1 and _record(lines[-1]) is None:
        lines.pop()  # the head may end within a line
    records = [record for line in lines if (record := _record(line)) is not None]
    return sum("schemaVersion" in record and "timestamp" in record for record in records) / max(len(lines), 1)


def read(lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
    """The events of a trace, one a line."""
    clock = Clock(zone)
    for line in lines:
        record = _record(line.text)
        if record is not None:
            yield _event(record, clock, line.number)
        elif line.text.strip():
            # Without the escapes of JSON in JSON: secrets are known by their names in JSON.
            yield Trouble(line.number, "not_understood", line.text.replace('\\"', '"'))
        else:
            yield Ignored(line.number)


def _record(text: str) -> dict[str, object] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _event(record: dict[str, object], clock: Clock, number: int) -> Event:
    ts = clock.read(str(record.get("timestamp")))
    named = record.get("chargePointId")
    station = "" if named is None else str(named)
    if record.get("transport") == "soap":
        return Trouble(number, "soap", "an exchange over SOAP, which is not read", ts, station)
    text = _text(record)
    if text is not None:
        return Message(ts, station, fields.direction(record.get("direction")), text, number)
    return _lifecycle(record, ts, station, number)


def _text(record: dict[str, object]) -> str | None:
    """The message as it was on the wire where the trace has it, else made of its fields."""
    raw = record.get("raw")
    if isinstance(raw, str) and raw:
        return raw
    kind = fields.kind(record.get("messageType"))
    if kind is None:
        return None
    error = record.get("error")
    told = error if isinstance(error, dict) else {}
    body = told.get("details", {}) if kind in {4, 5} else record.get("payload", {})
    pair = (told.get("code"), told.get("description"))
    return fields.written(kind, record.get("messageId"), record.get("action"), json.dumps(body), pair)


def _lifecycle(record: dict[str, object], ts: int | None, station: str, number: int) -> Event:
    """A record that is no message: a connection's beginning or end by its name, else something to tell of."""
    name = next((fields.plain(record[key]) for key in _EVENT_KEYS if record.get(key)), "")
    if "disconnect" in name or "clos" in name:
        return _ended(record, ts, station, number)
    if "connect" in name or "open" in name:
        version = record.get("subprotocol")
        return Connected(ts, station, number, {"subprotocol": version} if isinstance(version, str) else {})
    if name and station:
        return Trouble(number, "other_event", json.dumps(record), ts, station)
    return Trouble(number, "not_understood", json.dumps(record), ts)


def _ended(record: dict[str, object], ts: int | None, station: str, number: int) -> Event:
    code = record.get("closeCode", record.get("code"))
    reason = record.get("closeReason", record.get("reason"))
    why = None if reason is None else str(reason)
    if not isinstance(code, int) or code not in CLOSE_CODES:
        return Disconnected(ts, station, number, close_reason=why)
    # RFC 6455 7.1.5: 1006 stands for no close frame
    return Disconnected(ts, station, number, "lost" if code == NO_CLOSE_FRAME else "close", None, code, why)

"""What happened on one connection in order of time, each thing in a few words."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from analyzer.kernels.columns import records, same
from analyzer.reports.outages import ending
from analyzer.reports.text import day, duration, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Row = dict[str, Any]
WHO = {"up": "charger", "down": "CSMS"}
TRANSPORT = {
    "syn": "SYN",
    "syn_ack": "SYN-ACK",
    "fin": "FIN",
    "rst": "RST",
    "retransmission": "retransmission",
    "duplicate": "captured twice",
    "keep_alive": "TCP keep-alive",
    "zero_window": "zero window, the receiver takes no more",
    "hole": "hole, bytes that were never seen",
    "icmp": "ICMP",
    "tls": "TLS alert",
}
"""The kinds of the table `transport` in words."""
SEEN_ENDS = frozenset({"fin", "rst", "close"})
"""Ends that are packets or frames with a row of their own."""


class Event(NamedTuple):
    """Something that happened: when in microseconds, where in the input, who did it, its size, what it was, what it held."""

    ts: int | None
    source: str | None
    origin: int | None
    direction: str | None
    bytes: int | None
    what: str
    content: str = ""
    kind: str = ""
    action: str | None = None


def events(base: Mapping[str, pa.Table], connection: Row) -> list[Event]:
    """All that the tables tell of a connection, in order of time; what has no time in its order in the input."""
    tell: dict[str, Callable[[Row], Event]] = {
        "transport": _transport,
        "certificates": _certificate,
        "tls_records": _record,
        "messages": _message,
        "controls": _control,
        "issues": _issue,
    }
    found = [_lookup(row) for row in _looked_up(base["lookups"], connection)]
    for name, told in tell.items():
        kept = records(base[name].filter(pa.array(same(base[name]["connection"], connection["connection"]))))
        found += [
            told(row)._replace(kind=row.get("kind") or row.get("type") or name, action=row.get("action"))
            for row in kept
        ]
    found += _milestones(connection, found)
    return sorted(_once(found), key=lambda event: (event.ts is None, event.ts or 0, event.origin or 0))


def _once(found: Iterable[Event]) -> Iterator[Event]:
    """Without the issues that tell of a hole in the stream, which stands in `transport` too."""
    holes: set[tuple[int | None, str | None, int | None]] = set()
    for event in found:
        place = event[:3]
        if event.kind != "hole" or place not in holes:
            yield event
        if event.kind == "hole":
            holes.add(place)


def _event(row: Row, what: str, content: str = "") -> Event:
    return Event(row["ts"], row["source"], row["origin"], row.get("direction"), row.get("bytes") or None, what, content)


def _message(row: Row) -> Event:
    action, identity = row["action"], f" #{row['id']}" if row["id"] else ""
    of = f" to {action}" if action else ""
    content = re.sub(r"[\r\n\t]", " ", row["payload"] or "")
    match row["type"]:
        case "call":
            return _event(row, f"{action}{identity}", content)
        case "send":
            return _event(row, f"{action}{identity}, which is not answered", content)
        case "result":
            return _event(row, f"answer{of}{identity}", content)
    description = f' "{row["error_description"]}"' if row["error_description"] else ""
    what = "error in the result" if row["type"] == "result_error" else "error"
    return _event(row, f"{what} {row['error_code']}{of}{identity}{description}", content)


def _control(row: Row) -> Event:
    if row["kind"] != "close":
        return _event(row, row["kind"], f"payload {row['detail']}" if row["detail"] else "")
    code = row["close_code"] or "without a code"
    return _event(row, f"close {code}", f'"{row["close_reason"]}"' if row["close_reason"] else "")


def _transport(row: Row) -> Event:
    lasted = f" for {duration(row['duration'])}" if row["duration"] is not None else ""
    return _event(row, _with(f"{TRANSPORT.get(row['kind'], row['kind'])}{lasted}", row["detail"]))


def _certificate(row: Row) -> Event:
    issuer = f"issued by {row['issuer']}" if row["issuer"] else ""
    valid = " to ".join(_date(row[end]) for end in ("start", "end") if row[end] is not None)
    told = (row["subject"], row["key"], f"valid {valid}" if valid else "", issuer)
    return _event(row, _with("certificate", ", ".join(part for part in told if part)))


def _record(row: Row) -> Event:
    return _event(row, "encrypted record")


def _issue(row: Row) -> Event:
    times = f" ({plural(row['count'], 'time')})" if (row["count"] or 1) > 1 else ""
    lost = ", a part of the input is lost" if row["damage"] else ""
    return _event(row, _with(f"issue, {str(row['kind']).replace('_', ' ')}{times}{lost}", row["detail"]))


def _looked_up(lookups: pa.Table, connection: Row) -> Iterable[Row]:
    """The last lookup before a connection that gave its client the server's address."""
    rows = records(lookups.filter(pa.array(same(lookups["client"], connection["client"] or ""))))
    before = [
        row
        for row in rows
        if connection["server"] in (row["addresses"] or "").split() and (row["ts"] or 0) <= (connection["ts"] or 0)
    ]
    return before[-1:]


def _lookup(row: Row) -> Event:
    took = f" after {(row['answered'] - row['ts']) / 1000:.0f} ms" if row["answered"] is not None else ""
    return _event(row, _with(f"lookup of {row['name']}{took}", row["addresses"]))


def _milestones(connection: Row, others: Iterable[Event]) -> Iterator[Event]:
    """The upgrade, and the end where no packet or frame of its own tells it."""
    source = connection["source"]
    if connection["upgraded"] is not None:
        yield _upgraded(connection)
    kind, origin = connection["end_kind"], connection["end_origin"]
    if kind in {None, "open"} or connection["end"] is None:
        return
    seen = {event.origin for event in others if event.ts == connection["end"]}
    if kind not in SEEN_ENDS or origin not in seen:
        yield Event(
            connection["end"],
            connection.get("end_source") or source,
            origin,
            None,
            None,
            f"ended: {ending(connection)}",
        )


def _upgraded(connection: Row) -> Event:
    ts, source, spoken = (connection[name] for name in ("upgraded", "source", "subprotocol"))
    if connection["http_status"] is None:  # a log, of which one line tells all
        return Event(ts, source, connection["origin"], None, None, _with("connected", spoken))
    # The number of the answer's packet is not kept.
    return Event(ts, source, None, "down", None, f"upgraded to a WebSocket: {spoken or 'no subprotocol'}")


def _with(what: str, detail: str | None) -> str:
    return f"{what}: {detail}" if detail else what


def _date(ts: int) -> str:
    return day(datetime.fromtimestamp(ts / 1e6, UTC))

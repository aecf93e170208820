"""The conversation of one connection as people read it: what is known of it, then all that happened, line by line."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from analyzer.kernels.columns import SECOND, records
from analyzer.reports.events import Event, events
from analyzer.reports.outages import ending
from analyzer.reports.text import CAPTURES, ELLIPSIS, day, duration, named, number, plural, safe, span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa

Row = dict[str, Any]
SIGNS = {"up": ">", "down": "<"}
SPOKEN = frozenset({"call", "result", "error", "result_error", "send"})
LABEL = 12
"""Columns of the words at the left of what is known of a connection."""
MAX_NAMED = 40
"""Connections that are named where another one was asked for."""


def find(connections: pa.Table, name: str) -> Row:
    """The row of a connection, times in microseconds.

    Raises:
        KeyError: No connection is called so; the text names those there are.
    """
    rows = records(connections)
    for row in rows:
        if row["connection"] == name:
            return row
    known = ", ".join(f"{row['connection']} ({_brief(row)})" for row in rows[:MAX_NAMED])
    more = f" and {len(rows) - MAX_NAMED} more" if len(rows) > MAX_NAMED else ""
    raise KeyError(f"no connection is called {name}; there are: {known or 'none'}{more}")


def render(
    base: Mapping[str, pa.Table], name: str, width: int | None = None, actions: Collection[str] = ()
) -> Iterator[str]:
    """The lines, each cut to so many columns, or whole; of some actions the messages alone.

    Raises:
        KeyError: No connection is called so.
    """
    row = find(base["connections"], name)
    happened = [event for event in events(base, row) if not actions or event.action in actions]
    captures = {
        source
        for source, kind in zip(*(base["sources"][key].to_pylist() for key in ("source", "kind")), strict=True)
        if kind in CAPTURES
    }
    place = "packet" if row["source"] in captures else "line"
    for line in chain(_head(row, happened), [""], _body(happened, row["source"], place)):
        told = safe(line).rstrip()
        yield told if width is None or len(told) <= width else told[: width - 1] + ELLIPSIS


def _head(row: Row, happened: Sequence[Event]) -> Iterator[str]:
    """What is known of the connection, a thought a line."""
    version = f" · OCPP {row['version']}" if row["version"] else ""
    yield f"{named(row['station']) if row['station'] is not None else 'No charger'} · connection {row['connection']}{version} · {row['source']}"
    user = f"user {row['user']}" if row["user"] else ""
    known = {
        "charger": (
            _endpoint(row, "client"),
            row["agent"],
            user,
            row["authorization"] and f"authorization {row['authorization']}",
        ),
        "CSMS": dict.fromkeys((_endpoint(row, "server"), row["host"])),
        "upgrade": _upgrade(row),
        "TLS": _tls(row),
        "lasted": (_lasted(row),),
        "ended": _ended(row),
        "TCP": _tcp(row),
        "said": _said(happened),
    }
    for label, facts in known.items():
        told = " · ".join(filter(None, facts))
        if told:
            yield f"  {label:{LABEL - 2}}{told}"


def _endpoint(row: Row, side: str) -> str:
    host, port = row[side] or "", row[f"{side}_port"]
    if port is None:
        return str(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _upgrade(row: Row) -> Iterator[str | None]:
    yield row["path"]
    if row["http_status"]:
        yield f"HTTP {row['http_status']}"
    if row["offered"] is not None:
        yield f"offered {row['offered'] or 'no subprotocol'}"
    yield row["subprotocol"] and f"chosen {row['subprotocol']}"
    yield row["extensions"]
    yield row["upgrade_faults"]


def _tls(row: Row) -> Iterator[str | None]:
    if row["scheme"] == "ws":
        yield "none"
    yield row["tls_version"]
    yield row["cipher"]
    yield row["server_name"] and f"for {row['server_name']}"
    if row["decrypted"] is not None or row["scheme"] == "wss":
        yield "decrypted" if row["decrypted"] else "not decrypted"


def _lasted(row: Row) -> str:
    start, end = row["ts"], row["end"]
    joined = "joined in the middle, " if row["start_observed"] is False else ""
    if start is None or end is None:
        return joined + (f"from {_moment(start):%Y-%m-%d %H:%M:%S} UTC on" if start is not None else "")
    return joined + span(_moment(start), _moment(end))


def _ended(row: Row) -> Iterator[str | None]:
    yield ending(row) if row["end_kind"] else None
    yield row["close_reason"] and f'"{row["close_reason"]}"'
    for side, who in (("last_up", "charger"), ("last_down", "CSMS")):
        if row["end"] is not None and row[side] is not None and row["end"] > row[side]:
            yield f"{duration((row['end'] - row[side]) / SECOND)} after the {who}'s last words"


def _tcp(row: Row) -> Iterator[str | None]:
    if row["round_trip"] is not None:
        yield f"round trip {duration(row['round_trip'])}"
    if row["client_port"] is None:
        return
    of = f" of {number(row['segments'])}" if row["segments"] else ""
    sent_again = row["retransmissions"] or 0
    yield f"{number(sent_again)}{of} segments sent again"
    yield row["lost_bytes"] and f"{plural(row['lost_bytes'], 'byte')} never seen"


def _said(happened: Iterable[Event]) -> Iterator[str]:
    counts: Counter[tuple[str, str | None]] = Counter()
    for event in happened:
        counts["message" if event.kind in SPOKEN else event.kind, event.direction] += 1
    for kind, word in (("message", "message"), ("ping", "ping"), ("pong", "pong"), ("tls_records", "encrypted record")):
        for side, who in (("up", "charger"), ("down", "CSMS")):
            if counts[kind, side]:
                yield f"{plural(counts[kind, side], word)} from the {who}"


def _body(happened: Iterable[Event], source: str | None, place: str) -> Iterator[str]:
    """A line for everything that happened; a day and a file that is another one stand above those of theirs."""
    yield f"{place:>8}  {'time (UTC)':12}  {'later by':>9}  {'bytes':>7}    > from the charger, < from the CSMS"
    today, before = "", None
    for event in happened:
        if event.source != source:
            source = event.source
            yield f"          in {source}"
        moment = None if event.ts is None else _moment(event.ts)
        if moment is not None and day(moment) != today:
            today = day(moment)
            yield f"          {today}"
        clock = f"{moment:%H:%M:%S.%f}"[:-3] if moment is not None else ""
        since = f"+{duration((event.ts - before) / SECOND)}" if event.ts is not None and before is not None else ""
        before = event.ts if event.ts is not None else before
        size = number(event.bytes) if event.bytes else ""
        where = "" if event.origin is None else event.origin
        sign = SIGNS.get(event.direction or "", " ")
        yield f"{where:>8}  {clock:12}  {since.replace('+-', '-'):>9}  {size:>7}  {sign} {event.what} {event.content}"


def _brief(row: Row) -> str:
    when = f" {_moment(row['ts']):%Y-%m-%d %H:%M:%S}" if row["ts"] is not None else ""
    return f"{named(row['station']) if row['station'] is not None else 'no charger'}{when}"


def _moment(ts: int) -> datetime:
    return datetime.fromtimestamp(ts // SECOND, UTC).replace(microsecond=ts % SECOND)

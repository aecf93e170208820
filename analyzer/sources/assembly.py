"""Collects what is read of one input into the base tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer import schema
from analyzer.ocpp.concealment import conceal
from analyzer.sources.bulk import Bulk
from analyzer.sources.exchange import HARMLESS, OTHER_SIDE, Exchange, Row, joined
from analyzer.sources.rows import BATCH, Names, Rows
from analyzer.wire import ocppj

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    import pyarrow as pa

TYPES = {2: "call", 3: "result", 4: "error", 5: "result_error", 6: "send"}
REQUESTS = frozenset({"call", "send"})
VERSIONS = {"ocpp1.6": "1.6", "ocpp2.0": "2.0.1", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}
EXCERPT = 160
SMALL = ("lookups", "certificates", "issues")
GROWING = ("messages", "controls", "transport", "lookups", "certificates", "tls_records", "issues")
"""The tables that grow row by row."""
CONCEALED = frozenset({"path", "close_reason", "agent"})
"""Columns of text that a stranger wrote."""


class Assembly:
    """The base tables of one input in the making. `key` makes its connections' names unique among inputs.

    With a `folder` the rows wait in files there, not in memory.
    """

    def __init__(self, source: str, key: str, folder: Path | None = None) -> None:
        self.source = source
        self.key = key
        self.connections: list[dict[str, object]] = []
        self.rows = {name: Rows(name, folder) for name in GROWING}
        self._begins: list[int] = []
        self._exchanges: list[Exchange] = []
        self._names = Names((), ())
        self._bulk = Bulk(self._exchanges, self._row)
        self._dropped: set[int] = set()
        self._damaged: set[int | None] = set()

    @property
    def messages(self) -> int:
        """Messages so far, without those of dropped connections."""
        return len(self.rows["messages"]) - sum(self._exchanges[number].count for number in self._dropped)

    def count(self, number: int) -> int:
        """Messages of a connection so far."""
        return self._exchanges[number].count

    def drop(self, numbers: Collection[int]) -> None:
        """Leave connections out of the tables, with all that was said on them."""
        self._dropped.update(numbers)

    def connect(self, station: str | None, ts: int | None, origin: int, **attributes: object) -> int:
        """Note a connection and return its number, from 0."""
        number = len(self.connections)
        row = {"station": station, "ts": ts, "origin": origin, "source": self.source}
        self._begins.append(origin)
        self.connections.append({**row, "inferred": False, "retransmissions": 0, "lost_bytes": 0})
        self._exchanges.append(Exchange())
        self.describe(number, **attributes)
        return number

    def describe(self, number: int, **attributes: object) -> None:
        """Add columns of the table `connections` to a connection."""
        row = self.connections[number]
        row.update({name: _told(name, value) for name, value in attributes.items()})

    def alive(self, number: int, up: int | None, down: int | None) -> None:
        """Note when the sides of a connection gave a sign of life, be it one that cannot be read."""
        self._exchanges[number].live("up", up)
        self._exchanges[number].live("down", down)

    def names(self) -> list[str]:
        """The names of the connections by their numbers, counted from where each was first seen.

        So they do not depend on when it turned out that a connection speaks OCPP.
        """
        numbers = range(len(self.connections))
        places = {number: place for place, number in enumerate(sorted(numbers, key=self.begin), 1)}
        return [f"{self.key}.{places[number]}" for number in numbers]

    def begin(self, number: int) -> int:
        """Where a connection was first seen: its packet or line."""
        return self._begins[number]

    def column(self, table: str, name: str) -> list[Any]:
        """A column of a growing table as it is so far; `number` is that of the connection."""
        return [value for batch in self.rows[table].batches() for value in batch[name].to_pylist()]

    def message(self, number: int, ts: int | None, direction: str | None, text: str, origin: int) -> None:
        """Take an OCPP-J message; one that cannot be read becomes an issue."""
        row = self._row(number, ts, direction, text, origin)
        if row is not None:
            self._exchanges[number].count += 1
            self.rows["messages"].add(row)

    def take(self, number: int, texts: Sequence[tuple[bool, str, int, int]]) -> None:
        """Take messages of a connection together; they wait until there are many, or until `settle` is called."""
        self._bulk.add(number, texts)
        if len(self._bulk) >= BATCH:
            self.settle()

    def settle(self) -> None:
        """Make rows of the messages that wait."""
        self.rows["messages"].extend(self._bulk.settle())

    def _row(self, number: int, ts: int | None, direction: str | None, text: str, origin: int) -> Row | None:
        """The row of a message; one that cannot be read becomes an issue."""
        envelope = ocppj.parse(text)
        if not isinstance(envelope, ocppj.Envelope):
            self._unreadable(number, ts, direction, text, origin)
            return None
        code, identity, action, payload, error_code, description = envelope
        kind, exchange = TYPES[code], self._exchanges[number]
        if direction is None:
            direction = exchange.direction(identity, action, asks=kind in REQUESTS)
        if kind in REQUESTS:
            exchange.ask(direction, identity, action or "", payload, answered=kind == "call")
        else:
            action = exchange.calls[OTHER_SIDE[direction]].pop(identity, None)
        exchange.live(direction, ts)
        if error_code is not None:
            error_code, description = conceal(error_code), description and conceal(description)
        size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        identity = identity if HARMLESS(identity) else conceal(identity)
        payload = conceal(payload)
        return Row(ts, direction, kind, identity, action, payload, error_code, description, size, number, origin)

    def _unreadable(self, number: int, ts: int | None, direction: str | None, text: str, origin: int) -> None:
        concealed = conceal(text)
        problem = ocppj.parse(concealed)
        kind, why = (
            ("bad_json", "unreadable") if isinstance(problem, ocppj.Envelope) else (problem.kind, problem.detail)
        )
        self.issue(kind, f"{why}: {concealed[:EXCERPT]}", origin, ts, number=number, direction=direction)
        self._exchanges[number].live(direction or "up", ts)

    def control(
        self,
        number: int,
        ts: int | None,
        direction: str,
        kind: str,
        origin: int,
        *,
        detail: str | None = None,
        close_code: int | None = None,
        close_reason: str | None = None,
    ) -> None:
        """Take a control frame."""
        self._exchanges[number].live(direction, ts)
        self.rows["controls"].note(
            ts=ts,
            number=number,
            direction=direction,
            kind=kind,
            detail=detail,
            close_code=close_code,
            close_reason=close_reason and conceal(close_reason),
            origin=origin,
        )

    def transport(
        self,
        number: int,
        ts: int,
        kind: str,
        direction: str | None,
        size: int,
        origin: int,
        detail: str | None = None,
        duration: float | None = None,
    ) -> None:
        """Take an event of the transport."""
        self.rows["transport"].note(
            ts=ts,
            number=number,
            kind=kind,
            direction=direction,
            bytes=size,
            detail=detail,
            duration=duration,
            origin=origin,
        )

    def note(self, table: str, number: int | None, ts: int | None, origin: int, **columns: object) -> None:
        """Take a row of `transport`, `lookups`, `certificates`, `tls_records` or `issues` by its columns."""
        self.rows[table].note(ts=ts, number=number, origin=origin, **columns)

    def issue(
        self,
        kind: str,
        detail: str,
        origin: int | None = None,
        ts: int | None = None,
        *,
        number: int | None = None,
        station: str | None = None,
        direction: str | None = None,
        count: int = 1,
        damage: bool = False,
    ) -> None:
        """Take something that is wrong with the input."""
        if damage:
            self._damaged.add(number)
        self.rows["issues"].note(
            kind=kind,
            detail=detail,
            origin=origin,
            ts=ts,
            station=station,
            number=number,
            direction=direction,
            count=count,
            damage=damage,
        )

    def tables(self, source: dict[str, object]) -> dict[str, pa.Table]:
        """The base tables; `source` is what else is known of this input for the table `sources`."""
        return {**self.small(source), **{name: self.named(name, self.rows[name].batches()) for name in self.rows}}

    def small(self, source: dict[str, object]) -> dict[str, pa.Table]:
        """The base tables that do not grow with what was said; the others have names from now on."""
        row = {"source": self.source, "damaged": bool(self._damaged - self._dropped), "messages": self.messages}
        made = {"sources": schema.from_rows("sources", [{**row, **source}])}
        names = self.names()
        for number, row in enumerate(self.connections):
            last = {f"last_{side}": ts for side, ts in self._exchanges[number].last.items()}
            row |= {"version": self._version(number), "connection": names[number], **last}
        made["connections"] = schema.sort(schema.from_rows("connections", self._kept()))
        self._names = Names(names, [row["station"] for row in self.connections])
        for name in SMALL:
            made[name] = self.named(name, self.rows[name].batches())
        return made

    def named(self, table: str, batches: Iterable[pa.RecordBatch]) -> pa.Table:
        """Rows of a table with the names of connections and stations, sorted."""
        return schema.sort(self._names.put(table, batches, self.source, self._dropped))

    def _kept(self) -> list[dict[str, object]]:
        return [row for number, row in enumerate(self.connections) if number not in self._dropped]

    def _version(self, number: int) -> object:
        """The version of a connection: as it was agreed, else as it was named, else as its messages and offer tell.

        An offer counts where the answer to it was not captured; one of several tells nothing then.
        """
        row = self.connections[number]
        answered = row.get("upgraded") is not None or row.get("http_status") is not None
        offered = None if answered else VERSIONS.get(f"{row.get('offered')}".strip())
        agreed = VERSIONS.get(f"{row.get('subprotocol')}")
        return agreed or row.get("version") or joined(self._exchanges[number].version, offered)


def _told(name: str, value: object) -> object:
    """A column as it may be told: a path may carry a password in its query, and a reason whatever its sender wrote."""
    return conceal(value) if name in CONCEALED and isinstance(value, str) else value

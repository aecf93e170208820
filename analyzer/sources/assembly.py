"""Collects what is read of one input into the base tables."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from analyzer import schema
from analyzer.ocpp import actions
from analyzer.ocpp.concealment import conceal
from analyzer.wire import ocppj

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa

TYPES = {2: "call", 3: "result", 4: "error", 5: "result_error", 6: "send"}
REQUESTS = frozenset({"call", "send"})
UNSURE = frozenset({None, "2.0.1"})
"""What may still turn out to be another version: what is told of 2.0.1 holds for 2.1 too."""
OTHER_SIDE = {"up": "down", "down": "up"}
VERSIONS = {"ocpp1.6": "1.6", "ocpp2.0": "2.0.1", "ocpp2.0.1": "2.0.1", "ocpp2.1": "2.1"}
MAX_OPEN_CALLS = 10_000
"""Calls of one connection whose answer is still awaited, for naming the answer's action; the oldest is forgotten."""
EXCERPT = 160
ROWS = ("messages", "controls", "transport", "lookups", "certificates", "tls_records", "issues")
"""The tables that grow row by row."""
CONCEALED = frozenset({"path", "close_reason", "agent"})
"""Columns of text that a stranger wrote."""


class Assembly:
    """The base tables of one input in the making. `key` makes its connections' names unique among inputs."""

    def __init__(self, source: str, key: str) -> None:
        self.source = source
        self.key = key
        self.connections: list[dict[str, object]] = []
        self._open_calls: list[OrderedDict[tuple[str, str], str]] = []
        self._versions: list[str | None] = []
        self._columns: dict[str, dict[str, list[Any]]] = {
            name: {column: [] for column in schema.arrow(name).names} for name in ROWS
        }
        self._dropped: set[int] = set()
        self.messages = 0

    def columns(self, table: str) -> dict[str, list[Any]]:
        """The columns of a base table as they are so far; in `connection` stand numbers, not names."""
        return self._columns[table]

    def drop(self, numbers: Collection[int]) -> None:
        """Leave connections out of the tables, with all that was said on them."""
        if not numbers:
            return
        self._dropped.update(numbers)
        for name, columns in self._columns.items():
            if "connection" not in columns:
                continue
            kept = [row for row, number in enumerate(columns["connection"]) if number not in self._dropped]
            self._columns[name] = {column: [values[row] for row in kept] for column, values in columns.items()}
        self.messages = len(self._columns["messages"]["ts"])

    def connect(self, station: str | None, ts: int | None, origin: int, **attributes: object) -> int:
        """Note a connection and return its number, from 0."""
        number = len(self.connections)
        row = {"station": station, "ts": ts, "origin": origin, "source": self.source, "connection": self.name(number)}
        self.connections.append({**row, "inferred": False, "retransmissions": 0, "lost_bytes": 0})
        self._open_calls.append(OrderedDict())
        self._versions.append(None)
        self.describe(number, **attributes)
        return number

    def describe(self, number: int, **attributes: object) -> None:
        """Add columns of the table `connections` to a connection."""
        row = self.connections[number]
        row.update({name: _told(name, value) for name, value in attributes.items()})

    def name(self, number: int) -> str:
        """The name of a connection by its number."""
        return f"{self.key}.{number + 1}"

    def message(self, number: int, ts: int | None, direction: str | None, text: str, origin: int) -> None:
        """Take an OCPP-J message; one that cannot be read becomes an issue."""
        concealed = conceal(text)
        envelope = ocppj.parse(concealed)
        if not isinstance(envelope, ocppj.Envelope):
            detail = f"{envelope.detail}: {concealed[:EXCERPT]}"
            self.issue(envelope.kind, detail, origin, ts, number=number, direction=direction)
            self._alive(number, ts, direction or "up")
            return
        kind = TYPES[envelope.type]
        direction = direction or self._direction(number, kind, envelope.id, envelope.action)
        action = envelope.action if kind in REQUESTS else self._answered(number, direction, envelope.id)
        if kind == "call":
            self._ask(number, direction, envelope.id, envelope.action or "")
        row = self.connections[number]
        if kind in REQUESTS and self._versions[number] in UNSURE:
            told = actions.version(envelope.action or "", envelope.payload)
            self._versions[number] = _joined(self._versions[number], told)
        self._alive(number, ts, direction)
        self.messages += 1
        self._add(
            "messages",
            station=row["station"],
            ts=ts,
            direction=direction,
            type=kind,
            id=envelope.id,
            action=action,
            payload=envelope.payload,
            error_code=envelope.error_code,
            error_description=envelope.error_description,
            bytes=len(text.encode("utf-8", "replace")),
            connection=number,
            origin=origin,
        )

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
        self._alive(number, ts, direction)
        self._add(
            "controls",
            station=self.connections[number]["station"],
            ts=ts,
            connection=number,
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
        self._add(
            "transport",
            station=self.connections[number]["station"],
            ts=ts,
            connection=number,
            kind=kind,
            direction=direction,
            bytes=size,
            detail=detail,
            duration=duration,
            origin=origin,
        )

    def note(self, table: str, number: int | None, ts: int | None, origin: int, **columns: object) -> None:
        """Take a row of `transport`, `lookups`, `certificates` or `tls_records` by its columns."""
        station = None if number is None else self.connections[number]["station"]
        self._add(table, **{"station": station, "ts": ts, "connection": number, "origin": origin, **columns})

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
        self._add(
            "issues",
            kind=kind,
            detail=detail,
            origin=origin,
            ts=ts,
            station=self.connections[number]["station"] if number is not None else station,
            connection=number,
            direction=direction,
            count=count,
            damage=damage,
        )

    def tables(self, source: dict[str, object]) -> dict[str, pa.Table]:
        """The base tables; `source` is what else is known of this input for the table `sources`."""
        row = {"source": self.source, "damaged": any(self._columns["issues"]["damage"]), "messages": self.messages}
        made = {"sources": schema.from_rows("sources", [{**row, **source}])}
        for number, row in enumerate(self.connections):
            row["version"] = self._version(number)
        made["connections"] = schema.sort(schema.from_rows("connections", self._kept()))
        for name, columns in self._columns.items():
            named: dict[str, list[object]] = {"source": [self.source] * len(columns["station"])}
            if "connection" in columns:
                numbers = columns["connection"]
                named["connection"] = [None if n is None else self.name(n) for n in numbers]
                named["station"] = [
                    self.connections[n]["station"] if n is not None else s
                    for n, s in zip(numbers, columns["station"], strict=True)
                ]
            made[name] = schema.sort(schema.from_columns(name, {**columns, **named}))
        return made

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
        return agreed or row.get("version") or _joined(self._versions[number], offered)

    def _add(self, table: str, **values: object) -> None:
        for name, column in self._columns[table].items():
            column.append(values.get(name))

    def _alive(self, number: int, ts: int | None, direction: str) -> None:
        if ts is not None:
            self.connections[number]["last_up" if direction == "up" else "last_down"] = ts

    def _direction(self, number: int, kind: str, identity: str, action: str | None) -> str:
        if kind in REQUESTS:
            return actions.direction(action or "") or "up"
        awaiting = self._open_calls[number]
        return next((OTHER_SIDE[side] for side in ("up", "down") if (side, identity) in awaiting), "down")

    def _ask(self, number: int, direction: str, identity: str, action: str) -> None:
        awaiting = self._open_calls[number]
        awaiting[direction, identity] = action
        if len(awaiting) > MAX_OPEN_CALLS:
            awaiting.popitem(last=False)

    def _answered(self, number: int, direction: str, identity: str) -> str | None:
        return self._open_calls[number].pop((OTHER_SIDE[direction], identity), None)


def _joined(first: str | None, second: str | None) -> str | None:
    """The version that two signs tell: the first, but 2.1 where one tells 2.0.1 and the other 2.1."""
    return second if first is None or (first, second) == ("2.0.1", "2.1") else first


def _told(name: str, value: object) -> object:
    """A column as it may be told: a path may carry a password in its query, and a reason whatever its sender wrote."""
    return conceal(value) if name in CONCEALED and isinstance(value, str) else value

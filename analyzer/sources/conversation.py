"""From the events of a log to base tables: connections found from lifecycle lines, or inferred where there are none."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from analyzer.ocpp.concealment import conceal
from analyzer.sources.assembly import Assembly
from analyzer.sources.events import Connected, Control, Disconnected, Failed, Ignored, Message, Noted, Refused, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from analyzer.sources.events import Event, Placed

Place = tuple[str, str]
"""A station, and which of the connections that it has beside each other."""

MAX_DETAIL = 200
"""Characters of a line that are told; secrets are replaced before it is cut, for what names them may stand behind."""
UNNAMED = "unnamed"
"""The station of lines whose log leaves its identity empty."""


class Conversation:
    """The state of one log: which connection of each station is open, and how its lines are accounted for."""

    def __init__(self, source: str, key: str) -> None:
        self.assembly = Assembly(source, key)
        self.account: Counter[str] = Counter()
        self.first: int | None = None
        self.last: int | None = None
        self._open: dict[Place, int] = {}
        self._ended: dict[Place, int] = {}

    def take(self, events: Iterable[Event]) -> None:
        """Take all events of a log, in the order of its lines."""
        for event in events:
            if isinstance(event, Ignored):
                self.account["ignored"] += 1
                continue
            if event.ts is not None:
                self.first = event.ts if self.first is None else min(self.first, event.ts)
                self.last = event.ts if self.last is None else max(self.last, event.ts)
            self._take(event)

    def tables(self, kind: str, zone: str, *, size: int) -> dict[str, pa.Table]:
        """The base tables; a station without an end stays open."""
        for number in self._open.values():
            self.assembly.describe(number, end_kind="open", end_observed=False)
        account = self.account
        return self.assembly.tables(
            {
                "kind": kind,
                "start": self.first,
                "end": self.last,
                "bytes": size,
                "records": sum(account.values()),
                "lifecycle": account["lifecycle"],
                "ignored": account["ignored"],
                "unknown": account["unknown"],
                "zone": zone,
            }
        )

    def _take(self, event: Message | Connected | Refused | Disconnected | Control | Noted | Failed | Trouble) -> None:
        station = (event.station or UNNAMED) if event.station is not None or not isinstance(event, Trouble) else None
        match event:
            case Message():
                self._message(event)
                return
            case Connected():
                self._connect(event)
            case Refused():
                self.assembly.connect(
                    station,
                    event.ts,
                    event.origin,
                    http_status=event.http_status,
                    end=event.ts,
                    end_kind="refused",
                    end_side="csms",
                    start_observed=True,
                    end_observed=True,
                    end_origin=event.origin,
                    **event.attributes,
                )
            case Disconnected():
                self._disconnect(event)
            case Control():
                number = self._connection(event)
                self.assembly.control(number, event.ts, event.direction, event.kind, event.origin, detail=event.detail)
            case Noted():
                self._note(event)
            case Failed():
                # What is told next of its handshake belongs to it.
                self._ended[event.station or UNNAMED, ""] = self.assembly.connect(
                    station,
                    event.ts,
                    event.origin,
                    end=event.ts,
                    end_kind=event.end_kind,
                    start_observed=True,
                    end_observed=True,
                    end_origin=event.origin,
                    **event.attributes,
                )
            case Trouble():
                self.assembly.issue(
                    event.kind,
                    conceal(event.detail)[:MAX_DETAIL],
                    event.origin,
                    event.ts,
                    station=station,
                    count=event.times,
                    damage=event.damage,
                )
                if not event.accounted:
                    self.account["unknown" if event.kind == "not_understood" else "lifecycle"] += 1
                return
        self.account["lifecycle"] += 1

    def _message(self, event: Message) -> None:
        number = self._connection(event)
        before = self.assembly.messages
        self.assembly.message(number, event.ts, event.direction, event.text, event.origin)
        self.account["message" if self.assembly.messages > before else "unknown"] += 1
        # Each line is accounted for once: those on which a message goes on tell nothing more.
        self.account["ignored"] += event.lines - 1

    def _note(self, event: Noted) -> None:
        if event.table == "lookups":
            self.assembly.note("lookups", None, event.ts, event.origin, **{"station": event.station, **event.columns})
            return
        place = _place(event)
        number = self._open.get(place, self._ended.get(place))
        if number is None:
            number = self._connection(event)
        self.assembly.note(event.table, number, event.ts, event.origin, **event.columns)

    def _connection(self, event: Placed) -> int:
        place = _place(event)
        if place not in self._open:
            self._ended.pop(place, None)
            self._open[place] = self.assembly.connect(
                place[0], event.ts, event.origin, inferred=True, start_observed=False, end_observed=False
            )
        return self._open[place]

    def _connect(self, event: Connected) -> None:
        place, ts = _place(event), event.ts
        self._ended.pop(place, None)
        replaced = self._open.pop(place, None)
        if replaced is not None:
            # A new connection of the same station while no end of the old one was logged: the old one was dead.
            self.assembly.describe(replaced, end=ts, end_kind="replaced", end_origin=event.origin)
        joined = event.attributes.get("start_observed") is False
        known = {"upgraded": None if joined else ts, "start_observed": True, "end_observed": False}
        attributes = {**known, **event.attributes}
        seen = attributes.pop("ts", ts)
        self._open[place] = self.assembly.connect(
            place[0], seen if isinstance(seen, int) else ts, event.origin, **attributes
        )

    def _disconnect(self, event: Disconnected) -> None:
        place = _place(event)
        known = {
            "end_kind": event.end_kind,
            "end_side": event.end_side,
            "close_code": event.close_code,
            "close_reason": event.close_reason,
        }
        if place not in self._open and place in self._ended:
            self._complete(self._ended[place], known)
            return
        number = self._connection(event)
        del self._open[place]
        self._ended[place] = number
        self.assembly.describe(number, end=event.ts, end_observed=True, end_origin=event.origin, **known)
        if event.end_kind == "close" and event.end_side is not None:
            self.assembly.control(
                number,
                event.ts,
                "up" if event.end_side == "station" else "down",
                "close",
                event.origin,
                close_code=event.close_code,
                close_reason=event.close_reason,
            )

    def _complete(self, number: int, known: Mapping[str, object]) -> None:
        """An end told again, as a library and its program do: what was not known of it is added."""
        row = self.assembly.connections[number]
        vague = row.get("end_kind") == "lost" and row.get("close_code") is None
        missing = {
            name: value for name, value in known.items() if value is not None and (vague or row.get(name) is None)
        }
        self.assembly.describe(number, **missing)


def _place(event: Placed) -> Place:
    return event.station or UNNAMED, event.beside

"""Which messages are of one transaction: starts that are sent again, and identities that are given again."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

Row = dict[str, Any]
Key = tuple[object, str]
Place = tuple[object, "str | None", bool]
"""Where transactions of 1.6 that go on are held: by station, identity (None: not answered), and whether refused."""
UNANSWERED = "unanswered "
"""How a transaction is named whose StartTransaction was not answered; what follows tells the message."""
NONE = "none"
NAMELESS = frozenset({NONE, "-1", "0"})
"""What stands for an identity that is not known."""


class Start(NamedTuple):
    """What a StartTransaction tells: the identity in its answer, its register, and what tells it when sent again."""

    name: str | None
    meter: float | None
    refused: bool
    signs: tuple[Hashable, ...]


class Stop(NamedTuple):
    """What a StopTransaction tells: the identity that it ends, its register, and its own time."""

    name: str | None
    meter: float | None
    moment: int | None


@dataclass(eq=False)
class Going:
    """A transaction of 1.6; `rank` orders those that go on by their registers, and those of one register by age."""

    row: Row
    rank: tuple[float, int]
    place: Place


@dataclass
class Ledger:
    """The transactions so far.

    `by_name` holds them by station and identity, in the order in which they began, `unanswered` those that have none,
    `ongoing` those of 1.6 that are not stopped. `starts` and `stops` are what tells a message that is sent again.
    """

    by_name: dict[Key, list[Row]] = field(default_factory=dict)
    unanswered: dict[int, Row] = field(default_factory=dict)
    ongoing: dict[Place, list[Going]] = field(default_factory=dict)
    starts: dict[Hashable, Going] = field(default_factory=dict)
    stops: dict[Hashable, Row] = field(default_factory=dict)
    count: int = 0

    def rows(self) -> list[Row]:
        """All transactions."""
        return [*self.unanswered.values(), *(row for rows in self.by_name.values() for row in rows)]

    def started(self, call: Row, start: Start) -> Row:
        """The transaction that a StartTransaction of 1.6 begins.

        An earlier start with one of its signs was the same one, unless that was stopped or answered with another
        identity: then the CSMS has two.
        """
        earlier = [self.starts[sign] for sign in start.signs if sign in self.starts]
        going = next((going for going in earlier if self._may_be(going, start.name)), None)
        place = (call["station"], start.name, start.refused)
        if going is None:
            row = _row(call, start.name or f"{UNANSWERED}{call['connection']} {call['id']}")
            self.count += 1
            going = Going(row, (-inf if start.meter is None else start.meter, self.count), place)
            self._keep(going)
        elif start.name is not None:
            self._withdraw(going)
            going.place = place
            if self.unanswered.pop(going.rank[1], None) is None:
                self._hold(going)
            else:
                going.row["transaction"] = start.name
                self._keep(going)
        self.starts |= dict.fromkeys(start.signs, going)
        return going.row

    def stopped(self, call: Row, stop: Stop) -> Row:
        """The transaction that a StopTransaction of 1.6 ends; one that none of several can be is left alone.

        A stop that is sent again stops the same one: without an identity always, with one unless that goes on again.
        """
        name, sign = stop.name or NONE, (call["station"], call["payload"])
        row = self.stops.get(sign) if call["payload"] is not None else None
        going = None if row is not None and name in NAMELESS else self._ended(call["station"], name, stop.meter)
        if going is not None and row is not None and _before(stop.moment, going.row.get("start")):
            going = None
        if going is not None:
            self._withdraw(going)
            row = going.row
        key = (call["station"], name)
        if row is None and name not in NAMELESS and key in self.by_name and not self.ongoing.get((*key, False)):
            row = self.by_name[key][-1]
        self.stops[sign] = found = row or self._begin(call, name)
        return found

    def told(self, call: Row, name: str | None, begins: int | None) -> Row:
        """The transaction of a TransactionEvent; `begins` is the time of one that starts it.

        One that starts after the known end of its transaction starts another.
        """
        row = self.named(call, name or NONE)
        again = begins is not None and row.get("end") is not None and begins > row["end"]
        return self._begin(call, name or NONE) if again else row

    def ended_before(self, row: Row, moment: int | None) -> bool:
        """Whether an end at a time is that of an earlier transaction with the identity of this one, sent again."""
        rows = self.by_name[row["station"], row["transaction"]]
        return len(rows) > 1 and row is rows[-1] and moment is not None and moment <= (rows[-2].get("end") or -inf)

    def named(self, seen: Row, name: str, turn: int = -1) -> Row:
        """The transaction with an identity, the last where there are several; it begins with what was seen of it."""
        rows = self.by_name.get((seen["station"], name))
        return rows[turn] if rows else self._begin(seen, name)

    def _begin(self, seen: Mapping[str, object], name: str) -> Row:
        row = _row(seen, name)
        self.by_name.setdefault((seen["station"], name), []).append(row)
        return row

    def _keep(self, going: Going) -> None:
        """Keep a transaction that began, or whose start is answered at last, under its identity."""
        station, name, _ = going.place
        if name is None:
            self.unanswered[going.rank[1]] = going.row
        else:
            insort(self.by_name.setdefault((station, name), []), going.row, key=lambda own: own["ts"] or 0)
        self._hold(going)

    def _hold(self, going: Going) -> None:
        insort(self.ongoing.setdefault(going.place, []), going, key=_rank)

    def _withdraw(self, going: Going) -> None:
        others = self.ongoing[going.place]
        others.pop(bisect_left(others, going.rank, key=_rank))

    def _ended(self, station: object, name: str, meter: float | None) -> Going | None:
        """What goes on and ends with a register: what began highest of what began no higher, or the only one there is.

        A start that was not answered may be meant where no identity is known; one that was refused is thought of last.
        """
        own = self.ongoing.get((station, name, False), [])
        lost = self.ongoing.get((station, None, False), []) if name in NAMELESS else []
        refused = self.ongoing.get((station, name, True), [])
        limit = (inf if meter is None else meter, inf)
        for group in ((own, lost), (refused,)):
            fitting = [going[count - 1] for going in group if (count := bisect_right(going, limit, key=_rank))]
            if fitting:
                return max(fitting, key=_rank)
        return (own or refused)[0] if len(own) + len(refused) == 1 and not lost else None

    def _may_be(self, going: Going, name: str | None) -> bool:
        """Whether a start that is sent again may be a transaction's: it goes on, under the identity answered now."""
        known = going.row["transaction"]
        return "stopped" not in going.row and (name is None or known == name or going.rank[1] in self.unanswered)


def _row(seen: Mapping[str, object], name: str) -> Row:
    origin = {column: seen[column] for column in ("station", "ts", "connection", "source", "origin")}
    return {**origin, "transaction": name, "samples": 0}


def _rank(going: Going) -> tuple[float, int]:
    return going.rank


def _before(moment: int | None, other: int | None) -> bool:
    return moment is not None and other is not None and moment < other

"""Which messages are of one transaction: starts that are sent again, and identities that are given again."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

Row = dict[str, Any]
Key = tuple[object, str]
UNANSWERED = "unanswered "
"""How a transaction is named whose StartTransaction was not answered; what follows tells the message."""
NONE = "none"
NAMELESS = frozenset({NONE, "-1", "0"})
"""What stands for an identity that is not known."""


@dataclass
class Ledger:
    """The transactions so far.

    `by_name` holds them by station and identity, in the order in which they began, `ongoing` those of 1.6 that are not
    stopped. `starts` and `stops` are what tells a message that is sent again.
    """

    by_name: dict[Key, list[Row]] = field(default_factory=dict)
    ongoing: dict[Key, list[Row]] = field(default_factory=dict)
    starts: dict[Hashable, Row] = field(default_factory=dict)
    stops: dict[Hashable, Row] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """All transactions."""
        return [row for rows in self.by_name.values() for row in rows]

    def started(self, call: Row, name: str | None, signs: tuple[Hashable, ...]) -> Row:
        """The transaction that a StartTransaction of 1.6 begins; `name` is its identity where the answer tells one.

        An earlier start with one of its `signs` was the same one, unless that was stopped or answered with another
        identity: then the CSMS has two.
        """
        earlier = [self.starts[sign] for sign in signs if sign in self.starts]
        row = next((row for row in earlier if _may_be(row, name)), None)
        if row is None:
            row = self._begin(call, name or f"{UNANSWERED}{call['connection']} {call['id']}")
            self.ongoing.setdefault((row["station"], row["transaction"]), []).append(row)
        elif name is not None:
            self._rename(row, name)
        self.starts |= dict.fromkeys(signs, row)
        return row

    def stopped(self, call: Row, name: str | None) -> Row:
        """The transaction that a StopTransaction of 1.6 ends: of those with its identity the last that goes on."""
        key, sign = (call["station"], name or NONE), (call["station"], call["payload"])
        row = self.stops.get(sign)
        if row is None and self.ongoing.get(key):
            row = self.ongoing[key].pop()
        if row is None and name is not None and name not in NAMELESS and key in self.by_name:
            row = self.by_name[key][-1]
        self.stops[sign] = found = row or self._begin(call, name or NONE)
        return found

    def told(self, call: Row, name: str | None, begins: int | None) -> Row:
        """The transaction of a TransactionEvent; `begins` is the time of one that starts it.

        One that starts after the known end of its transaction starts another.
        """
        row = self.named(call, name or NONE)
        again = begins is not None and row.get("end") is not None and begins > row["end"]
        return self._begin(call, name or NONE) if again else row

    def named(self, seen: Row, name: str, turn: int = -1) -> Row:
        """The transaction with an identity, the last where there are several; it begins with what was seen of it."""
        rows = self.by_name.get((seen["station"], name))
        return rows[turn] if rows else self._begin(seen, name)

    def _begin(self, seen: Mapping[str, object], name: str) -> Row:
        origin = {column: seen[column] for column in ("station", "ts", "connection", "source", "origin")}
        row = {**origin, "transaction": name, "samples": 0}
        self.by_name.setdefault((seen["station"], name), []).append(row)
        return row

    def _rename(self, row: Row, name: str) -> None:
        """Give a transaction whose start is answered at last its identity."""
        old, new = (row["station"], row["transaction"]), (row["station"], name)
        if old == new:
            return
        row["transaction"] = name
        for index in (self.by_name, self.ongoing):
            index[old] = [own for own in index[old] if own is not row]
            insort(index.setdefault(new, []), row, key=lambda own: own["ts"] or 0)


def _may_be(row: Row, name: str | None) -> bool:
    """Whether a start that is sent again may be that of a transaction: it goes on, under the identity answered now."""
    known = row["transaction"]
    return "stopped" not in row and (name is None or known == name or known.startswith(UNANSWERED))

"""Takes messages many at a time: nearly all are calls and results in their usual form, and those go column by column.

What this gives is what `Assembly.message` gives for one message after another.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from analyzer.ocpp.concealment import conceal, conceal_all
from analyzer.sources.exchange import HARMLESS, Row
from analyzer.wire import ocppj

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analyzer.sources.exchange import Exchange

DIRECTIONS = {True: "up", False: "down"}


class Bulk:
    """Messages that wait to be taken together; `other` makes the row of one that is not in its usual form."""

    def __init__(self, exchanges: Sequence[Exchange], other: Callable[[int, int, str, str, int], Row | None]) -> None:
        self._exchanges, self._other = exchanges, other
        self._numbers: list[int] = []
        self._texts: list[tuple[bool, str, int, int]] = []

    def __len__(self) -> int:
        """Messages that wait."""
        return len(self._texts)

    def add(self, number: int, texts: Sequence[tuple[bool, str, int, int]]) -> None:
        """Take messages of a connection: whether the station's, text, time, packet."""
        self._numbers += [number] * len(texts)
        self._texts += texts

    def settle(self) -> list[list[object]]:
        """The rows of the messages that waited, as columns in the order of `Row`."""
        numbers, waiting = self._numbers, self._texts
        self._numbers, self._texts = [], []
        stations, texts, times, packets = map(list, zip(*waiting, strict=True)) if waiting else ([], [], [], [])
        found = [ocppj.usual(text) for text in texts]
        others: dict[int, Row | None] = {}
        actions: list[object] = []
        for place, (number, elements, from_station) in enumerate(zip(numbers, found, stations, strict=True)):
            if elements is None:
                side = DIRECTIONS[from_station]
                others[place] = self._other(number, times[place], side, texts[place], packets[place])
                actions.append(None)
            else:
                actions.append(self._exchanges[number].take(elements, from_station=from_station))
        for (number, from_station), ts in dict(zip(zip(numbers, stations, strict=True), times, strict=True)).items():
            self._exchanges[number].live(DIRECTIONS[from_station], ts)
        columns = [
            times,
            [DIRECTIONS[from_station] for from_station in stations],
            ["call" if elements and len(elements) == 4 else "result" for elements in found],
            _identities([elements[1] if elements else "" for elements in found]),
            actions,
            conceal_all([str(elements[-1], "utf-8") if elements else "" for elements in found]),
            [None] * len(found),
            [None] * len(found),
            [len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in texts],
            numbers,
            packets,
        ]
        columns = self._with(columns, others)
        for number, count in Counter(
            numbers[place] for place in range(len(numbers)) if others.get(place, True)
        ).items():
            self._exchanges[number].count += count
        return columns

    def _with(self, columns: list[list[object]], others: dict[int, Row | None]) -> list[list[object]]:
        """The columns with the rows of other messages in their places, and without those that are no message."""
        for place, row in others.items():
            for column, value in zip(columns, row or (), strict=False):
                column[place] = value
        unreadable = {place for place, row in others.items() if row is None}
        if not unreadable:
            return columns
        return [[value for place, value in enumerate(column) if place not in unreadable] for column in columns]


def _identities(identities: list[str]) -> list[str]:
    if HARMLESS("".join(identities)):
        return identities
    return [identity if HARMLESS(identity) else conceal(identity) for identity in identities]

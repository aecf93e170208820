"""Recognises a connection that was captured twice: before and behind a proxy, or on two interfaces."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from analyzer.kernels.columns import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.sources.assembly import Assembly

NEAR = SECOND // 2
"""How long a message may take from one hop to the next, in microseconds."""
MAX_TOGETHER = 20
"""Connections of one station that are compared with each other at a time; more at once are no hops but an attack."""


class Said(NamedTuple):
    """A message: when it was seen, and what makes it the same message at another hop."""

    ts: int
    what: tuple[object, ...]


def drop_repeated_hops(assembly: Assembly) -> None:
    """Take out each connection that says what another of its station says at the same time, and count it as an issue.

    Kept is the hop that shows more messages; of equal ones the first, which is nearer to the charger.
    """
    said = _said(assembly)
    for station, numbers in _by_station(assembly, said).items():
        gone: set[int] = set()
        for first, second in combinations(numbers[:MAX_TOGETHER], 2):
            lesser, greater = (first, second) if len(said[first]) < len(said[second]) else (second, first)
            if gone & {first, second} or not _repeats(said[lesser], said[greater]):
                continue
            gone.add(lesser)
            row, other = assembly.connections[lesser], assembly.connections[greater]
            assembly.drop(lesser)
            assembly.issue(
                "repeated_hop",
                f"{len(said[lesser])} messages between {_ends(row)} stand between {_ends(other)} too: "
                "the same connection, captured at two places; counted once",
                _origin(row),
                said[lesser][0].ts,
                station=station,
                count=len(said[lesser]),
            )


def _said(assembly: Assembly) -> dict[int, list[Said]]:
    columns = assembly.columns("messages")
    same = zip(*(columns[name] for name in ("direction", "type", "id", "action", "payload")), strict=True)
    found: dict[int, list[Said]] = {}
    for number, ts, what in zip(columns["connection"], columns["ts"], same, strict=True):
        found.setdefault(number, []).append(Said(ts, what))
    return found


def _by_station(assembly: Assembly, said: dict[int, list[Said]]) -> dict[str, list[int]]:
    stations: dict[str, list[int]] = {}
    for number in said:
        station = assembly.connections[number]["station"]
        if isinstance(station, str):
            stations.setdefault(station, []).append(number)
    return stations


def _repeats(lesser: Sequence[Said], greater: Sequence[Said]) -> bool:
    """Whether all messages of one are those of the other, in order and at nearly the same time."""
    place = 0
    for message in lesser:
        while place < len(greater) and not _matches(message, greater[place]):
            place += 1
        if place == len(greater):
            return False
        place += 1
    return True


def _matches(message: Said, other: Said) -> bool:
    return message.what == other.what and abs(message.ts - other.ts) <= NEAR


def _ends(row: dict[str, object]) -> str:
    return f"{row.get('client')}:{row.get('client_port')} and {row.get('server')}:{row.get('server_port')}"


def _origin(row: dict[str, object]) -> int | None:
    origin = row["origin"]
    return origin if isinstance(origin, int) else None

"""Recognises a connection that was captured twice: before and behind a proxy, or on two interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer.kernels.columns import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from analyzer.sources.assembly import Assembly

NEAR = SECOND // 2
"""How long a message may take from one hop to the next, in microseconds."""
MAX_TOGETHER = 20
"""Connections of one station at a time that each one is compared with."""


class Said(NamedTuple):
    """A message: when it was seen, and what makes it the same message at another hop."""

    ts: int
    what: tuple[object, ...]


def drop_repeated_hops(assembly: Assembly) -> None:
    """Take out each connection that says what another of its station says at the same time, and count it as an issue.

    Another hop goes between other ends: a charger that connects again and again to one server is none. Kept is the hop
    that shows more messages; of equal ones the first, which is nearer to the charger.
    """
    said = _said(assembly)
    gone: dict[int, int] = {}
    for numbers in _by_station(assembly, said).values():
        for first, second in _together(numbers, said):
            lesser, greater = (first, second) if len(said[first]) < len(said[second]) else (second, first)
            if not {first, second} & gone.keys() and _is_other_path(assembly, first, second):
                gone |= {lesser: greater} if _repeats(said[lesser], said[greater]) else {}
    assembly.drop(gone.keys())
    for lesser, greater in gone.items():
        _tell(assembly, lesser, greater, said[lesser])


def _tell(assembly: Assembly, lesser: int, greater: int, said: Sequence[Said]) -> None:
    row, other = assembly.connections[lesser], assembly.connections[greater]
    assembly.issue(
        "repeated_hop",
        f"{len(said)} messages between {_ends(row)} stand between {_ends(other)} too: "
        "the same connection, captured at two places; counted once",
        _origin(row),
        said[0].ts,
        station=str(row["station"]),
        count=len(said),
    )


def _together(numbers: Iterable[int], said: Mapping[int, Sequence[Said]]) -> Iterator[tuple[int, int]]:
    """The pairs of connections that spoke at the same time."""
    ordered = sorted(numbers, key=lambda number: said[number][0].ts)
    for place, first in enumerate(ordered):
        until = said[first][-1].ts + NEAR
        for second in ordered[place + 1 : place + 1 + MAX_TOGETHER]:
            if said[second][0].ts > until:
                break
            yield first, second


def _is_other_path(assembly: Assembly, first: int, second: int) -> bool:
    paths = [
        tuple(assembly.connections[number].get(name) for name in ("client", "server", "server_port"))
        for number in (first, second)
    ]
    return paths[0] != paths[1]


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

"""Recognises a connection that was captured twice: before and behind a proxy, or on two interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, micros
from analyzer.sources.rows import NUMBER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from analyzer.sources.assembly import Assembly

NEAR = SECOND // 2
"""How long a message may take from one hop to the next, in microseconds."""
SAME = ("direction", "type", "id", "action", "payload")
"""What makes a message the same at another hop."""
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
    spans = _spans(assembly)
    # In the order in which they were first seen, whenever it turned out what they are.
    stations = _by_station(assembly).values()
    pairs = [pair for numbers in stations for pair in _together(sorted(numbers, key=assembly.begin), spans)]
    pairs = [pair for pair in pairs if _is_other_path(assembly, *pair)]
    said = _said(assembly, {number for pair in pairs for number in pair})
    gone: dict[int, int] = {}
    for first, second in pairs:
        lesser, greater = (first, second) if len(said[first]) < len(said[second]) else (second, first)
        if not {first, second} & gone.keys():
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


def _together(numbers: Iterable[int], spans: Mapping[int, tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The pairs of connections that spoke at the same time."""
    ordered = sorted(numbers, key=lambda number: spans[number][0])
    for place, first in enumerate(ordered):
        until = spans[first][1] + NEAR
        for second in ordered[place + 1 : place + 1 + MAX_TOGETHER]:
            if spans[second][0] > until:
                break
            yield first, second


def _is_other_path(assembly: Assembly, first: int, second: int) -> bool:
    paths = [
        tuple(assembly.connections[number].get(name) for name in ("client", "server", "server_port"))
        for number in (first, second)
    ]
    return paths[0] != paths[1]


def _spans(assembly: Assembly) -> dict[int, tuple[int, int]]:
    """The times of the first and the last message of each connection."""
    size = len(assembly.connections)
    first, last = np.full(size, END_OF_TIME), np.full(size, NO_TIME)
    for batch in assembly.rows["messages"].batches():
        numbers, times = batch[NUMBER].to_numpy(), micros(batch["ts"])
        np.minimum.at(first, numbers, times)
        np.maximum.at(last, numbers, times)
    return {number: (int(first[number]), int(last[number])) for number in np.flatnonzero(last != NO_TIME).tolist()}


def _said(assembly: Assembly, numbers: set[int]) -> dict[int, list[Said]]:
    found: dict[int, list[Said]] = {number: [] for number in numbers}
    for batch in assembly.rows["messages"].batches() if numbers else ():
        chosen = batch.filter(pc.is_in(batch[NUMBER], pa.array(sorted(numbers), pa.int32())))
        same = zip(*(chosen[name].to_pylist() for name in SAME), strict=True)
        for number, ts, what in zip(chosen[NUMBER].to_pylist(), micros(chosen["ts"]).tolist(), same, strict=True):
            found[number].append(Said(ts, what))
    return found


def _by_station(assembly: Assembly) -> dict[str, list[int]]:
    """The connections that said something, by their stations."""
    stations: dict[str, list[int]] = {}
    for number, row in enumerate(assembly.connections):
        station = row["station"]
        if isinstance(station, str) and assembly.count(number):
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

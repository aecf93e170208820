"""The large tables of one input in parts of whole stations, so that more than memory holds can go through it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.sources.rows import NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from analyzer.sources.assembly import Assembly

PART = 20_000
"""Messages of a part, unless one station has more of them."""
MAX_PARTS = 250
"""Parts, each of which has a file open for each table while they are made; beyond that they are larger."""
LARGE = ("messages", "controls", "transport", "tls_records")
"""The tables that grow with what was read."""
Tables = dict[str, pa.Table]


class Spool(NamedTuple):
    """Where the rows of an input wait while it is read, and what takes them then, part by part."""

    folder: Path
    take: Callable[[Tables], None]


def deliver(assembly: Assembly, small: Mapping[str, pa.Table], spool: Spool) -> Iterator[Tables]:
    """The base tables of each part, sorted; so are all parts one after the other. At least one comes.

    What is of no connection, or of one without a station, is in the last part; issues of no station are in all.
    """
    part_of, stations = _divided(assembly)
    for part, rows in enumerate(_distributed(assembly, part_of, len(stations), spool.folder)):
        tables = {name: assembly.named(name, rows[name]) for name in LARGE}
        last = part == len(stations) - 1
        yield {**{name: _own(table, stations[part], last=last) for name, table in small.items()}, **tables}


def _divided(assembly: Assembly) -> tuple[np.ndarray, list[set[str]]]:
    """The part of each connection, and the stations of each part, in their order."""
    counts: dict[str, int] = {}
    for number, row in enumerate(assembly.connections):
        if row["station"] is not None:
            station = str(row["station"])
            counts[station] = counts.get(station, 0) + assembly.count(number)
    size = max(PART, sum(counts.values()) // MAX_PARTS)
    stations: list[set[str]] = [set()]
    filled = 0
    for station in sorted(counts):
        if filled and filled + counts[station] > size:
            stations.append(set())
            filled = 0
        stations[-1].add(station)
        filled += counts[station]
    place = {station: part for part, names in enumerate(stations) for station in names}
    last = len(stations) - 1
    parts = [last if row["station"] is None else place[str(row["station"])] for row in assembly.connections]
    return np.array(parts, dtype=np.int32), stations


def _distributed(
    assembly: Assembly, part_of: np.ndarray, count: int, folder: Path
) -> Iterator[dict[str, list[pa.RecordBatch]]]:
    """The rows of each part, table by table; of several parts, those that come later wait in files of their own."""
    if count == 1:
        yield {name: list(assembly.rows[name].batches()) for name in LARGE}
        return
    for name in LARGE:
        with ExitStack() as stack:
            writers: dict[int, pa.RecordBatchStreamWriter] = {}
            for batch in assembly.rows[name].batches():
                for part, rows in _split(part_of[batch[NUMBER].to_numpy()]):
                    if part not in writers:
                        path = str(_file(folder, name, part))
                        writers[part] = stack.enter_context(pa.ipc.new_stream(path, batch.schema))
                    writers[part].write_batch(batch.take(pa.array(rows)))
    for part in range(count):
        yield {name: _batches(_file(folder, name, part)) for name in LARGE}


def _split(parts: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The rows of each part, in their order."""
    order = np.argsort(parts, kind="stable")
    found, starts = np.unique(parts[order], return_index=True)
    yield from zip(found.tolist(), np.split(order, starts[1:]), strict=True)


def _file(folder: Path, name: str, part: int) -> Path:
    return folder / f"{name}.{part}.arrows"


def _batches(path: Path) -> list[pa.RecordBatch]:
    if not path.exists():
        return []
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        return list(reader)


def _own(table: pa.Table, stations: set[str], *, last: bool) -> pa.Table:
    """What a small table says of these stations, and of none in the last part; of issues that in all parts."""
    if "station" not in table.column_names:
        return table
    named = table["station"].cast(pa.string())
    own = pc.fill_null(pc.is_in(named, pa.array(sorted(stations), pa.string())), fill_value=False)
    if last or "damage" in table.column_names:
        own = pc.or_(own, pc.is_null(named))
    return table.filter(own)


def empty() -> Tables:
    """The large tables without rows."""
    return {name: schema.empty(name) for name in LARGE}

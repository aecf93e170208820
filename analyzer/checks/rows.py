"""What checks share: the rows of each station, and rows as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.findings import Evidence
from analyzer.kernels.columns import NO_TIME, coded, micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from analyzer.kernels.columns import Ints


def by_station(table: pa.Table) -> Iterator[tuple[str, Ints]]:
    """Each station of a table with its rows, in the table's order; rows without a station are left out."""
    stations = coded(table["station"])
    order = np.argsort(stations.codes, kind="stable")
    bounds = np.searchsorted(stations.codes[order], np.arange(len(stations.names) + 1))
    for code, name in enumerate(stations.names):
        yield name, order[bounds[code] : bounds[code + 1]]


def evidence(table: pa.Table, rows: Iterable[int], time: str = "ts", origin: str = "origin") -> list[Evidence]:
    """Rows of a table as evidence; `time` names the column that says when, `origin` the one that says where."""
    # Only what is told is taken: a table may have fifty columns, and this is called for each station.
    needed = ["source", origin, time, *(["end_source"] if origin == "end_origin" else [])]
    chosen = table.select(list(dict.fromkeys(needed))).take(pa.array([int(row) for row in rows], pa.int64()))
    sources = end_source(chosen) if origin == "end_origin" else chosen["source"]
    return [
        Evidence(source, place, None if ts == NO_TIME else ts)
        for source, place, ts in zip(
            sources.to_pylist(), chosen[origin].to_pylist(), micros(chosen[time]).tolist(), strict=True
        )
    ]


def when(times: Ints, rows: Ints) -> tuple[int | None, int | None]:
    """The first and the last time of some rows; None where none of them has one.

    >>> when(np.array([30, 10, NO_TIME, 20]), np.array([0, 2, 3])), when(np.array([NO_TIME]), np.array([0]))
    ((20, 30), (None, None))
    """
    known = times[rows][times[rows] != NO_TIME]
    return (int(known.min()), int(known.max())) if len(known) else (None, None)


def end_source(connections: pa.Table) -> pa.ChunkedArray:
    """The input in which the end of each connection was seen: another than that of its begin, in a set of files."""
    elsewhere, source = (connections[name].cast(pa.string()) for name in ("end_source", "source"))
    return pc.coalesce(elsewhere, source).cast(connections["source"].type)


def plural(count: int, what: str, several: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "time"), plural(3, "gap"), plural(2, "loss", "losses")
    ('1 time', '3 gaps', '2 losses')
    """
    return f"{count} {what if count == 1 else several or f'{what}s'}"


def duration(seconds: float) -> str:
    """A length of time in words.

    >>> duration(59.96), duration(234), duration(4000), duration(200_000)
    ('60 s', '234 s', '67 min', '55.6 h')
    """
    if seconds < 600:
        return f"{round(seconds, 1):g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

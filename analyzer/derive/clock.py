"""How far a charger's clock stands ahead of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.derive.payloads import decode, text
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, same
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR = 3600 * SECOND
ACTIONS = ("StatusNotification", "StartTransaction", "StopTransaction", "TransactionEvent", "SecurityEventNotification")


def clock(calls: pa.Table, readings: pa.Table) -> pa.Table:
    """One row per station and hour, with the largest payload time less arrival time.

    Latency and queueing can only make that difference smaller, so the largest of an hour is the nearest to the truth.
    Left out are what says that it was sent late (`offline`) and Sample.Clock values of 1.6, which carry the start of
    their interval (OCPP 1.6 9.1.5).
    """
    times = pa.concat_tables([_of_calls(calls), _of_readings(readings)]).unify_dictionaries()
    station, seen = coded(times["station"]), micros(times["ts"])
    offset = (micros(times["measured"]) - seen) / SECOND
    hour = seen // HOUR
    order = np.lexsort((-offset, hour, station.codes))
    rows, groups = order, np.stack([station.codes[order], hour[order]])
    if not len(rows):
        return schema.empty("clock")
    first = np.flatnonzero(np.concatenate(([True], (np.diff(groups, axis=1) != 0).any(axis=0))))
    unzoned = ~np.asarray(times["zoned"], dtype=bool)[rows]
    best = times.take(pa.array(rows[first]))
    return schema.sort(
        schema.from_columns(
            "clock",
            {
                **{name: best[name] for name in ("station", "ts", "source", "origin")},
                "offset": offset[rows[first]],
                "samples": np.diff(np.append(first, len(rows))),
                "unzoned": np.add.reduceat(unzoned.astype(np.int64), first),
            },
        )
    )


_FIELDS = pa.schema(
    [
        ("station", schema.NAME),
        ("ts", schema.TIME),
        ("measured", schema.TIME),
        ("zoned", pa.bool_()),
        ("source", schema.NAME),
        ("origin", pa.int64()),
    ]
)


def _of_calls(calls: pa.Table) -> pa.Table:
    chosen = calls.filter(pa.array(same(calls["action"], *ACTIONS) & same(calls["direction"], "up")))
    found = list(_times(chosen))
    kept = chosen.take(pa.array([row for row, _, _ in found], pa.int64()))
    return _known(
        kept,
        pa.array([moment for _, moment, _ in found], pa.int64()),
        pa.array([zoned for *_, zoned in found], pa.bool_()),
    )


def _times(calls: pa.Table) -> Iterator[tuple[int, int, bool]]:
    for row, payload in enumerate(calls["payload"].to_pylist()):
        if '"timestamp"' not in (payload or ""):
            continue
        members = decode(payload)
        moment = parse(text(members.get("timestamp")) or "")
        if moment is not None and members.get("offline") is not True:
            yield row, *moment


def _of_readings(readings: pa.Table) -> pa.Table:
    live = same(readings["action"], "MeterValues") & ~same(readings["context"], "Sample.Clock")
    kept = readings.filter(pa.array(live))
    return _known(kept, kept["measured"].cast(pa.int64()), kept["zoned"])


def _known(rows: pa.Table, measured: pa.Array | pa.ChunkedArray, zoned: pa.Array | pa.ChunkedArray) -> pa.Table:
    columns = [rows["station"], rows["ts"], measured.cast(schema.TIME), zoned, rows["source"], rows["origin"]]
    table = pa.table(columns, schema=_FIELDS)
    return table.filter(pa.array((micros(table["ts"]) != NO_TIME) & (micros(table["measured"]) != NO_TIME)))

"""How far a charger's clock stands ahead of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, same, wholes
from analyzer.ocpp.payloads import decode, members, text
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.kernels.columns import Flags, Ints, Reals

HOUR = 3600 * SECOND
STRAY = 5 * SECOND
"""Offsets that follow each other within this are one: what is between them is latency."""
MOMENT = 60.0
"""Seconds for which messages must agree on an offset before that says anything."""
ACTIONS = ("StatusNotification", "StartTransaction", "StopTransaction", "TransactionEvent", "SecurityEventNotification")


def clock(calls: pa.Table, readings: pa.Table) -> pa.Table:
    """One row per station and hour, with the payload time less arrival time that its live messages agree on.

    Latency and queueing can only make that difference smaller, so the largest on which messages agree for a while is
    the nearest to the truth. A burst of replayed messages agrees for a moment only, and so does what was stamped before
    the clock was set. Left out are what says that it was sent late (`offline`) and Sample.Clock values of 1.6, which
    carry the start of their interval (OCPP 1.6 9.1.5).
    """
    times = pa.concat_tables([_of_calls(calls), _of_readings(readings)]).unify_dictionaries()
    if not times.num_rows:
        return schema.empty("clock")
    station, seen = coded(times["station"]).codes, micros(times["ts"])
    offset, hour = micros(times["measured"]) - seen, seen // HOUR
    order = np.lexsort((-offset, hour, station))
    station, seen, offset, hour = station[order], seen[order], offset[order], hour[order]
    fresh = np.append(True, (np.diff(station) != 0) | (np.diff(hour) != 0))
    first = np.flatnonzero(fresh)
    chosen, held = _agreed(seen, offset, fresh)
    unzoned = ~np.asarray(times["zoned"], dtype=bool)[order]
    best = times.take(pa.array(order[chosen]))
    return schema.sort(
        schema.from_columns(
            "clock",
            {
                **{name: best[name] for name in ("station", "ts", "source", "origin")},
                "offset": offset[chosen] / SECOND,
                "held": held,
                "samples": np.diff(np.append(first, len(order))),
                "unzoned": np.add.reduceat(unzoned.astype(np.int64), first),
            },
        )
    )


def _agreed(seen: Ints, offset: Ints, fresh: Flags) -> tuple[Ints, Reals]:
    """For each hour, the row with its offset, and how long that held. Rows are in order, the largest offset first.

    It is the largest of those that held at least half as long as the longest; less than `MOMENT` is no time at all.
    """
    clusters = np.flatnonzero(fresh | np.append(True, np.diff(offset) < -STRAY))
    held = (np.maximum.reduceat(seen, clusters) - np.minimum.reduceat(seen, clusters)) / SECOND
    counted = np.where(held < MOMENT, 0.0, held)
    hours = np.cumsum(fresh)[clusters] - 1
    longest = np.maximum.reduceat(counted, np.flatnonzero(fresh[clusters]))[hours]
    fit = np.flatnonzero(counted * 2 >= longest)
    picked = fit[np.unique(hours[fit], return_index=True)[1]]
    return clusters[picked], held[picked]


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
        said = members(decode(payload))
        moment = parse(text(said.get("timestamp")) or "")
        if moment is not None and said.get("offline") is not True:
            yield row, *moment


def _of_readings(readings: pa.Table) -> pa.Table:
    live = same(readings["action"], "MeterValues") & ~same(readings["context"], "Sample.Clock")
    kept = readings.filter(pa.array(live))
    kept = kept.filter(pa.array(_first_of_each(kept)))
    return _known(kept, kept["measured"].cast(pa.int64()), kept["zoned"])


def _first_of_each(readings: pa.Table) -> Flags:
    """The first of the values that one message gives for one time: they follow each other."""
    moments, origins = micros(readings["measured"]), wholes(readings["origin"])
    again = (np.diff(moments) == 0) & (np.diff(origins) == 0)
    found: Flags = np.append(np.ones(min(1, len(moments)), dtype=bool), ~again)
    return found


def _known(rows: pa.Table, measured: pa.Array | pa.ChunkedArray, zoned: pa.Array | pa.ChunkedArray) -> pa.Table:
    columns = [rows["station"], rows["ts"], measured.cast(schema.TIME), zoned, rows["source"], rows["origin"]]
    table = pa.table(columns, schema=_FIELDS)
    return table.filter(pa.array((micros(table["ts"]) != NO_TIME) & (micros(table["measured"]) != NO_TIME)))

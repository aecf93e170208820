"""Which value of a setting is in force at a time: the last writer's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.as_of import first_of, last_before
from analyzer.kernels.columns import NO_TIME, Ints, Reals, coded, flags, micros, reals, same, seconds

INTERVAL_KEY = "HeartbeatInterval"
ORDERS = ("boot", "set")
"""Operations by which the CSMS orders a value; by the others it is only told one."""
READ_BACK = ("get", "report")
END_OF_TIME = np.iinfo(np.int64).max


def interval_in_force(settings: pa.Table, stations: pa.ChunkedArray, times: Ints) -> tuple[Reals, list[str | None]]:
    """The heartbeat interval in force for each (station, time), in seconds, and where it is known from.

    Before anything was ordered, what was read back at any time counts, else what the heartbeats themselves keep. But
    before a change only what was read back before it does: the rest tells of the interval after it.
    """
    rows = _intervals(settings)
    changed, inferred = _change(rows, rows["station"], *ORDERS), same(rows["operation"], "inferred")
    earlier = (changed == END_OF_TIME) | (~inferred & (micros(rows["ts"]) < changed))
    found = np.full(len(times), np.nan)
    origin = np.full(len(times), None, dtype=object)
    for operations in (ORDERS, READ_BACK, ("inferred",)):
        ordered = operations == ORDERS
        part = rows.filter(pa.array(same(rows["operation"], *operations) & (earlier | ordered)))
        asked = times if ordered else np.full(len(times), END_OF_TIME)
        hits = last_before(part["station"], micros(part["ts"]), stations, asked)
        new = (hits >= 0) & np.isnan(found)
        found[new] = reals(part["number"])[hits[new]]
        origin[new] = np.array(part["operation"].to_pylist(), dtype=object)[hits[new]]
    return found, origin.tolist()


def interval_before(settings: pa.Table, stations: pa.ChunkedArray, times: Ints) -> Reals:
    """The heartbeat interval before the last change, for one such interval after it: a timer that runs is run out.

    NaN where there was none before, or the change is longer ago.
    """
    rows = _intervals(settings)
    rows = rows.filter(pa.array(same(rows["operation"], *ORDERS, *READ_BACK)))
    rows = rows.take(pa.array(np.lexsort((micros(rows["ts"]), coded(rows["station"]).codes))))
    names, values = coded(rows["station"]).codes, reals(rows["number"])
    follows = np.append(False, names[1:] == names[:-1])[: len(names)]
    # What is only read back, or ordered again, is no change.
    kept = ~follows | (values != np.roll(values, 1))
    rows, values = rows.filter(pa.array(kept)), values[kept]
    moments, former = np.append(micros(rows["ts"]), NO_TIME), np.where(follows[kept], np.roll(values, 1), np.nan)
    hits = last_before(rows["station"], moments[:-1], stations, times)
    before = np.append(former, np.nan)[hits]
    return np.where(seconds(moments[hits], times) <= before, before, np.nan)


def change_from_unknown(settings: pa.Table, stations: pa.ChunkedArray) -> Ints:
    """When the heartbeat interval of each station was changed from one that is not known; else the end of time."""
    return _change(_intervals(settings), stations, *ORDERS, *READ_BACK)


def _intervals(settings: pa.Table) -> pa.Table:
    known = pc.and_(pa.array(same(settings["key"], INTERVAL_KEY)), settings["number"].is_valid())
    usable = flags(settings["effective"]) | same(settings["operation"], "inferred")
    return settings.filter(pc.and_(known, pa.array(usable)))


def _change(rows: pa.Table, stations: pa.ChunkedArray, *operations: str) -> Ints:
    """The time of each station's first row of these operations where the CSMS changed a setting by it."""
    rows = rows.filter(pa.array(same(rows["operation"], *operations)))
    moments, changes = micros(rows["ts"]), same(rows["operation"], "set")
    first = first_of(rows["station"], moments, stations)
    return np.append(np.where(changes, moments, END_OF_TIME), END_OF_TIME)[first]

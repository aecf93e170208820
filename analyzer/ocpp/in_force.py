"""Which value of a setting is in force at a time: the last writer's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.columns import NO_TIME, SECOND, Ints, Reals, coded, micros, reals, same
from analyzer.kernels.sequences import latest

INTERVAL_KEY = "HeartbeatInterval"
ORDERS = ("boot", "set")
"""Operations by which the CSMS orders a value; by the others it is only told one."""
END_OF_TIME = np.iinfo(np.int64).max


def interval_in_force(settings: pa.Table, stations: pa.ChunkedArray, times: Ints) -> tuple[Reals, list[str | None]]:
    """The heartbeat interval in force for each (station, time), in seconds, and where it is known from.

    Before anything was ordered, what was read back at any time counts, else what the heartbeats themselves keep.
    """
    rows = settings.filter(pc.and_(pa.array(same(settings["key"], INTERVAL_KEY)), settings["number"].is_valid()))
    found = np.full(len(times), np.nan)
    origin = np.full(len(times), None, dtype=object)
    wanted = coded(stations)
    for operations in (ORDERS, ("get", "report"), ("inferred",)):
        effective = pc.or_(rows["effective"], pa.array(same(rows["operation"], "inferred")))
        part = rows.filter(pc.and_(effective, pa.array(same(rows["operation"], *operations))))
        place = pc.fill_null(pc.index_in(part["station"].cast(pa.string()), pa.array(wanted.names, pa.string())), -1)
        groups, moments, values = np.asarray(place, dtype=np.int64), micros(part["ts"]), reals(part["number"])
        order = np.lexsort((moments, groups))
        asked = times if operations == ORDERS else np.full(len(times), END_OF_TIME)
        hits = latest(groups[order], moments[order], wanted.codes, asked)
        new = (hits >= 0) & np.isnan(found)
        found[new] = values[order][hits[new]]
        origin[new] = np.array(part["operation"].to_pylist(), dtype=object)[order][hits[new]]
    return found, origin.tolist()


def interval_before(settings: pa.Table, stations: pa.ChunkedArray, times: Ints) -> Reals:
    """The heartbeat interval before the last order, for one such interval after it: a timer that runs is run out.

    NaN where there was none before, or the order is longer ago.
    """
    rows = settings.filter(pc.and_(pa.array(same(settings["key"], INTERVAL_KEY)), settings["number"].is_valid()))
    rows = rows.filter(pc.and_(rows["effective"], pa.array(same(rows["operation"], *ORDERS))))
    wanted = coded(stations)
    place = pc.fill_null(pc.index_in(rows["station"].cast(pa.string()), pa.array(wanted.names, pa.string())), -1)
    groups, moments, values = np.asarray(place, dtype=np.int64), micros(rows["ts"]), reals(rows["number"])
    order = np.lexsort((moments, groups))
    groups, moments, values = groups[order], moments[order], values[order]
    found = np.full(len(times), np.nan)
    if len(order) < 2:
        return found
    hits = latest(groups, moments, wanted.codes, times)
    known = (hits > 0) & (groups[hits - 1] == groups[hits])
    running = known & ((times - moments[hits]) / SECOND <= values[hits - 1])
    found[running] = values[hits - 1][running]
    return found


def latest_number(settings: pa.Table, station: str, key: str, at: int = END_OF_TIME) -> float | None:
    """The number in force of a key of a station at a time, None where it is not known.

    What was ordered or read back before that time counts, else the first that was read back after it.
    """
    mine = pc.and_(pa.array(same(settings["station"], station)), pa.array(same(settings["key"], key)))
    rows = settings.filter(pc.and_(pc.and_(mine, settings["effective"]), settings["number"].is_valid()))
    if not rows.num_rows:
        return None
    before = np.flatnonzero((micros(rows["ts"]) <= at) & (micros(rows["ts"]) != NO_TIME))
    later = np.flatnonzero(~same(rows["operation"], *ORDERS))
    chosen = before[-1] if len(before) else later[0] if len(later) else None
    return None if chosen is None else float(rows["number"][int(chosen)].as_py())

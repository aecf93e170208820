"""What was configured, as of when, and where that is known from; and the heartbeat interval in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.kernels.columns import NO_TIME, Ints, Reals, coded, micros, reals, same
from analyzer.kernels.intervals import habit, usual
from analyzer.kernels.sequences import gaps, latest
from analyzer.ocpp.keys import settings_said

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIONS = ("BootNotification", "ChangeConfiguration", "GetConfiguration", "SetVariables", "GetVariables", "NotifyReport")
INTERVAL_KEY = "HeartbeatInterval"
ORDERS = ("boot", "set")


def settings(calls: pa.Table) -> pa.Table:
    """One row per setting that was ordered, read back or reported, and the heartbeat interval inferred where none was.

    Of HeartbeatInterval the last writer is in force: an accepted BootNotification with an interval above 0, or an
    accepted change (OCPP 1.6 4.2 and 9.1.10; 2.0.1 B01.FR.04). What was read back counts where nothing was ordered.
    """
    rows = [*_said(calls)]
    ordered = {row["station"] for row in rows if row["key"] == INTERVAL_KEY and row["effective"]}
    rows += _inferred(calls, ordered)
    return schema.sort(schema.from_rows("settings", rows))


def _said(calls: pa.Table) -> Iterator[dict[str, object]]:
    for call in calls.filter(pa.array(same(calls["action"], *ACTIONS))).to_pylist():
        for setting in settings_said(call["action"], call["payload"], call["answer"]):
            number = _number(setting.value)
            yield {
                "station": call["station"],
                "ts": call["answered"] or call["ts"],
                "key": setting.key,
                "text": setting.value,
                "number": number,
                "operation": setting.operation,
                "status": setting.status,
                "effective": _effective(setting.key, setting.operation, setting.status, number),
                "connection": call["connection"],
                "source": call["source"],
                "origin": call["origin"],
            }


def _effective(key: str, operation: str, status: str | None, number: float | None) -> bool:
    if operation == "boot" or key == INTERVAL_KEY:
        # 0 leaves the charger its own choice; in a Pending or Rejected answer it is the wait before the next boot.
        return (status == "Accepted" or operation not in ORDERS) and number is not None and number > 0
    return status == "Accepted" or operation not in ORDERS


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else None
    except ValueError:
        return None
    return number if number is not None and np.isfinite(number) else None


def _inferred(calls: pa.Table, known: set[object]) -> Iterator[dict[str, object]]:
    beats = calls.filter(pa.array(same(calls["action"], "Heartbeat")))
    connection, times = coded(beats["connection"]), micros(beats["ts"])
    order = np.lexsort((times, connection.codes))
    spans = np.full(len(times), np.nan)
    spans[order] = gaps(connection.codes[order], times[order])
    stations = coded(beats["station"])
    for code, station in enumerate(stations.names):
        period = habit(spans[stations.codes == code])
        interval = usual(period)
        interval = period if np.isnan(interval) else interval
        if np.isnan(interval):
            continue
        first = beats.filter(pa.array(stations.codes == code)).slice(0, 1).to_pylist()[0]
        yield {
            **{name: first[name] for name in ("station", "ts", "connection", "source", "origin")},
            "key": INTERVAL_KEY,
            "text": f"{interval:g}",
            "number": interval,
            "operation": "inferred",
            "effective": station not in known,
        }


def interval_in_force(settings: pa.Table, stations: pa.ChunkedArray, times: Ints) -> tuple[Reals, list[str | None]]:
    """The heartbeat interval in force for each (station, time), in seconds, and where it is known from.

    Before anything was ordered, what was read back at any time counts, else what the heartbeats themselves keep.
    """
    rows = settings.filter(pc.and_(pa.array(same(settings["key"], INTERVAL_KEY)), settings["number"].is_valid()))
    found = np.full(len(times), np.nan)
    origin: list[str | None] = [None] * len(times)
    wanted = coded(stations)
    for operations in (ORDERS, ("get", "report"), ("inferred",)):
        effective = pc.or_(rows["effective"], pa.array(same(rows["operation"], "inferred")))
        part = rows.filter(pc.and_(effective, pa.array(same(rows["operation"], *operations))))
        place = pc.fill_null(pc.index_in(part["station"].cast(pa.string()), pa.array(wanted.names, pa.string())), -1)
        groups, moments, values = np.asarray(place, dtype=np.int64), micros(part["ts"]), reals(part["number"])
        order = np.lexsort((moments, groups))
        asked = times if operations == ORDERS else np.full(len(times), np.iinfo(np.int64).max)
        hits = latest(groups[order], moments[order], wanted.codes, asked)
        new = (hits >= 0) & np.isnan(found)
        found[new] = values[order][hits[new]]
        names = part["operation"].to_pylist()
        for index in np.flatnonzero(new).tolist():
            origin[index] = names[int(order[hits[index]])]
    return found, origin


def latest_number(settings: pa.Table, station: str, key: str, at: int = np.iinfo(np.int64).max) -> float | None:
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

"""When a transaction was sampled, and at which interval it should have been."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.checks.meter_values.places import places, transactions_of
from analyzer.checks.rows import by_station
from analyzer.kernels.as_of import first_of, last_before
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, flags, micros, reals, same
from analyzer.kernels.intervals import habit, usual
from analyzer.kernels.sequences import gaps
from analyzer.ocpp.meter_values import MEASURAND

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints, Reals

KEY = "MeterValueSampleInterval"
"""The interval of samples in a transaction; SampledDataCtrlr.TxUpdatedInterval in 2.x."""
REFUSED = ("Rejected", "NotSupported", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType")
STRAY = 5 * SECOND
"""How far a sample may lie outside its transaction by its own time."""
LONGER = 1.1
"""How much longer a period must be than the interval to be another one."""
INFERRED = "inferred"
HEAD, SAMPLE, TAIL = -1, 0, 1


class Samples(NamedTuple):
    """Distinct times at which transactions were sampled, with their starts and ends, in order of transaction and time.

    `moments` are the charger's times where all of a transaction are known, else those of arrival. `shift` is what to
    add to have the time of arrival of a sample that is sent at once.
    """

    readings: pa.Table
    owner: Ints
    moments: Ints
    seen: Ints
    shift: Ints
    kind: Ints
    rows: Ints
    register: Reals


def samples_of(readings: pa.Table, transactions: pa.Table) -> Samples:
    """The periodic samples of each transaction, whatever transaction they name, and its start and end."""
    periodic = readings.filter(pa.array(same(readings["context"], "Sample.Periodic")))
    owner = transactions_of(periodic, places(periodic, transactions), transactions)
    seen, measured = micros(periodic["ts"]), micros(periodic["measured"])
    rows = np.flatnonzero((owner >= 0) & (seen != NO_TIME))
    size = transactions.num_rows
    stamped = np.bincount(owner[rows], measured[rows] == NO_TIME, size) == 0
    start, started = micros(transactions["start"]), micros(transactions["started"])
    end, stopped = micros(transactions["end"]), micros(transactions["stopped"])
    stamped &= ((started == NO_TIME) | (start != NO_TIME)) & ((stopped == NO_TIME) | (end != NO_TIME))
    moments = np.where(stamped[owner], measured, seen) if size else seen
    if size:  # an id that is used again, or a clock that was wrong
        early, late = np.where(stamped, start, started), np.where(stamped, end, stopped)
        rows = rows[(early[owner[rows]] == NO_TIME) | (moments[rows] >= early[owner[rows]] - STRAY)]
        rows = rows[(late[owner[rows]] == NO_TIME) | (moments[rows] <= late[owner[rows]] + STRAY)]
    keys, first = _distinct(owner[rows], moments[rows], seen[rows])
    register = np.full(len(first), np.nan)
    energy = same(periodic["measurand"], MEASURAND) & np.asarray(periodic["phase"].is_null(), dtype=bool)
    energy = energy[rows] & ~np.isnan(reals(periodic["value"]))[rows]
    register[keys[energy]] = reals(periodic["value"])[rows][energy]
    rows = rows[first]
    shift = np.full(size, END_OF_TIME)
    np.minimum.at(shift, owner[rows], seen[rows] - moments[rows])
    parts = [(owner[rows], moments[rows], seen[rows], np.full(len(rows), SAMPLE), rows, register)]
    for kind, told, told_seen, value in (
        (HEAD, start, started, "meter_start"),
        (TAIL, end, stopped, "meter_stop"),
    ):
        chosen = np.flatnonzero((told_seen != NO_TIME) & np.isin(np.arange(size), owner[rows]))
        moment = np.where(stamped, told, told_seen)[chosen]
        none, kinds = np.full(len(chosen), -1), np.full(len(chosen), kind)
        parts.append((chosen, moment, told_seen[chosen], kinds, none, reals(transactions[value])[chosen]))
    owners, moments, seen, kinds, rows, register = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((kinds, moments, owners))
    owners = owners[order]
    return Samples(
        periodic, owners, moments[order], seen[order], shift[owners], kinds[order], rows[order], register[order]
    )


def intervals(found: Samples, settings: pa.Table, transactions: pa.Table) -> tuple[Reals, list[str | None]]:
    """For each transaction, the interval at which it had to be sampled, in seconds, and where that is known from.

    A charger that keeps a longer interval than it was told is measured by that: that it does is another finding. NaN is
    what is not known, changed in the transaction, or was 0: no samples.
    """
    size, stations = transactions.num_rows, transactions["station"]
    first, last = np.full(size, END_OF_TIME), np.full(size, NO_TIME)
    np.minimum.at(first, found.owner, found.seen)
    np.maximum.at(last, found.owner, found.seen)
    told, origin = _in_force(settings, stations, first)
    later, _ = _in_force(settings, stations, last)
    changed = (told != later) & ~(np.isnan(told) & np.isnan(later))
    spans = np.where(found.kind == SAMPLE, gaps(found.owner, found.moments), np.nan)
    spans[1:][found.kind[:-1] != SAMPLE] = np.nan
    own = dict(by_station(pa.table({"station": stations.take(pa.array(found.owner))})))
    result, names = np.full(size, np.nan), np.array(origin, dtype=object)
    for station, rows in by_station(transactions):
        steady = rows[~changed[rows]]
        for value in np.unique(told[steady]).tolist():
            group = steady[(told[steady] == value) | np.isnan(told[steady] + value)]
            samples = own.get(station, group[:0])
            kept = habit(spans[samples[np.isin(found.owner[samples], group)]])
            if np.isnan(value):
                result[group], names[group] = kept if np.isnan(usual(kept)) else usual(kept), INFERRED
            elif value > 0:
                result[group] = kept if kept > LONGER * value else value
    return result, names.tolist()


def _distinct(owner: Ints, moments: Ints, seen: Ints) -> tuple[Ints, Ints]:
    """For each row the number of its (transaction, time), and for each of these the row that was seen first."""
    if not len(owner):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    order = np.lexsort((seen, moments, owner))
    fresh = np.append(True, (np.diff(owner[order]) != 0) | (np.diff(moments[order]) != 0))
    keys = np.empty(len(order), dtype=np.int64)
    keys[order] = np.cumsum(fresh) - 1
    return keys, order[fresh]


def _in_force(settings: pa.Table, stations: pa.ChunkedArray, times: Ints) -> tuple[Reals, list[str | None]]:
    """The interval in force at each (station, time), and who said so: the last before it, else what is read back next.

    A change that needs a reboot, or whose answer is not known, makes the interval unknown.
    """
    rows = settings.filter(pa.array(same(settings["key"], KEY) & ~same(settings["status"], *REFUSED)))
    moments, names = micros(rows["ts"]), rows["station"]
    values = np.append(np.where(flags(rows["effective"]), reals(rows["number"]), np.nan), np.nan)
    said = [*rows["operation"].to_pylist(), None]
    hits, first = last_before(names, moments, stations, times), first_of(names, moments, stations)
    read_next = (hits < 0) & np.isin(first, np.flatnonzero(same(rows["operation"], "get", "report")))
    hits = np.where(read_next, first, hits)
    return values[hits], [said[hit] for hit in hits.tolist()]

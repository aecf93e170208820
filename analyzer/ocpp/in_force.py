"""Which value of a setting is in force at a time: the last writer's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.as_of import last_before, last_or_first
from analyzer.kernels.columns import NO_TIME, Column, Flags, Ints, Reals, coded, flags, micros, reals, same, seconds

INTERVAL_KEY = "HeartbeatInterval"
ORDERS = ("boot", "set")
"""Operations by which the CSMS orders a value; by the others it is only told one."""
READ_BACK = ("get", "report")
INFERRED = "inferred"
REFUSED = ("Rejected", "NotSupported", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType")


def interval_in_force(settings: pa.Table, stations: Column, times: Ints) -> tuple[Reals, list[str | None]]:
    """The heartbeat interval in force for each (station, time), in seconds, and where it is known from.

    It is the last that was ordered. Before anything was ordered it is what was read back then, else what the
    heartbeats themselves kept then. A change that needs a reboot, or whose answer is not known, leaves the heartbeats.
    """
    orders = _orders(settings)
    values, said = np.append(reals(orders["number"]), np.nan), [*orders["operation"].to_pylist(), None]
    values[:-1][~flags(orders["effective"])] = np.nan
    hits = last_before(orders["station"], micros(orders["ts"]), stations, times)
    found, origin = values[hits], np.array(said, dtype=object)[hits]
    origin[np.isnan(found)] = None
    for part in (read_back(settings), _intervals(settings, INFERRED)):
        asked = np.flatnonzero(np.isnan(found))
        spans, _ = unordered(settings, part["station"], micros(part["ts"]))
        wanted, _ = unordered(settings, stations.take(pa.array(asked)), times[asked])
        place = last_or_first(spans, micros(part["ts"]), wanted, times[asked])
        known = place >= 0
        found[asked[known]] = reals(part["number"])[place[known]]
        origin[asked[known]] = np.array(part["operation"].to_pylist(), dtype=object)[place[known]]
    return found, origin.tolist()


def unordered(settings: pa.Table, stations: Column, times: Ints) -> tuple[Column, Flags]:
    """A name for the time between two orders of the interval in which each (station, time) lies.

    With it, whether no order is known to be in force then.
    """
    orders = _orders(settings)
    hits = last_before(orders["station"], micros(orders["ts"]), stations, times)
    names = pc.binary_join_element_wise(pa.array(hits).cast(pa.string()), stations.cast(pa.string()), " ")
    return names, ~np.append(flags(orders["effective"]), np.False_)[hits]


def read_back(settings: pa.Table) -> pa.Table:
    """What was read back before anything was ordered.

    After a change that waits for a reboot it may be what is stored, and not yet kept.
    """
    orders, rows = _orders(settings), _intervals(settings, *READ_BACK)
    earlier = last_before(orders["station"], micros(orders["ts"]), rows["station"], micros(rows["ts"])) < 0
    return rows.filter(pa.array(earlier))


def interval_before(settings: pa.Table, stations: Column, times: Ints, beaten: Ints) -> Reals:
    """The heartbeat interval before the last change, for one such interval after it: a timer that runs is run out.

    `beaten` is when each station's last Heartbeat was seen: with the first after the change the new interval begins.
    NaN where there was none before, or the change is longer ago. As long as it is not known whether a change was taken,
    it is the longer of what was in force and what was ordered.
    """
    changes, former = _changes(settings)
    moments, pending = np.append(micros(changes["ts"]), 0), np.append(_pending(changes), np.False_)
    hits = last_before(changes["station"], moments[:-1], stations, times)
    before = np.append(former, np.nan)[hits]
    running = (beaten < moments[hits]) & (seconds(moments[hits], times) <= before)
    return np.where(pending[hits] | running, before, np.nan)


def changed_from_unknown(settings: pa.Table, stations: Column, times: Ints, heard: Ints) -> Ints:
    """When the interval was last changed by each (station, time), if from one that is not known, else `NO_TIME`.

    `heard` is when each station's first Heartbeat was seen: of a charger that had not beaten before it boots, the
    answer is the first order and changes nothing.
    """
    changes, former = _changes(settings)
    moments, is_set = np.append(micros(changes["ts"]), NO_TIME), np.append(same(changes["operation"], "set"), np.False_)
    hits = last_before(changes["station"], moments[:-1], stations, times)
    unknown = np.append(np.isnan(former), np.False_)[hits] & (is_set[hits] | (heard < moments[hits]))
    return np.where(unknown, moments[hits], NO_TIME)


def interval_next(settings: pa.Table, stations: Column, times: Ints) -> Reals:
    """The heartbeat interval that is ordered next after each (station, time), NaN where none is."""
    orders = _intervals(settings, *ORDERS)
    hits = last_before(orders["station"], -micros(orders["ts"]), stations, -times)  # backwards in time
    return np.append(reals(orders["number"]), np.nan)[hits]


def _intervals(settings: pa.Table, *operations: str) -> pa.Table:
    named = same(settings["key"], INTERVAL_KEY) & same(settings["operation"], *operations)
    return settings.filter(pa.array(named & flags(settings["effective"])))


def _orders(settings: pa.Table) -> pa.Table:
    """The orders that are in force, those of which it is not known whether they are, and those that leave the choice.

    An interval of 0 is none that can be kept. It leaves the choice to the charger, as OCPP 1.6 4.2 has it for the wait
    before the next boot: the last order is over.
    """
    ordered = same(settings["key"], INTERVAL_KEY) & same(settings["operation"], *ORDERS)
    free = same(settings["status"], "Accepted") & (reals(settings["number"]) == 0)
    return settings.filter(pa.array(ordered & (flags(settings["effective"]) | _pending(settings) | free)))


def _pending(rows: pa.Table) -> Flags:
    """Whether a change was neither accepted nor is known to be refused: it may come into force."""
    return same(rows["operation"], "set") & ~same(rows["status"], "Accepted", *REFUSED)


def _changes(settings: pa.Table) -> tuple[pa.Table, Reals]:
    """Each row by which the interval became another, in order of station and time, and what it was before.

    What is only read back, or ordered again, is no change.
    """
    rows = pa.concat_tables([_orders(settings), read_back(settings)]).unify_dictionaries()
    names, times = coded(rows["station"]).codes, micros(rows["ts"])
    order = np.lexsort((times, names))
    rows, names, times = rows.take(pa.array(order)), names[order], times[order]
    after, _ = interval_in_force(settings, rows["station"], times)
    former, _ = interval_in_force(settings, rows["station"], times - 1)
    pending, numbers = _pending(rows), reals(rows["number"])
    for row in np.flatnonzero(pending).tolist():
        again = row > 0 and pending[row - 1] and names[row - 1] == names[row]
        former[row] = np.fmax(numbers[row], former[row - 1] if again else former[row])
    kept = pending | (after != former)
    return rows.filter(pa.array(kept)), former[kept]

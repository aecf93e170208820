"""Energy registers as series of readings, and where they go back: what MV07 and MV08 share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.meter_values.places import places, transactions_of
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, reals, same
from analyzer.kernels.energy import falls, resolution, usual_rates
from analyzer.kernels.sequences import latest
from analyzer.ocpp.meter_values import LOCATION, MEASURAND

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints, Reals

NEAR = 50.0
"""Wh up to which a register has just started at 0."""
FEWEST = 3
"""Transactions that make a habit."""
HABIT = 0.9
"""Their share that makes it one."""
DOUBT, DOUBT_BETWEEN = 1.5, 10.0
"""How many usual steps lead back from a reading that strays, at least: a new transaction may well start lower."""
REBOOTS = ("reboot", "unknown")
"""Kinds of boots that may have reset a meter."""
COLUMNS = (
    "station", "ts", "measured", "evse", "connector", "transaction", "context", "measurand", "phase", "location",
    "value", "unit", "source", "origin",
)  # fmt: skip


class Registers(NamedTuple):
    """Readings of energy registers, by series and in the charger's order of time.

    `moments` are the charger's times, or those of arrival where it gives none. `owner` is the row of each reading's
    transaction, or -1; `tolerance` what the meter cannot tell apart; `rates` the usual rise per second of each series.
    """

    rows: pa.Table
    outlets: pa.ChunkedArray
    series: Ints
    moments: Ints
    seen: Ints
    values: Reals
    tolerance: Reals
    rates: Reals
    owner: Ints

    def outlets_of(self, rows: Ints) -> npt.NDArray[np.object_]:
        """The outlets of some rows, in words."""
        return np.array(self.outlets.take(pa.array(rows)).to_pylist(), dtype=object)


class Falls(NamedTuple):
    """Where registers go back: the row after each fall (the row before it is the one before), and what explains it."""

    after: Ints
    within: Flags
    rebooted: Flags
    restarted: Flags
    habit: Flags


def registers(readings: pa.Table, transactions: pa.Table) -> Registers:
    """The energy registers of all outlets; each measurand, phase and location is a series of its own.

    So are clock-aligned values: in 1.6 they carry the start of their interval (OCPP 1.6 9.1.5). Where an outlet gives no
    sample at all, meterStart and meterStop are its readings.
    """
    kept = np.asarray(pc.match_substring_regex(readings["measurand"].cast(pa.string()), r"^Energy\..*\.Register$"))
    sampled = readings.filter(pa.array(kept & ~np.isnan(reals(readings["value"])))).select(list(COLUMNS))
    outlets = places(sampled, transactions)
    ends = _ends(transactions, sampled, outlets)
    rows = pa.concat_tables([sampled, ends]).unify_dictionaries()
    names = pa.chunked_array([outlets, places(ends, transactions)])
    series = coded(_joined(rows, names)).codes
    seen, measured = micros(rows["ts"]), micros(rows["measured"])
    unstamped = np.bincount(series, measured == NO_TIME) > 0
    moments = np.where(unstamped[series], seen, measured) if len(series) else measured
    order = np.lexsort((np.arange(len(series)), seen, moments, series))
    order = order[moments[order] != NO_TIME]
    rows, names, series, moments, seen = rows.take(order), names.take(order), series[order], moments[order], seen[order]
    values, size = reals(rows["value"]), int(series.max(initial=-1)) + 1
    return Registers(
        rows,
        names,
        series,
        moments,
        seen,
        values,
        np.maximum(1.0, resolution(series, values, size))[series],
        usual_rates(series, moments, values, size),
        transactions_of(rows, _combined(names), transactions),
    )


def register_falls(found: Registers, transactions: pa.Table, boots: pa.Table) -> Falls:
    """Where registers go back for good, in the charger's order and in that of arrival: a set clock is no fall."""
    boundary = np.append(False, found.owner[1:] != found.owner[:-1])[: len(found.owner)]
    doubt = np.where(boundary, DOUBT_BETWEEN, DOUBT)
    marked = falls(found.series, found.moments, found.values, found.tolerance, doubt)
    marked[1:] &= (found.moments[1:] > found.moments[:-1]) & (found.seen[1:] >= found.seen[:-1])
    restarted, habit = _restarts(found, transactions)
    last = np.append(found.series[1:] != found.series[:-1], True)[: len(marked)]
    marked &= ~(last & (found.values <= NEAR))  # nothing follows: it may come back
    after = np.flatnonzero(marked)
    within = (found.owner[after] == found.owner[after - 1]) & (found.owner[after] >= 0)
    rebooted = _rebooted(found, boots, after)
    return Falls(after, within, rebooted, restarted[after] & ~within, habit[after] & ~within)


def _restarts(found: Registers, transactions: pa.Table) -> tuple[Flags, Flags]:
    """Rows at which a transaction begins near 0, and rows of series in which nearly all transactions do.

    The first sample may come long after the start: it may be as high as three times the power of its transaction gives.
    """
    size, length = len(found.rates), len(found.values)
    changes = np.append(True, (np.diff(found.series) != 0) | (np.diff(found.owner) != 0))[:length]
    firsts = np.flatnonzero(changes)
    lasts = np.append(firsts[1:], length)[: len(firsts)] - 1
    spans = np.maximum(found.moments[lasts] - found.moments[firsts], SECOND) / SECOND
    rates = np.maximum(found.rates[found.series[firsts]], (found.values[lasts] - found.values[firsts]) / spans)
    begins = np.append(micros(transactions["start"]), NO_TIME)[found.owner[firsts]]
    known = (begins != NO_TIME) & (begins <= found.moments[firsts])
    since = (found.moments[firsts] - np.where(known, begins, found.moments[firsts])) / SECOND
    near = found.values[firsts] <= NEAR + 3 * rates * since
    fresh = np.zeros(length, dtype=bool)
    fresh[firsts] = near
    owned = found.owner[firsts] >= 0
    counts = np.bincount(found.series[firsts][owned], minlength=size)
    started = np.bincount(found.series[firsts][owned], near[owned], minlength=size)
    return fresh, ((started >= FEWEST) & (started >= HABIT * counts))[found.series]


def _rebooted(found: Registers, boots: pa.Table, after: Ints) -> Flags:
    """Whether the charger booted between the two readings of each fall."""
    chosen = boots.filter(pa.array(same(boots["kind"], *REBOOTS)))
    names = coded(found.rows["station"]).names
    place = pc.fill_null(pc.index_in(chosen["station"].cast(pa.string()), pa.array(names, pa.string())), -1)
    groups, times = np.asarray(place, dtype=np.int64), micros(chosen["ts"])
    order = np.lexsort((times, groups))
    hits = latest(groups[order], times[order], coded(found.rows["station"]).codes[after], found.seen[after])
    moment = np.where(hits >= 0, times[order][hits], NO_TIME) if len(order) else np.full(len(after), NO_TIME)
    # What was measured before a boot may arrive after it.
    flags: Flags = (moment != NO_TIME) & (moment >= np.minimum(found.seen, found.moments)[after - 1])
    return flags


def _ends(transactions: pa.Table, sampled: pa.Table, outlets: pa.Array) -> pa.Table:
    """The ends of transactions as readings, of the outlets that send no samples. A stop below the start is MV39's."""
    owned = _with_station(sampled, outlets)
    own = _with_station(transactions, places(transactions, transactions))
    quiet = ~np.asarray(pc.is_in(own, owned), dtype=bool)
    start, stop = reals(transactions["meter_start"]), reals(transactions["meter_stop"])
    parts = []
    for value, moment, seen, chosen in (
        ("meter_start", "start", "started", ~np.isnan(start)),
        ("meter_stop", "end", "stopped", ~np.isnan(stop) & ~(stop < start)),
    ):
        rows = transactions.filter(pa.array(quiet & chosen))
        given = {"ts": rows[seen], "measured": rows[moment], "value": rows[value]}
        # The row's origin is that of the message that started it.
        known = {name: rows[name] for name in COLUMNS if name in rows.column_names and name != "ts"}
        if value == "meter_stop":
            known["origin"] = pa.nulls(rows.num_rows, pa.int64())
        fixed = {"context": "Transaction", "measurand": MEASURAND, "phase": None, "location": LOCATION, "unit": "Wh"}
        filled = {name: pa.array([text] * rows.num_rows, pa.string()) for name, text in fixed.items()}
        columns = {**filled, **known, **given}
        parts.append(
            pa.table([columns[name].cast(sampled.schema.field(name).type) for name in COLUMNS], sampled.schema)
        )
    return pa.concat_tables(parts)


def _with_station(rows: pa.Table, outlets: pa.Array) -> pa.Array:
    joined = pc.binary_join_element_wise(pc.fill_null(rows["station"].cast(pa.string()), ""), outlets, "\0")
    return _combined(joined)


def _joined(rows: pa.Table, outlets: pa.ChunkedArray) -> pa.ChunkedArray:
    clock = pc.if_else(pa.array(same(rows["context"], "Sample.Clock")), "clock", "")
    names = [pc.fill_null(rows[name].cast(pa.string()), "") for name in ("station", "measurand", "phase", "location")]
    return pc.binary_join_element_wise(*names, outlets, clock, "\0")


def _combined(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def proof(found: Registers, after: Ints, worst: int, most: int) -> list[int]:
    """The readings after and before the first fall and the worst, then those of the others, as many as are shown."""
    falls_shown = dict.fromkeys([int(after[np.argmin(found.seen[after])]), worst, *after.tolist()])
    return list(dict.fromkeys(row for fall in falls_shown for row in (fall, fall - 1)))[:most]

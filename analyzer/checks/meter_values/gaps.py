"""Times in a transaction without samples, and what explains them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.meter_values.sampling import HEAD, INFERRED, SAMPLE, TAIL
from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, SECOND, flags, micros, reals, same

if TYPE_CHECKING:
    from analyzer.checks.meter_values.sampling import Samples
    from analyzer.kernels.columns import Flags, Ints, Reals

IDLE = 100.0
"""W below which nothing flows: many chargers pause their samples then."""
GREATEST = 400_000.0
"""W above which two registers are not of one meter."""


class Gaps(NamedTuple):
    """Times without samples that are too long: the rows in the samples that they begin at, and what is missing.

    `unsent` were not sent although the charger was connected, `lost` fell into an outage and never came.
    """

    at: Ints
    seconds: Reals
    missing: Ints
    unsent: Flags
    lost: Flags


def gaps_of(
    samples: Samples, interval: Reals, origin: list[str | None], allowed: Reals, transactions: pa.Table
) -> Gaps:
    """The gaps that are too long for their interval, and in which energy flowed as far as the registers tell."""
    same_owner = samples.owner[1:] == samples.owner[:-1]
    spans = np.where(same_owner, (samples.moments[1:] - samples.moments[:-1]) / SECOND, np.nan)
    at = np.flatnonzero(spans > allowed[samples.owner[1:]])
    seconds, asked = spans[at], interval[samples.owner[at]]
    power = (samples.register[at + 1] - samples.register[at]) / seconds * 3600
    first = np.full(len(interval), np.inf)
    kept = (samples.kind == SAMPLE) & ~np.isnan(samples.register)
    np.minimum.at(first, samples.owner[kept], samples.register[kept])
    # The ends and the samples of a transaction may be of two registers.
    apart = reals(transactions["meter_start"])[samples.owner[at]] > first[samples.owner[at]] + 1
    edge = (samples.kind[at] == HEAD) | (samples.kind[at + 1] == TAIL)
    # An interval that is only inferred from the samples says nothing about the first and the last.
    known = np.array([name != INFERRED for name in origin], dtype=bool)[samples.owner[at]]
    flowed = np.where(edge, known & (power > IDLE) & (power < GREATEST) & ~apart, ~(power <= IDLE))
    # Samples are due from the start of the transaction on (OCPP 1.6 3.16.1); the one that ends a gap is there.
    due = np.where(samples.kind[at + 1] == TAIL, np.floor(seconds / asked), np.rint(seconds / asked) - 1)
    missing = np.maximum(1, due).astype(np.int64)[flowed]
    none = np.zeros(int(flowed.sum()), dtype=bool)
    return Gaps(at[flowed], seconds[flowed], missing, none, none)


def explained(
    gaps: Gaps,
    samples: Samples,
    allowed: Reals,
    transactions: pa.Table,
    *,
    outages: pa.Table,
    boots: pa.Table,
    issues: pa.Table,
    calls: pa.Table,
    connections: pa.Table,
) -> Gaps:
    """The gaps with what became of their samples: not sent by a charger that was connected, or lost in an outage."""
    before, after = gaps.at, gaps.at + 1
    owner = samples.owner[before]
    low, high = (samples.moments[rows] + samples.shift[rows] for rows in (before, after))
    stations = transactions["station"].take(pa.array(owner))
    offline = _between(outages, "start", stations, low, high, until="end") | _between(boots, "ts", stations, low, high)
    source, connection = _of_sample(samples, "source"), _of_sample(samples, "connection")
    damage = pc.fill_null(issues["damage"], fill_value=False)
    # A message of the charger that could not be read may be the sample.
    holes = issues.filter(pc.or_(damage, pa.array(same(issues["direction"], "up"))))
    nobody = pa.chunked_array([pa.array([""] * len(owner), pa.string())])
    # A hole is told with what came behind it: when the next sample arrived, which is later than that was taken.
    since, until = np.minimum(low, samples.seen[before]), np.maximum(high, samples.seen[after])
    unwatched = _between(holes, "ts", stations, since, until) | (source[before] != source[after])
    unwatched |= _between(holes.filter(holes["station"].is_null()), "ts", nobody, since, until)
    # A clock that is set, or samples that are sent in one burst, make a gap in one order of time only.
    arrived = (samples.seen[after] - samples.seen[before]) / SECOND > allowed[owner]
    spoke = calls.filter(pa.array(same(calls["direction"], "up")))
    first, last = np.maximum(low, samples.seen[before]) + 1, np.minimum(high, samples.seen[after]) - 1
    alive = _between(spoke, "ts", stations, first, last)
    told = connections["connection"].filter(pa.array(~flags(connections["inferred"]))).to_pylist()
    alive |= np.isin(connection[before], np.array(["", *told], dtype=str)) & (connection[before] == connection[after])
    ended = micros(transactions["stopped"])[owner] != NO_TIME
    return gaps._replace(unsent=arrived & ~offline & ~unwatched & alive, lost=offline & ~unwatched & ended)


def _of_sample(samples: Samples, name: str) -> np.ndarray:
    """A name of each sample's message; a start or an end has that of the sample beside it."""
    names = np.array([*pc.fill_null(samples.readings[name].cast(pa.string()), "").to_pylist(), ""], dtype=str)
    found = names[samples.rows]
    head, tail = np.flatnonzero(samples.kind == HEAD), np.flatnonzero(samples.kind == TAIL)
    found[head] = found[np.minimum(head + 1, len(found) - 1)]
    found[tail] = found[tail - 1]
    return found


def _between(
    events: pa.Table, time: str, stations: pa.ChunkedArray, low: Ints, high: Ints, until: str | None = None
) -> Flags:
    """Whether an event of each station came between two times; with `until`, one that lasts until then."""
    names, begins = pc.fill_null(events["station"].cast(pa.string()), ""), micros(events[time])
    ends = np.append(micros(events[until or time]), NO_TIME)
    found: Flags = ends[last_before(names, begins, stations, high)] >= low
    return found

"""What register and power of a transaction add up to, over the times at which both are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, reals, same
from analyzer.kernels.energy import integral, resolution
from analyzer.ocpp.meter_values import MEASURAND

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.kernels.columns import Flags, Ints, Reals

POWER = "Power.Active.Import"
PHASES = ("L1", "L2", "L3")


class Sums(NamedTuple):
    """Each sampled transaction: its row, what its register and its power say in Wh, over how many seconds."""

    rows: Ints
    register: Reals
    power: Reals
    seconds: Reals
    samples: Ints
    resolution: Reals


def sums_of(readings: pa.Table, owner: Ints) -> Sums:
    """Register and power of each transaction, over the times at which both are known."""
    moments = np.where(micros(readings["measured"]) == NO_TIME, micros(readings["ts"]), micros(readings["measured"]))
    usable = (owner >= 0) & ~np.isnan(reals(readings["value"])) & (moments != NO_TIME)
    usable &= ~same(readings["context"], "Sample.Clock")  # carries the start of its interval (OCPP 1.6 9.1.5)
    location = coded(readings["location"]).codes
    groups = owner * (location.max(initial=0) + 1) + location
    keys = np.unique(np.stack([groups, moments]), axis=1, return_inverse=True)[1].ravel()
    first = np.zeros(int(keys.max(initial=-1)) + 1, dtype=np.int64)
    first[keys] = np.arange(len(keys))
    times, owners, group = moments[first], owner[first], groups[first]
    registers = _overall(readings, keys, owners, usable & same(readings["measurand"], MEASURAND))
    powers = _overall(readings, keys, owners, usable & same(readings["measurand"], POWER))
    with_power = ~np.isnan(registers) & ~np.isnan(powers)
    # Where no sample of a transaction has both, its register alone can still be held against its ends.
    both = with_power | (~np.isnan(registers) & ~np.isin(owners, owners[with_power]))
    return _of_groups(group[both], owners[both], times[both], registers[both], powers[both])


def _of_groups(groups: Ints, owners: Ints, times: Ints, registers: Reals, powers: Reals) -> Sums:
    """Sums of one location of each transaction, that with the most samples."""
    names, group, counts = np.unique(groups, return_inverse=True, return_counts=True)
    group, size = group.ravel(), len(names)
    order = np.lexsort((times, group))
    group, owners, times = group[order], owners[order], times[order]
    registers, powers = registers[order], powers[order]
    last = np.cumsum(counts) - 1
    first = last - counts + 1
    best = np.lexsort((-counts, owners[first]))
    best = best[np.unique(owners[first][best], return_index=True)[1]]
    return Sums(
        owners[first][best],
        (registers[last] - registers[first])[best],
        integral(group, times, powers, size)[best],
        ((times[last] - times[first]) / SECOND)[best],
        counts[best],
        resolution(group, registers, size)[best],
    )


def _overall(readings: pa.Table, keys: Ints, owners: Ints, chosen: Flags) -> Reals:
    """The overall value at each key, else the sum of its phases; NaN where neither is known."""
    values, found = reals(readings["value"]), np.full(len(owners), np.nan)
    phases = np.full((len(PHASES), len(owners)), np.nan)
    for index, name in enumerate(PHASES):
        part = chosen & same(readings["phase"], name, f"{name}-N")
        phases[index, keys[part]] = values[part]
    # A phase that comes and goes makes steps that no register made: only the fullest set of a transaction's counts.
    seen = (~np.isnan(phases)).sum(axis=0)
    most = np.zeros(int(owners.max(initial=-1)) + 2, dtype=np.int64)  # the last is of what has no transaction
    np.maximum.at(most, owners, seen)
    full = (seen > 0) & (seen == most[owners])
    found[full] = np.nansum(phases, axis=0)[full]
    total = chosen & np.asarray(readings["phase"].is_null(), dtype=bool)
    found[keys[total]] = values[total]
    return found

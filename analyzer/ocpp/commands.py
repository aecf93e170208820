"""Commands of the CSMS after which a charger goes offline by order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.columns import SECOND, coded, micros, same
from analyzer.kernels.sequences import latest

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

RESET_WITHIN = 600 * SECOND
"""A Reset is carried out within this time: it may wait for a transaction to be stopped (OCPP 1.6 5.14)."""
UPDATE_WITHIN = 3600 * SECOND
"""Fetching and installing firmware takes longer, and so may a reset that waits until the charger is idle."""


def commanded(calls: pa.Table, stations: pa.ChunkedArray, times: Ints) -> Flags:
    """For each (station, time), whether the charger had just before accepted to reset itself or to install firmware."""
    resets, updates = same(calls["action"], "Reset"), same(calls["action"], "UpdateFirmware", "SignedUpdateFirmware")
    rows = calls.filter(pa.array((resets | updates) & same(calls["direction"], "down")))
    answer = pc.fill_null(rows["answer"], "")
    # UpdateFirmware has an empty answer in 1.6; a 2.x charger that is busy answers a Reset with Scheduled.
    scheduled = np.asarray(pc.match_substring(answer, '"Scheduled"'), dtype=bool)
    accepted = np.asarray(pc.match_substring(answer, '"Accepted'), dtype=bool) | scheduled
    silent = np.asarray(pc.invert(pc.match_substring(answer, '"status"')), dtype=bool)
    answered = same(rows["status"], "answered")
    reset = same(rows["action"], "Reset")
    soon = answered & accepted & reset & ~scheduled
    late = answered & ((accepted & (~reset | scheduled)) | (silent & same(rows["action"], "UpdateFirmware")))
    return _follows(rows, soon, stations, times, RESET_WITHIN) | _follows(rows, late, stations, times, UPDATE_WITHIN)


def _follows(rows: pa.Table, chosen: Flags, stations: pa.ChunkedArray, times: Ints, within: int) -> Flags:
    part, wanted = rows.filter(pa.array(chosen)), coded(stations)
    place = pc.fill_null(pc.index_in(part["station"].cast(pa.string()), pa.array(wanted.names, pa.string())), -1)
    groups, moments = np.asarray(place, dtype=np.int64), micros(part["ts"])
    order = np.lexsort((moments, groups))
    hits = latest(groups[order], moments[order], wanted.codes, times)
    found = hits >= 0
    found[found] = times[found] - moments[order][hits[found]] <= within
    return found

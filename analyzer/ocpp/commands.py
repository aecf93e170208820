"""Commands of the CSMS after which a charger goes offline by order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.columns import SECOND, coded, micros, same
from analyzer.kernels.sequences import latest
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

RESET_WITHIN = 600 * SECOND
"""A Reset is carried out within this time: it may wait for a transaction to be stopped (OCPP 1.6 5.14)."""
UPDATE_WITHIN = 3600 * SECOND
"""Installing firmware takes longer, and so may a reset that waits until the charger is idle."""
UPDATES = ("UpdateFirmware", "SignedUpdateFirmware")
PROGRESS = ("FirmwareStatusNotification", "SignedFirmwareStatusNotification")
AT_WORK = re.compile(r'"status"\s*:\s*"(?:Downloaded|Installing|InstallRebooting|InstallScheduled|InstallVerified)"')
"""What a charger reports of firmware that it is about to install (OCPP 1.6 7.25; 2.0.1 FirmwareStatusEnumType)."""
PLANNED = re.compile(r'"(?:retrieveDate|retrieveDateTime|installDateTime)"\s*:\s*"([^"]{1,40})"')


def commanded(calls: pa.Table, stations: pa.ChunkedArray, times: Ints) -> Flags:
    """For each (station, time), whether the charger goes offline by order: to reset itself or to install firmware.

    A reset is due when it was accepted; firmware from the time for which it is planned, and again whenever the charger
    reports that it is at it.
    """
    resets, updates = same(calls["action"], "Reset"), same(calls["action"], *UPDATES)
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
    working = _working(calls)
    return (
        _follows(rows, micros(rows["ts"]), soon, stations, times, RESET_WITHIN)
        | _follows(rows, _due(rows), late, stations, times, UPDATE_WITHIN)
        | _follows(working, micros(working["ts"]), np.ones(working.num_rows, bool), stations, times, UPDATE_WITHIN)
    )


def _working(calls: pa.Table) -> pa.Table:
    """The reports of firmware that is about to be installed."""
    reports = calls.filter(pa.array(same(calls["action"], *PROGRESS) & same(calls["direction"], "up")))
    at_work = [AT_WORK.search(payload or "") is not None for payload in reports["payload"].to_pylist()]
    return reports.filter(pa.array(at_work, pa.bool_()))


def _due(rows: pa.Table) -> Ints:
    """When each command is due: the latest time that it names, else when it was given."""
    due = micros(rows["ts"]).copy()
    for row, payload in enumerate(rows["payload"].to_pylist()):
        planned = [moment[0] for text in PLANNED.findall(payload or "") if (moment := parse(text)) is not None]
        due[row] = max([int(due[row]), *planned])
    return due


def _follows(
    rows: pa.Table, moments: Ints, chosen: Flags, stations: pa.ChunkedArray, times: Ints, within: int
) -> Flags:
    part, moments, wanted = rows.filter(pa.array(chosen)), moments[chosen], coded(stations)
    place = pc.fill_null(pc.index_in(part["station"].cast(pa.string()), pa.array(wanted.names, pa.string())), -1)
    groups = np.asarray(place, dtype=np.int64)
    order = np.lexsort((moments, groups))
    hits = latest(groups[order], moments[order], wanted.codes, times)
    found = hits >= 0
    found[found] = times[found] - moments[order][hits[found]] <= within
    return found

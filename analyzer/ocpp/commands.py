"""Commands of the CSMS after which a charger goes offline by order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, SECOND, micros, same, wholes
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

RESET_WITHIN = 600 * SECOND
"""A Reset is carried out within this time: it may wait for a transaction to be stopped (OCPP 1.6 5.14)."""
UPDATE_WITHIN = 3600 * SECOND
"""Installing firmware takes longer, and so may a reset that waits until the charger is idle."""
UPDATES = ("UpdateFirmware", "SignedUpdateFirmware")
PROGRESS = ("FirmwareStatusNotification", "SignedFirmwareStatusNotification")
TRIGGERS = ("TriggerMessage", "ExtendedTriggerMessage")
"""By these the CSMS asks for a message, a BootNotification too (OCPP 1.6 5.17; the security whitepaper of 1.6)."""
AT_WORK = re.compile(r'"status"\s*:\s*"(?:Downloaded|Installing|InstallRebooting|InstallScheduled|InstallVerified)"')
"""What a charger reports of firmware that it is about to install (OCPP 1.6 7.25; 2.0.1 FirmwareStatusEnumType)."""
PLANNED = re.compile(r'"(?:retrieveDate|retrieveDateTime|installDateTime)"\s*:\s*"([^"]{1,40})"')


def commanded(calls: pa.Table, stations: pa.ChunkedArray, times: Ints) -> Flags:
    """For each (station, time), whether the charger goes offline by order: to reset itself or to install firmware."""
    rows = orders(calls)
    due, within = wholes(rows["due"]), wholes(rows["within"])
    found = np.zeros(len(times), dtype=bool)
    for limit in (RESET_WITHIN, UPDATE_WITHIN):
        own = within == limit
        hits = last_before(rows["station"].filter(pa.array(own)), due[own], stations, times)
        known = hits >= 0
        found[known] |= times[known] - due[own][hits[known]] <= limit
    return found


def orders(calls: pa.Table) -> pa.Table:
    """What takes a charger offline by order: station, action, when it is due, and how long it is reckoned with then.

    A reset is due when it was accepted; firmware from the time for which it is planned, and again whenever the charger
    reports that it is at it.
    """
    commands = calls.filter(pa.array(same(calls["action"], "Reset", *UPDATES) & same(calls["direction"], "down")))
    commands = commands.filter(pa.array(same(commands["status"], "answered")))
    answer, reset = pc.fill_null(commands["answer"], ""), same(commands["action"], "Reset")
    # UpdateFirmware has an empty answer in 1.6; a 2.x charger that is busy answers a Reset with Scheduled.
    scheduled = np.asarray(pc.match_substring(answer, '"Scheduled"'), dtype=bool)
    accepted = np.asarray(pc.match_substring(answer, '"Accepted'), dtype=bool) | scheduled
    silent = np.asarray(pc.invert(pc.match_substring(answer, '"status"')), dtype=bool)
    kept = accepted | (silent & same(commands["action"], "UpdateFirmware"))
    soon = (reset & ~scheduled)[kept]
    commands, reports = commands.filter(pa.array(kept)), _working(calls)
    due = np.append(_due(commands), micros(reports["ts"]))
    within = np.append(np.where(soon, RESET_WITHIN, UPDATE_WITHIN), np.full(reports.num_rows, UPDATE_WITHIN))
    named = pa.concat_tables([table.select(["station", "action"]) for table in (commands, reports)])
    found = named.append_column("due", pa.array(due)).append_column("within", pa.array(within, pa.int64()))
    return found.filter(pa.array(due != NO_TIME))


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

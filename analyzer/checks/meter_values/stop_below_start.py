"""Transactions that end below the register that they started at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.meter_values.places import places, transactions_of
from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, micros, reals, same
from analyzer.kernels.rollover import rolled_over
from analyzer.ocpp.meter_values import MEASURAND
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints, Reals

WORDS = (
    ", as the register had no more digits",
    ", which is rounding",
    ", which stands for a meter that was not read",
    "",
)
SEVERITIES = ("info", "warning", "error", None)
"""By the kind of the end: digits that ran out, rounding, a meter that was not read (0 or -1), a wrong register."""


@check("MV39", "meterStop below meterStart", severity="critical")
def stop_below_start(
    transactions: pa.Table,
    readings: pa.Table,
    connections: pa.Table,
    *,
    rounding: float = 2.0,
) -> pa.Table:
    """A transaction of 1.6 ends with a meterStop below its meterStart, so that it seems to give energy back.

    Up to `rounding` Wh below is a warning: two roundings of one value. A meterStop of 0 or -1 is told as what it is,
    a meter that was not read, and is an error; a register that runs out of digits is an information.

    Why it matters: the CSMS bills meterStop less meterStart: nothing, a negative sum, or the session is stuck.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "T", "meterStart": 5000, "timestamp": "$(now)"}
        08:01:00.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:31:00 CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "8600"}]}]}
        08:31:10 CP1 > StopTransaction {"transactionId": 7, "meterStop": 3800, "timestamp": "$(now)"}
    Near miss:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "T", "meterStart": 5000, "timestamp": "$(now)"}
        08:01:00.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:31:10 CP1 > StopTransaction {"transactionId": 7, "meterStop": 5000, "timestamp": "$(now)"}
    Confounder:
        # the register itself starts again in the transaction: its samples say so too, and that is another finding
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "T", "meterStart": 5000, "timestamp": "$(now)"}
        08:01:00.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:02:00 CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "5120"}]}]}
        08:03:00x5/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(120*i)"}]}]}
        08:07:10 CP1 > StopTransaction {"transactionId": 7, "meterStop": 500, "timestamp": "$(now)"}
    Not a fault when: the register itself went back, which MV07 or MV08 tells; in 2.x, where the ends of a transaction
        are samples like any other.
    Likely causes: the start or the end comes from another register; a meter that was not read after a reboot; rounding.
    What to do: bill by the last sample of the transaction, not by meterStop; mend the firmware.
    Source: OCPP 1.6 4.8, 4.10 and 7.31; OCPP.Core issue 33, lbbrhzn/ocpp issue 1810, ocpp-go issue 114.
    """
    start, stop = reals(transactions["meter_start"]), reals(transactions["meter_stop"])
    depth = start - stop
    lower = (depth >= 1.0) & _is_16(transactions, connections)
    last = _last_samples(transactions, readings)
    lower &= ~((last < start - rounding) & (depth > rounding))
    kinds = _kinds(start, stop, rounding)
    times = np.where(
        micros(transactions["stopped"]) == NO_TIME, micros(transactions["ts"]), micros(transactions["stopped"])
    )
    findings = []
    for station, rows in by_station(transactions):
        known = int((~np.isnan(depth[rows])).sum())
        if not known:
            findings.append(not_judged(station, "no transaction of 1.6 with both its start and its end"))
        own = rows[lower[rows]]
        if not len(own):
            continue
        others, kind = len(own), int(kinds[own].max())
        own = own[kinds[own] == kind]
        others -= len(own)
        worst = int(own[np.argmax(depth[own])])
        measured = f"; its last sample says {last[worst]:.10g} Wh" if not np.isnan(last[worst]) else ""
        findings.append(
            Finding(
                station,
                f"{plural(len(own), 'transaction')} of {known} ended below the start: {transactions['transaction'][worst].as_py()} "
                f"from {start[worst]:.10g} to {stop[worst]:.10g} Wh{measured}"
                + WORDS[kind]
                + (f"; {plural(others, 'transaction')} more for a lesser reason" if others else ""),
                start=int(times[own].min()),
                end=int(times[own].max()),
                value=-float(depth[worst]),
                limit=0.0,
                unit="Wh",
                count=len(own),
                evidence=evidence(transactions, own[:MAX_EVIDENCE]),
                severity=SEVERITIES[kind],
            )
        )
    return table(findings)


def _kinds(start: Reals, stop: Reals, rounding: float) -> Ints:
    """The kind of each end below its start, 0 to 3: digits ran out, rounding, not read, wrong."""
    small = start - stop <= rounding
    unread = (stop == -1.0) | ((stop == 0.0) & ~small)  # no register counts at -1, however small the step
    return np.select([unread, rolled_over(start, stop), small], [2, 0, 1], 3)


def _is_16(transactions: pa.Table, connections: pa.Table) -> Flags:
    """Whether the end of each transaction was reported by 1.6; a version that cannot be told is taken for it."""
    versions = dict(zip(connections["connection"].to_pylist(), connections["version"].to_pylist(), strict=True))
    found = [(versions.get(name) or "1.6") == "1.6" for name in transactions["stop_connection"].to_pylist()]
    return np.array(found, dtype=bool)


def _last_samples(transactions: pa.Table, readings: pa.Table) -> np.ndarray:
    """The last register of each transaction that a message of its own gave; NaN where there is none."""
    kept = same(readings["measurand"], MEASURAND) & same(readings["action"], "MeterValues")
    kept &= ~same(readings["context"], "Sample.Clock")
    samples = readings.filter(pa.array(kept & ~np.isnan(reals(readings["value"]))))
    samples = samples.filter(samples["phase"].is_null())
    owner = transactions_of(samples, places(samples, transactions), transactions)
    order = np.lexsort((micros(samples["measured"]), micros(samples["ts"]), owner))
    order = order[owner[order] >= 0]
    found = np.full(transactions.num_rows, np.nan)
    found[owner[order]] = reals(samples["value"])[order]
    return found

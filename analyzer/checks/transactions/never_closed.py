"""Transactions that were started and never ended, though the charger went on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.transactions.begun import Begun
from analyzer.checks.transactions.presence import Presence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, micros, same, seconds, wholes
from analyzer.kernels.damage import lost_between
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLED = 2
"""A transaction that was sampled this often is one that the charger samples."""
PLUGGED = ("SuspendedEV", "SuspendedEVSE", "Occupied")
"""The car is still there, though it takes no energy: some chargers do not sample then."""


class Overdue(NamedTuple):
    """A transaction that should have ended: its row, since when, what shows it, and when it was last sampled."""

    row: int
    since: int
    why: str
    sampled: int


@check("TX04", "Transaction never closed", severity="error")
def never_closed(
    transactions: pa.Table,
    statuses: pa.Table,
    readings: pa.Table,
    outages: pa.Table,
    calls: pa.Table,
    issues: pa.Table,
    *,
    patience: float = 300.0,
    silent_hours: float = 24.0,
) -> pa.Table:
    """A transaction was started and never ended, though the charger is past it and connected.

    It is past it when the next transaction starts on the same connector, when the connector is Available for
    `patience` seconds, or when a transaction that was sampled is not for `silent_hours`. Then the charger must stay
    connected for `patience` seconds, so that it could send what it had queued.

    Why it matters: the session is billed never, or until someone ends it by hand; the connector looks occupied.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > StartTransaction {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "$(now)"}
        08:00:10.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:30:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "B", "meterStart": 5000, "timestamp": "$(now)"}
        08:30:00.1 CP1 < = {"transactionId": 8, "idTagInfo": {"status": "Accepted"}}
        08:31:00x10/60s CP1 > Heartbeat
        08:31:00.1x10/60s CP1 < = {"currentTime": "$(now)"}
    Near miss:
        # the input ends four minutes after the next transaction began
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > StartTransaction {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "$(now)"}
        08:00:10.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:30:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "B", "meterStart": 5000, "timestamp": "$(now)"}
        08:30:00.1 CP1 < = {"transactionId": 8, "idTagInfo": {"status": "Accepted"}}
        08:31:00x4/60s CP1 > Heartbeat
    Confounder:
        # CP1 charges on, CP2 lost the answer to its start and repeats it, and CP3 replays the end after the next start
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > StartTransaction {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "$(now)"}
        08:00:10.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:00:10 CP2 + ocpp1.6
        08:00:20x2/60s CP2 > StartTransaction#s$(i) {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2026-01-01T08:00:20Z"}
        08:00:20.1x2/60s CP2 < =#s$(i) {"transactionId": "$(20+i)", "idTagInfo": {"status": "Accepted"}}
        08:00:20 CP3 + ocpp2.0.1
        08:00:30 CP3 > TransactionEvent {"eventType": "Started", "timestamp": "$(now)", "triggerReason": "Authorized", "seqNo": 0, "transactionInfo": {"transactionId": "t1"}, "evse": {"id": 1, "connectorId": 1}}
        08:30:00 CP3 > TransactionEvent {"eventType": "Started", "timestamp": "$(now)", "triggerReason": "Authorized", "seqNo": 0, "transactionInfo": {"transactionId": "t2"}, "evse": {"id": 1, "connectorId": 1}}
        08:40:00 CP3 > TransactionEvent {"eventType": "Ended", "offline": true, "timestamp": "$(now-1200)", "triggerReason": "EVDeparted", "seqNo": 5, "transactionInfo": {"transactionId": "t1"}}
        08:41:00x10/60s CP1 > Heartbeat
        08:41:00x10/60s CP2 > Heartbeat
        08:41:00x10/60s CP3 > Heartbeat
    Not a fault when: it began before the input or goes on at its end; the charger is offline since, and may have queued
        the end; the id tag was refused; the start was never answered, or was answered again with another id; something
        was ended under an id that is not known; a part of the input was lost since.
    Likely causes: the end was lost: a power loss or reboot without a queue, a full queue, a message that the CSMS
        refused again and again; the charger gave up after its attempts.
    What to do: ask for the state (2.0.1 GetTransactionStatus; 1.6 TriggerMessage MeterValues); end the session in the
        CSMS by its last sample; raise TransactionMessageAttempts; update the firmware.
    Source: OCPP 1.6 3.7 and 4.10; 2.0.1 E04.FR.01, E12 and E14; mobilityhouse/ocpp issue 186.
    """
    whole = ~lost_between(
        issues,
        transactions["station"],
        transactions["source"],
        micros(transactions["ts"]),
        np.full(transactions.num_rows, END_OF_TIME),
        scope="station",
    )
    begun, presence, sampled = Begun(transactions, calls), Presence(calls, outages), _last_samples(readings)
    reported, samples = dict(by_station(statuses)), wholes(transactions["samples"], 0)
    findings = []
    for station, rows in by_station(transactions):
        overdue, open_rows = [], rows[(begun.open & whole)[rows]].tolist()
        shown = statuses.take(pa.array(reported.get(station, []), pa.int64())) if open_rows else statuses
        for row in open_rows:
            reports = begun.reports(shown, row)
            last = sampled.get((station, transactions["transaction"][row].as_py()), NO_TIME)
            signs = [
                *begun.superseded(rows, row),
                *_available(reports, last, presence.last(station), patience),
                *_silent(reports, int(samples[row]), last, silent_hours),
            ]
            overdue += [
                Overdue(row, since, why, last)
                for since, why in signs
                if presence.longest(station, since) >= patience
                and not begun.ended_otherwise(rows, row, since + round(patience * SECOND))
            ][:1]
        if overdue:
            findings.append(_finding(station, transactions, overdue))
        elif (begun.open & ~whole)[rows].any():
            findings.append(not_judged(station, "a part of the input was lost while a transaction was open"))
        elif open_rows and presence.offline(station):
            findings.append(not_judged(station, "a transaction is open, and the charger is offline since"))
    return table(findings)


def _finding(station: str, transactions: pa.Table, overdue: list[Overdue]) -> Finding:
    first = min(overdue, key=lambda entry: entry.since)
    rows = [entry.row for entry in overdue]
    names = ", ".join(transactions["transaction"][row].as_py() for row in rows[:3]) + (", ..." if rows[3:] else "")
    started, last = int(micros(transactions["started"])[first.row]), first.sampled
    known = f", last sample {duration((last - started) / SECOND)} after its start" if last != NO_TIME else ""
    return Finding(
        station,
        f"{plural(len(rows), 'transaction')} never ended ({names}): {first.why}{known}",
        start=started,
        end=max(entry.since for entry in overdue),
        connection=transactions["connection"][first.row].as_py(),
        value=float(len(rows)),
        limit=0.0,
        unit="transactions",
        count=len(rows),
        evidence=evidence(transactions, rows[:MAX_EVIDENCE]),
    )


def _last_samples(readings: pa.Table) -> dict[tuple[str, str], int]:
    """When each transaction, by station and identity, was last sampled."""
    columns = {name: readings[name].cast(pa.string()) for name in ("station", "transaction")}
    rows = pa.table(columns | {"ts": readings["ts"].cast(pa.int64())})
    last = rows.group_by(["station", "transaction"], use_threads=False).aggregate([("ts", "max")])
    keys = zip(last["station"].to_pylist(), last["transaction"].to_pylist(), strict=True)
    return {key: moment for key, moment in zip(keys, last["ts_max"].to_pylist(), strict=True) if moment is not None}


def _available(reports: pa.Table, sampled: int, until: int, patience: float) -> Iterator[tuple[int, str]]:
    """When the connector was Available for long, and the transaction was not sampled any more."""
    times = micros(reports["ts"])
    lasted = seconds(times, np.append(times[1:], [until] * min(1, len(times))))
    free = same(reports["status"], "Available") & (lasted >= patience) & (times >= sampled)
    for place in np.flatnonzero(free)[:1].tolist():
        yield int(times[place]), f"the connector is Available since then, for {duration(float(lasted[place]))}"


def _silent(reports: pa.Table, samples: int, sampled: int, silent_hours: float) -> Iterator[tuple[int, str]]:
    """When samples had been missing for long, unless the charger says that the car is still there."""
    last = reports["status"][-1].as_py() if reports.num_rows else None
    if sampled != NO_TIME and samples >= SAMPLED and last not in PLUGGED:
        yield sampled + round(silent_hours * 3600 * SECOND), f"it was not sampled for {silent_hours:g} h"

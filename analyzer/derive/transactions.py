"""Transactions, put together from what starts, samples and ends them."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.derive.transaction_ledger import Ledger, Start, Stop
from analyzer.kernels.as_of import last_or_first
from analyzer.kernels.columns import micros, records, same
from analyzer.kernels.rollover import risen
from analyzer.ocpp.meter_values import place_of, samples_of
from analyzer.ocpp.payloads import decode, identity, members, real, text, whole
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analyzer.derive.transaction_ledger import Key, Row
    from analyzer.kernels.columns import Column

REGISTER = "Energy.Active.Import.Register"
ACTIONS = ("StartTransaction", "StopTransaction", "TransactionEvent")
REFUSED = frozenset({"Invalid", "Blocked", "Expired", "ConcurrentTx"})
"""How the CSMS refuses an id tag (OCPP 1.6 7.2)."""
COLUMNS = ("station", "ts", "id", "action", "payload", "answer", "connection", "source", "origin")


def transactions(calls: pa.Table, readings: pa.Table) -> pa.Table:
    """One row per transaction that was started, sampled or ended in the input.

    A start that is sent again is one transaction; an identity that is given again is another one.
    """
    ledger = Ledger()
    chosen = calls.filter(pa.array(same(calls["action"], *ACTIONS) & same(calls["direction"], "up")))
    for call in records(chosen.select(COLUMNS)):
        payload = members(decode(call["payload"]))
        if call["action"] == "StartTransaction":
            _start(ledger, call, payload)
        elif call["action"] == "StopTransaction":
            _stop(ledger, call, payload)
        else:
            _event(ledger, call, payload)
    _add_samples(ledger, readings)
    rows = ledger.rows()
    first, last = (np.array([row.get(name) for row in rows], np.float64) for name in ("meter_start", "meter_stop"))
    for row, energy in zip(rows, risen(first, last).tolist(), strict=True):
        row["energy"] = None if isnan(energy) else energy
    return schema.sort(schema.from_rows("transactions", rows))


def _start(ledger: Ledger, call: Row, payload: Mapping[str, object]) -> None:
    """A StartTransaction; the CSMS's answer names the transaction (OCPP 1.6 4.8)."""
    answer = members(decode(text(call["answer"])))
    named = identity(answer.get("transactionId"))
    refused = text(members(answer.get("idTagInfo")).get("status")) in REFUSED
    connector, meter_start = whole(payload.get("connectorId")), real(payload.get("meterStart"))
    signs = (call["station"], call["payload"]), (call["connection"], call["id"], connector, meter_start)
    # What cannot be read is like nothing else.
    known = () if call["payload"] is None else signs
    row = ledger.started(call, Start(named, meter_start, refused, known))
    if named or "started" not in row:
        row |= {"connector": connector, "start": _moment(payload), "started": call["ts"], "meter_start": meter_start}
        row["refused"] = refused


def _stop(ledger: Ledger, call: Row, payload: Mapping[str, object]) -> None:
    meter_stop, moment = real(payload.get("meterStop")), _moment(payload)
    row = ledger.stopped(call, Stop(identity(payload.get("transactionId")), meter_stop, moment))
    row |= {
        "end": moment,
        "stopped": row.get("stopped", call["ts"]),
        "meter_stop": meter_stop,
        # A missing reason means Local (OCPP-J 1.6 errata 2.6).
        "reason": text(payload.get("reason")) or "Local",
        "stop_connection": row.get("stop_connection", call["connection"]),
    }


def _event(ledger: Ledger, call: Row, payload: Mapping[str, object]) -> None:
    info, kind = members(payload.get("transactionInfo")), payload.get("eventType")
    place = place_of("TransactionEvent", payload, None)
    moment = _moment(payload)
    row = ledger.told(call, place.transaction, moment if kind == "Started" else None)
    if row.get("evse") in {None, place.evse}:
        row["evse"] = place.evse if row.get("evse") is None else row["evse"]
        row["connector"] = place.connector if row.get("connector") is None else row["connector"]
    if kind == "Started" and "started" not in row:
        row |= {"start": moment, "started": call["ts"], "meter_start": _register(payload, first=True)}
    if kind == "Ended" and not ledger.ended_before(row, moment):
        row |= {
            "end": moment,
            "stopped": row.get("stopped", call["ts"]),
            "meter_stop": _register(payload, first=False),
            "reason": text(info.get("stoppedReason")) or "Local",
            "stop_connection": row.get("stop_connection", call["connection"]),
        }


def _register(payload: Mapping[str, object], *, first: bool) -> float | None:
    values = [
        sample.value
        for sample in samples_of("TransactionEvent", payload, place_of("TransactionEvent", payload, None))
        if sample.measurand == REGISTER and sample.phase is None and sample.value is not None
    ]
    return (values[0] if first else values[-1]) if values else None


def _moment(payload: Mapping[str, object]) -> int | None:
    moment = parse(text(payload.get("timestamp")) or "")
    return moment[0] if moment else None


def _add_samples(ledger: Ledger, readings: pa.Table) -> None:
    """Count how often each transaction was sampled periodically, and note where it was first seen."""
    inside = readings.filter(pc.and_(readings["transaction"].is_valid(), readings["measured"].is_valid()))
    inside = inside.filter(pa.array(same(inside["context"], "Sample.Periodic", "Sample.Clock")))
    names = ("station", "transaction", "ts", "measured", "connector", "connection", "source", "origin")
    columns = {name: inside[name] for name in names}
    columns |= {name: inside[name].cast(pa.string()) for name in ("station", "connection", "source")}
    turns = _turns(columns, {key: rows for key, rows in ledger.by_name.items() if len(rows) > 1})
    grouped = pa.table({**columns, "turn": turns}).group_by(["station", "transaction", "turn"], use_threads=False)
    firsts = ("ts", "connector", "connection", "source", "origin")
    counted = grouped.aggregate([("measured", "count_distinct"), *((name, "first") for name in firsts)])
    plain = counted.rename_columns([name.removesuffix("_first") for name in counted.column_names])
    for sample in records(plain):
        row = ledger.named(sample, sample["transaction"], sample["turn"])
        row["samples"] = sample["measured_count_distinct"]
        row["connector"] = sample["connector"] if row.get("connector") is None else row["connector"]


def _turns(columns: Mapping[str, Column], again: Mapping[Key, Sequence[Row]]) -> pa.Array:
    """Which of the transactions with its identity each reading belongs to; 0 is the first.

    That is the last that had begun by then: at its connector, where one with that identity ran there.
    """
    if not again:
        return pa.array(np.zeros(len(columns["ts"]), dtype=np.int64))
    rows = [row for of_name in again.values() for row in of_name]
    places = np.array([place for of_name in again.values() for place in range(len(of_name))])
    begins, moments = micros(pa.array([row["ts"] for row in rows], pa.int64())), micros(columns["ts"])
    names = pa.array([f"{row['station'] or ''}\0{row['transaction']}" for row in rows], pa.string())
    wanted = pc.binary_join_element_wise(pc.fill_null(columns["station"], ""), columns["transaction"], "\0")
    connectors = pa.array([row.get("connector") for row in rows], pa.int64())
    there, here = (
        pc.binary_join_element_wise(name, connector.cast(pa.string()), "\0")
        for name, connector in ((names, connectors), (wanted, columns["connector"]))
    )
    own = last_or_first(there, begins, here, moments)
    hits = np.where(own >= 0, own, last_or_first(names, begins, wanted, moments))
    return pa.array(np.append(places, 0)[hits])

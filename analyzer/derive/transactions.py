"""Transactions, put together from what starts, samples and ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.kernels.columns import same
from analyzer.ocpp.meter_values import sampled_values
from analyzer.ocpp.payloads import decode, members, real, text, whole
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, object]
Key = tuple[object, str]
REGISTER = "Energy.Active.Import.Register"


def transactions(calls: pa.Table, readings: pa.Table) -> pa.Table:
    """One row per transaction that was started, sampled or ended in the input."""
    rows: dict[Key, Row] = {}
    chosen = same(calls["action"], "StartTransaction", "StopTransaction", "TransactionEvent")
    for call in calls.filter(pa.array(chosen & same(calls["direction"], "up"))).to_pylist():
        payload = members(decode(call["payload"]))
        if call["action"] == "StartTransaction":
            _start(rows, call, payload)
        elif call["action"] == "StopTransaction":
            _stop(rows, call, payload)
        else:
            _event(rows, call, payload)
    for sample in _sampled(readings):
        row = rows.setdefault((sample["station"], str(sample["transaction"])), _new(sample, str(sample["transaction"])))
        row["samples"] = sample["samples"]
        row["connector"] = sample["connector"] if row.get("connector") is None else row["connector"]
    for row in rows.values():
        first, last = row.get("meter_start"), row.get("meter_stop")
        row["energy"] = last - first if isinstance(first, float) and isinstance(last, float) else None
    return schema.sort(schema.from_rows("transactions", rows.values()))


def _new(call: Mapping[str, object], identity: str) -> Row:
    origin = {name: call[name] for name in ("station", "ts", "connection", "source", "origin")}
    return {**origin, "transaction": identity, "samples": 0}


def _start(rows: dict[Key, Row], call: Row, payload: Mapping[str, object]) -> None:
    """A StartTransaction; the CSMS's answer names the transaction (OCPP 1.6 4.8)."""
    answer = members(decode(text(call["answer"])))
    identity = text(answer.get("transactionId")) or f"unanswered {call['connection']} {call['id']}"
    row = rows.setdefault((call["station"], identity), _new(call, identity))
    row |= {
        "connector": whole(payload.get("connectorId")),
        "start": _moment(payload),
        "started": call["ts"],
        "meter_start": real(payload.get("meterStart")),
    }


def _stop(rows: dict[Key, Row], call: Row, payload: Mapping[str, object]) -> None:
    identity = text(payload.get("transactionId")) or "none"
    row = rows.setdefault((call["station"], identity), _new(call, identity))
    row |= {
        "end": _moment(payload),
        "stopped": call["ts"],
        "meter_stop": real(payload.get("meterStop")),
        # A missing reason means Local (OCPP-J 1.6 errata 2.6).
        "reason": text(payload.get("reason")) or "Local",
        "stop_connection": call["connection"],
    }


def _event(rows: dict[Key, Row], call: Row, payload: Mapping[str, object]) -> None:
    said = str(call["payload"])
    info, evse = members(payload.get("transactionInfo")), members(payload.get("evse"))
    identity = text(info.get("transactionId")) or "none"
    row = rows.setdefault((call["station"], identity), _new(call, identity))
    for name, value in (("evse", whole(evse.get("id"))), ("connector", whole(evse.get("connectorId")))):
        row[name] = value if value is not None else row.get(name)
    if payload.get("eventType") == "Started":
        row |= {"start": _moment(payload), "started": call["ts"], "meter_start": _register(said, first=True)}
    if payload.get("eventType") == "Ended":
        row |= {
            "end": _moment(payload),
            "stopped": call["ts"],
            "meter_stop": _register(said, first=False),
            "reason": text(info.get("stoppedReason")) or "Local",
            "stop_connection": call["connection"],
        }


def _register(payload: str, *, first: bool) -> float | None:
    values = [
        sample.value
        for sample in sampled_values("TransactionEvent", payload, "2.0.1")
        if sample.measurand == REGISTER and sample.phase is None and sample.value is not None
    ]
    return (values[0] if first else values[-1]) if values else None


def _moment(payload: Mapping[str, object]) -> int | None:
    moment = parse(text(payload.get("timestamp")) or "")
    return moment[0] if moment else None


def _sampled(readings: pa.Table) -> list[Row]:
    """How often each transaction was sampled periodically, and where it was first seen."""
    inside = readings.filter(pc.and_(readings["transaction"].is_valid(), readings["measured"].is_valid()))
    inside = inside.filter(pa.array(same(inside["context"], "Sample.Periodic", "Sample.Clock")))
    plain = pa.table(
        {
            name: inside[name].cast(pa.string()) if pa.types.is_dictionary(inside[name].type) else inside[name]
            for name in ("station", "transaction", "ts", "measured", "connector", "connection", "source", "origin")
        }
    )
    grouped = plain.group_by(["station", "transaction"], use_threads=False).aggregate(
        [
            ("measured", "count_distinct"),
            *((name, "first") for name in ("ts", "connector", "connection", "source", "origin")),
        ]
    )
    renamed = [
        name.removesuffix("_first").replace("measured_count_distinct", "samples") for name in grouped.column_names
    ]
    rows: list[Row] = grouped.rename_columns(renamed).to_pylist()
    return rows

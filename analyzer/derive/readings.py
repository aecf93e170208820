"""Sampled values in canonical units."""

from __future__ import annotations

import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import same
from analyzer.ocpp.meter_values import sampled_values
from analyzer.ocpp.timestamps import parse

ACTIONS = ("MeterValues", "StopTransaction", "TransactionEvent")
_OF_CALL = ("station", "ts", "action", "connection", "source", "origin")
_OF_SAMPLE = (
    "evse", "connector", "transaction", "context", "measurand", "phase", "location", "value", "unit", "raw_value",
    "raw_unit", "format",
)  # fmt: skip


def readings(calls: pa.Table) -> pa.Table:
    """One row per sampled value of MeterValues, StopTransaction.transactionData and TransactionEvent.meterValue."""
    columns: dict[str, list[object]] = {name: [] for name in (*_OF_CALL, *_OF_SAMPLE, "measured", "zoned")}
    chosen = calls.filter(pa.array(same(calls["action"], *ACTIONS) & same(calls["direction"], "up")))
    chosen = chosen.select([*_OF_CALL, "payload", "version"])
    chosen = chosen.set_column(1, "ts", chosen["ts"].cast(pa.int64()))
    for row in chosen.to_pylist():
        for sample in sampled_values(row["action"], row["payload"], row["version"]):
            moment = parse(sample.measured) if sample.measured else None
            columns["measured"].append(moment[0] if moment else None)
            columns["zoned"].append(moment[1] if moment else None)
            for name in _OF_CALL:
                columns[name].append(row[name])
            for name in _OF_SAMPLE:
                columns[name].append(getattr(sample, name))
    return schema.from_columns("readings", columns)

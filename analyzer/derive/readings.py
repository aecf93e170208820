"""Sampled values in canonical units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import same
from analyzer.ocpp.meter_values import Sample, place_of, samples_of
from analyzer.ocpp.payloads import decode, members
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analyzer.ocpp.meter_values import Place

ACTIONS = ("MeterValues", "StopTransaction", "TransactionEvent")
OF_CALL = ("station", "ts", "action", "connection", "source", "origin")
BATCH = 10_000
"""Messages that are taken at once, so that their values are not all kept as Python's objects."""


def readings(calls: pa.Table) -> pa.Table:
    """One row per sampled value of MeterValues, StopTransaction.transactionData and TransactionEvent.meterValue.

    What leaves out its EVSE has the one that an earlier event of its transaction named.
    """
    chosen = calls.filter(pa.array(same(calls["action"], *ACTIONS) & same(calls["direction"], "up")))
    places: dict[tuple[object, str], Place] = {}
    batches = (chosen.slice(first, BATCH) for first in range(0, chosen.num_rows, BATCH))
    return schema.concat("readings", [_readings(batch, places) for batch in batches])


def _readings(calls: pa.Table, places: dict[tuple[object, str], Place]) -> pa.Table:
    """The readings of some messages; `places` are those of the transactions so far."""
    values: list[Any] = []  # field after field, sample after sample: a million small objects would cost more
    owners = []
    for row, found in enumerate(_samples(calls, places)):
        for sample in found:
            values += sample
            owners.append(row)
    columns: dict[str, Sequence[Any]] = {
        name: values[place :: len(Sample._fields)] for place, name in enumerate(Sample._fields)
    }
    times = [parse(text) if text else None for text in columns["measured"]]
    columns["measured"] = [moment[0] if moment else None for moment in times]
    columns["zoned"] = [moment[1] if moment else None for moment in times]
    sent = calls.select(OF_CALL).take(pa.array(owners, pa.int64()))
    return schema.from_columns("readings", {**columns, **{name: sent[name] for name in OF_CALL}})


def _samples(calls: pa.Table, places: dict[tuple[object, str], Place]) -> Iterator[Iterator[Sample]]:
    """The sampled values of each message."""
    told = (calls[name].cast(pa.string()).to_pylist() for name in ("station", "action", "payload", "version"))
    for station, action, payload, version in zip(*told, strict=True):
        request = members(decode(payload))
        place = place_of(action, request, version)
        if action == "TransactionEvent" and place.transaction is not None:
            key = station, place.transaction
            earlier = places.get(key, place)
            place = place.known(earlier)
            if earlier.evse in {None, place.evse}:
                places[key] = place
        yield samples_of(action, request, place)

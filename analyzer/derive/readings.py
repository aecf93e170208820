"""Sampled values in canonical units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.kernels.columns import reals, same
from analyzer.ocpp.meter_values import FORMAT, MAX_DIGITS, NUMBER, SIGNED, Measured, Place, measured_in, place_of
from analyzer.ocpp.meter_values_typed import decode_request
from analyzer.ocpp.payloads import LARGEST, decode, members
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analyzer.kernels.columns import Reals
    from analyzer.ocpp.meter_values import Meaning

ACTIONS = ("MeterValues", "StopTransaction", "TransactionEvent")
OF_CALL = ("station", "ts", "action", "connection", "source", "origin")
NAMES = ("context", "measurand", "phase", "location", "raw_unit")
PLACE = {"evse": schema.WHOLE, "connector": schema.WHOLE, "transaction": schema.TEXT}
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
    found: list[Measured] = []
    owners: list[int] = []
    where: list[Place] = []
    for row, (place, values) in enumerate(_measured(calls, places)):
        where.append(place)
        before = len(found)
        found += values
        owners += [row] * (len(found) - before)
    measured, meanings, raw, signed = zip(*found, strict=True) if found else ((),) * len(Measured._fields)
    times = [parse(text) if text else None for text in measured]
    own = pa.array(owners, pa.int64())
    sent = calls.select(OF_CALL).take(own)
    columns = {
        "measured": [moment[0] if moment else None for moment in times],
        "zoned": [moment[1] if moment else None for moment in times],
        **_valued(meanings, schema.column(raw, schema.TEXT), signed),
        **{
            name: schema.column(column, kind).take(own)
            for (name, kind), column in zip(PLACE.items(), zip(*where, strict=True), strict=True)
        },
        **{name: sent[name] for name in OF_CALL},
    }
    return schema.from_columns("readings", columns)


def _valued(meanings: Sequence[Meaning], raw: pa.Array, signed: Sequence[bool]) -> dict[str, pa.Array]:
    """What the values are of, and their numbers; the few different meanings are written once, and pointed at."""
    codes: dict[Meaning, int] = {}
    pointers = pa.array([codes.setdefault(meaning, len(codes)) for meaning in meanings], pa.int32())
    names = {name: [getattr(meaning, name) for meaning in codes] for name in NAMES}
    names["unit"] = [meaning.canonical.unit for meaning in codes]
    columns = {name: schema.column(each, schema.NAME).take(pointers) for name, each in names.items()}
    told = schema.column([meaning.format for meaning in codes], schema.TEXT).take(pointers)
    kinds = pc.coalesce(told, pc.if_else(pa.array(signed, pa.bool_()), SIGNED, FORMAT))
    factors, offsets = (
        np.array([getattr(meaning.canonical, name) for meaning in codes], dtype=float)[pointers.to_numpy()]
        for name in ("factor", "offset")
    )
    values = numbers(raw) * factors + offsets
    unknown = ~(np.abs(values) <= LARGEST) | np.asarray(pc.equal(kinds, SIGNED))
    return {**columns, "format": kinds, "raw_value": raw, "value": pa.array(values, mask=unknown)}


def numbers(raw: pa.Array) -> Reals:
    """What `number` says of each text of a column; NaN where it is none."""
    written = pc.utf8_trim_whitespace(raw)
    right = pc.and_(pc.match_substring_regex(written, NUMBER), pc.less_equal(pc.utf8_length(written), MAX_DIGITS))
    values = reals(pc.cast(pc.if_else(right, written, None), pa.float64()))
    return np.where(np.isfinite(values), values, np.nan)


def _measured(calls: pa.Table, places: dict[tuple[object, str], Place]) -> Iterator[tuple[Place, Iterator[Measured]]]:
    """The place and the sampled values of each message."""
    told = (calls[name].cast(pa.string()).to_pylist() for name in ("station", "action", "payload", "version"))
    for station, action, payload, version in zip(*told, strict=True):
        place, values = _read(action, payload, version)
        if action == "TransactionEvent" and place.transaction is not None:
            key = station, place.transaction
            earlier = places.get(key, place)
            place = place.known(earlier)
            if earlier.evse in {None, place.evse}:
                places[key] = place
        yield place, values


def _read(action: str, payload: str | None, version: str | None) -> tuple[Place, Iterator[Measured]]:
    typed = decode_request(payload)
    if typed is not None:
        return typed.place(action, version), typed.measured(action)
    request = members(decode(payload))
    return place_of(action, request, version), measured_in(action, request)

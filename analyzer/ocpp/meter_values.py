"""Sampled values, out of whatever message carries them, with the defaults of the standard applied."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from analyzer.ocpp.payloads import LARGEST, decode, members, objects, text, whole
from analyzer.ocpp.units import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# OCPP 1.6 7.43 (SampledValue) and 2.0.1 part 2 2.46: what a field means where it is left out.
MEASURAND, CONTEXT, LOCATION, FORMAT = "Energy.Active.Import.Register", "Sample.Periodic", "Outlet", "Raw"
SIGNED = "SignedData"
MAX_DIGITS = 400
"""Characters of a value that may be a number; every finite double fits."""
MAX_VALUE = 2500
"""Characters kept of a value as sent: the longest signed data of 2.0.1 (SignedMeterValueType)."""
MAX_NAME = 100
"""Characters kept of a measurand, unit or any other name; the standard's longest has 45."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class Sample(NamedTuple):
    """One sampled value.

    `measured` is its timestamp as sent. `value` is in the canonical `unit`, None where it is no number that is believed.
    `raw_value` is the text as sent; a number of 2.x is written as Python writes it.
    """

    measured: str | None
    context: str
    measurand: str
    phase: str | None
    location: str
    value: float | None
    unit: str
    raw_value: str | None
    raw_unit: str | None
    format: str
    evse: int | None
    connector: int | None
    transaction: str | None


def sampled_values(action: str, payload: str, version: str | None) -> Iterator[Sample]:
    """The sampled values of a MeterValues, StopTransaction or TransactionEvent request.

    Wrong shapes are taken as far as they can be: an object where an array belongs, a number where text belongs.

    >>> sent = '{"connectorId":1,"meterValue":[{"sampledValue":[{"value":"1.5","unit":"kWh"}]}]}'
    >>> [(sample.connector, sample.value, sample.unit) for sample in sampled_values("MeterValues", sent, "1.6")]
    [(1, 1500.0, 'Wh')]
    """
    request = members(decode(payload))
    place = _place(request, action, version)
    for meter_value in objects(request.get("transactionData" if action == "StopTransaction" else "meterValue")):
        timestamp = meter_value.get("timestamp")
        measured = text(timestamp) if isinstance(timestamp, str) else None
        for sampled in objects(meter_value.get("sampledValue")):
            yield _sample(sampled, measured, place)


def number(raw: object) -> float | None:
    """A value as sent as a number: decimal text or a JSON number; None for NaN, a decimal comma, a unit inside.

    >>> number(" 7.4 "), number("7,4"), number("NaN"), number(3)
    (7.4, None, None, 3.0)
    """
    written = (text(raw) or "").strip()
    if len(written) > MAX_DIGITS or not _NUMBER.fullmatch(written):
        return None
    value = float(written)
    return value if math.isfinite(value) else None


class _Place(NamedTuple):
    evse: int | None
    connector: int | None
    transaction: str | None


def _place(request: Mapping[str, object], action: str, version: str | None) -> _Place:
    """EVSE, connector and transaction that the values belong to."""
    if action == "TransactionEvent":
        evse = members(request.get("evse"))
        transaction = members(request.get("transactionInfo")).get("transactionId")
        return _Place(whole(evse.get("id")), whole(evse.get("connectorId")), _identity(transaction))
    if action == "MeterValues" and version not in {None, "1.6"}:
        return _Place(whole(request.get("evseId")), None, None)
    connector, transaction = request.get("connectorId"), request.get("transactionId")
    return _Place(whole(request.get("evseId")), whole(connector), _identity(transaction))


def _sample(sampled: Mapping[str, object], measured: str | None, place: _Place) -> Sample:
    measurand = _name(sampled, "measurand") or MEASURAND
    unit_of_measure = members(sampled.get("unitOfMeasure"))
    raw_unit = _name(sampled, "unit") or _name(unit_of_measure, "unit")
    meant = canonical(measurand, raw_unit, whole(unit_of_measure.get("multiplier")) or 0)
    raw = text(sampled.get("value"))
    only_signed = raw is None and "signedMeterValue" in sampled
    kind = _name(sampled, "format") or (SIGNED if only_signed else FORMAT)
    value = number(raw) if kind != SIGNED else None
    if value is not None:
        value = value * meant.factor + meant.offset
    return Sample(
        measured,
        _name(sampled, "context") or CONTEXT,
        measurand,
        _name(sampled, "phase"),
        _name(sampled, "location") or LOCATION,
        value if value is not None and abs(value) <= LARGEST else None,
        meant.unit,
        None if raw is None else raw[:MAX_VALUE],
        raw_unit,
        kind,
        *place,
    )


def _name(entry: Mapping[str, object], member: str) -> str | None:
    """A member that is text; None where it is empty or anything else."""
    value = entry.get(member)
    return text(value[:MAX_NAME]) if value and isinstance(value, str) else None


def _identity(value: object) -> str | None:
    """A transaction's id as text: 1.6 numbers transactions, 2.x names them."""
    numbered = whole(value)
    if numbered is not None:
        return str(numbered)
    return text(value) or None if isinstance(value, str) else None

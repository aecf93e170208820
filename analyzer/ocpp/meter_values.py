"""Sampled values, out of whatever message carries them, with the defaults of the standard applied."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from analyzer.ocpp.units import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# OCPP 1.6 7.43 (SampledValue) and 2.0.1 part 2 2.46: what a field means where it is left out.
MEASURAND, CONTEXT, LOCATION, FORMAT = "Energy.Active.Import.Register", "Sample.Periodic", "Outlet", "Raw"
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
MAX_DIGITS = 400


class Sample(NamedTuple):
    """One sampled value. `measured` is its timestamp as sent; `value` is canonical, None where it is no number."""

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

    >>> [s.value for s in sampled_values("MeterValues", '{"meterValue":[{"sampledValue":[{"value":"1.5","unit":"kWh"}]}]}', "1.6")]
    [1500.0]
    """
    request = _object(_decoded(payload))
    evse, connector, transaction = _place(request, action, version)
    values = request.get("transactionData") if action == "StopTransaction" else request.get("meterValue")
    for meter_value in _list(values):
        timestamp = meter_value.get("timestamp")
        measured = timestamp if isinstance(timestamp, str) else None
        for sampled in _list(meter_value.get("sampledValue")):
            yield _sample(sampled, measured, evse, connector, transaction)


def number(raw: object) -> float | None:
    """A value as sent as a number: decimal text or a JSON number; None for NaN, a decimal comma, a unit inside.

    >>> number(" 7.4 "), number("7,4"), number("NaN"), number(3)
    (7.4, None, None, 3.0)
    """
    if isinstance(raw, bool) or raw is None:
        return None
    text = str(raw).strip()
    if len(text) > MAX_DIGITS or not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _sample(
    sampled: Mapping[str, object], measured: str | None, evse: int | None, connector: int | None, transaction: str | None
) -> Sample:
    measurand = _text(sampled.get("measurand")) or MEASURAND
    unit_of_measure = _object(sampled.get("unitOfMeasure"))
    raw_unit = _text(sampled.get("unit")) or _text(unit_of_measure.get("unit"))
    multiplier = unit_of_measure.get("multiplier")
    meant = canonical(measurand, raw_unit, multiplier if isinstance(multiplier, int) else 0)
    kind = _text(sampled.get("format")) or ("SignedData" if "signedMeterValue" in sampled and "value" not in sampled else FORMAT)
    raw = sampled.get("value")
    value = number(raw) if kind != "SignedData" else None
    return Sample(
        measured,
        _text(sampled.get("context")) or CONTEXT,
        measurand,
        _text(sampled.get("phase")),
        _text(sampled.get("location")) or LOCATION,
        value * meant.factor + meant.offset if value is not None else None,
        meant.unit,
        None if raw is None else str(raw)[:MAX_DIGITS],
        raw_unit,
        kind,
        evse,
        connector,
        transaction,
    )


def _place(request: Mapping[str, object], action: str, version: str | None) -> tuple[int | None, int | None, str | None]:
    """EVSE, connector and transaction that the values belong to."""
    if action == "TransactionEvent":
        evse = _object(request.get("evse"))
        identity = _object(request.get("transactionInfo")).get("transactionId")
        return _whole(evse.get("id")), _whole(evse.get("connectorId")), _text(identity)
    if action == "MeterValues" and version not in {None, "1.6"}:
        return _whole(request.get("evseId")), None, None
    identity = request.get("transactionId")
    return _whole(request.get("evseId")), _whole(request.get("connectorId")), _text(identity)


def _decoded(payload: str) -> object:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        try:
            return json.loads(payload)
        except (ValueError, RecursionError):
            return None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Mapping[str, object]]:
    """The objects of an array; some firmware sends the object alone."""
    members = value if isinstance(value, list) else [value]
    return [member for member in members if isinstance(member, dict)]


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None

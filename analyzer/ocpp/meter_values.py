"""Sampled values, out of whatever message carries them, with the defaults of the standard applied."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from analyzer.ocpp.payloads import LARGEST, decode, identity, members, objects, text, whole
from analyzer.ocpp.units import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analyzer.ocpp.units import Canonical

# OCPP 1.6 7.43 (SampledValue) and 2.0.1 part 2 2.46: what a field means where it is left out.
MEASURAND, CONTEXT, LOCATION, FORMAT = "Energy.Active.Import.Register", "Sample.Periodic", "Outlet", "Raw"
SIGNED = "SignedData"
MAX_DIGITS = 400
"""Characters of a value that may be a number; every finite double fits."""
MAX_VALUE = 2500
"""Characters kept of a value as sent: the longest signed data of 2.0.1 (SignedMeterValueType)."""
MAX_NAME = 100
"""Characters kept of a measurand, unit or any other name; the standard's longest has 45."""
NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
"""What decimal text looks like that is a number; as Python's and Arrow's expressions read it."""
_NUMBER = re.compile(NUMBER)


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
    return samples_of(action, request, place_of(action, request, version))


def samples_of(action: str, request: Mapping[str, object], place: Place) -> Iterator[Sample]:
    """The sampled values of a decoded request, all of one place."""
    for measured, meaning, raw, signed in measured_in(action, request):
        kind = meaning.format or (SIGNED if signed else FORMAT)
        named = meaning.context, meaning.measurand, meaning.phase, meaning.location
        value = None if kind == SIGNED else meaning.value(raw)
        yield Sample(measured, *named, value, meaning.canonical.unit, raw, meaning.raw_unit, kind, *place)


def measured_in(action: str, request: Mapping[str, object]) -> Iterator[Measured]:
    """What a decoded request says was measured."""
    for meter_value in objects(request.get("transactionData" if action == "StopTransaction" else "meterValue")):
        timestamp = meter_value.get("timestamp")
        measured = text(timestamp) if isinstance(timestamp, str) else None
        for sampled in objects(meter_value.get("sampledValue")):
            yield _measured(sampled, measured)


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


class Place(NamedTuple):
    """EVSE, connector and transaction that values belong to."""

    evse: int | None
    connector: int | None
    transaction: str | None

    def known(self, earlier: Place) -> Place:
        """The place, with what it leaves out and an earlier one of its transaction named.

        A TransactionEvent need name its EVSE once only (OCPP 2.0.1 E01 and E02).

        >>> Place(None, None, "t").known(Place(2, 1, "t"))
        Place(evse=2, connector=1, transaction='t')
        """
        if self.evse not in {None, earlier.evse} or self.connector is not None:
            return self
        return self._replace(evse=earlier.evse, connector=earlier.connector)


def place_of(action: str, request: Mapping[str, object], version: str | None) -> Place:
    """The place that a request names."""
    if action == "TransactionEvent":
        evse = members(request.get("evse"))
        transaction = members(request.get("transactionInfo")).get("transactionId")
        return Place(whole(evse.get("id")), whole(evse.get("connectorId")), identity(transaction))
    if action == "MeterValues" and version not in {None, "1.6"}:
        return Place(whole(request.get("evseId")), None, None)
    connector, transaction = request.get("connectorId"), request.get("transactionId")
    return Place(whole(request.get("evseId")), whole(connector), identity(transaction))


@dataclass(frozen=True, eq=False)
class Meaning:
    """What a sampled value is of, the defaults applied, and what makes its number canonical.

    It is compared by identity: the same few come with every message of a charger, and are kept.
    """

    context: str
    measurand: str
    phase: str | None
    location: str
    raw_unit: str | None
    format: str | None
    canonical: Canonical

    def value(self, raw: str | None) -> float | None:
        """A value as sent in the canonical unit; None where it is no number that is believed."""
        value = number(raw)
        if value is None:
            return None
        value = value * self.canonical.factor + self.canonical.offset
        return value if abs(value) <= LARGEST else None


class Measured(NamedTuple):
    """A sampled value: its timestamp, what it is of, its text, and whether there is a signed one in its place."""

    measured: str | None
    meaning: Meaning
    raw_value: str | None
    signed: bool


def _measured(sampled: Mapping[str, object], measured: str | None) -> Measured:
    get = sampled.get
    unit_of_measure = members(get("unitOfMeasure"))
    meaning = meaning_of(
        _name(get("context")),
        _name(get("measurand")),
        _name(get("phase")),
        _name(get("location")),
        _name(get("unit")) or _name(unit_of_measure.get("unit")),
        _name(get("format")),
        whole(unit_of_measure.get("multiplier")) or 0,
    )
    raw = text(get("value"))
    signed = raw is None and "signedMeterValue" in sampled
    return Measured(measured, meaning, None if raw is None else raw[:MAX_VALUE], signed)


def _name(value: object) -> str | None:
    """A value that is text; None where it is anything else."""
    return value if isinstance(value, str) else None


def _short(value: str | None) -> str | None:
    """A name as text, at most so long as a name may be; None where it is empty."""
    return text(value[:MAX_NAME]) or None if value else None


@functools.lru_cache(maxsize=4096)
def meaning_of(
    context: str | None,
    measurand: str | None,
    phase: str | None,
    location: str | None,
    unit: str | None,
    kind: str | None,
    multiplier: int,
) -> Meaning:
    """The same few combinations come with every message of a charger. Empty text is none."""
    named, raw_unit = _short(measurand) or MEASURAND, _short(unit)
    return Meaning(
        _short(context) or CONTEXT,
        named,
        _short(phase),
        _short(location) or LOCATION,
        raw_unit,
        _short(kind),
        canonical(named, raw_unit, multiplier),
    )

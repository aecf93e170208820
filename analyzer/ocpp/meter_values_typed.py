"""Reads meter values in the shape that the standard gives them, several times faster than whatever else is sent.

What has another shape is refused, and left to `meter_values`, which says the same of all that is read here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from analyzer.ocpp.meter_values import MAX_VALUE, Measured, Place, meaning_of, place_of
from analyzer.ocpp.payloads import text, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

Number = int | float | None


class _Unit(msgspec.Struct, gc=False):
    unit: str | None = None
    multiplier: Number = None


class _Sampled(msgspec.Struct, gc=False):
    value: str | int | float | None = None
    context: str | None = None
    measurand: str | None = None
    phase: str | None = None
    location: str | None = None
    unit: str | None = None
    format: str | None = None
    unitOfMeasure: _Unit | None = None  # noqa: N815 - the standard's name
    signedMeterValue: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET  # noqa: N815 - likewise


class _MeterValue(msgspec.Struct, gc=False):
    sampledValue: list[_Sampled]  # noqa: N815 - the standard's name
    timestamp: str | None = None


class Request(msgspec.Struct, gc=False):
    """A MeterValues or StopTransaction request, or a TransactionEvent, as far as it tells of what was measured."""

    meterValue: list[_MeterValue] = []  # noqa: N815 - the standard's name; msgspec copies an empty default
    transactionData: list[_MeterValue] = []  # noqa: N815 - likewise
    connectorId: object = None  # noqa: N815 - likewise
    transactionId: object = None  # noqa: N815 - likewise
    evseId: object = None  # noqa: N815 - likewise
    evse: object = None
    transactionInfo: object = None  # noqa: N815 - likewise

    def place(self, action: str, version: str | None) -> Place:
        """The place that it names."""
        named = {
            "connectorId": self.connectorId,
            "transactionId": self.transactionId,
            "evseId": self.evseId,
            "evse": self.evse,
            "transactionInfo": self.transactionInfo,
        }
        return place_of(action, named, version)

    def measured(self, action: str) -> Iterator[Measured]:
        """What it says was measured."""
        for meter_value in self.transactionData if action == "StopTransaction" else self.meterValue:
            timestamp = text(meter_value.timestamp)
            for sampled in meter_value.sampledValue:
                raw, unit = sampled.value, sampled.unitOfMeasure
                meaning = meaning_of(
                    sampled.context,
                    sampled.measurand,
                    sampled.phase,
                    sampled.location,
                    sampled.unit or (unit and unit.unit),
                    sampled.format,
                    (whole(unit.multiplier) or 0) if unit else 0,
                )
                if raw is None:
                    yield Measured(timestamp, meaning, None, sampled.signedMeterValue is not msgspec.UNSET)
                else:
                    yield Measured(timestamp, meaning, (text(raw) or "")[:MAX_VALUE], signed=False)


_DECODER = msgspec.json.Decoder(Request)


def decode_request(payload: str | None) -> Request | None:
    """A request in the shape of the standard, None where it has another."""
    try:
        return _DECODER.decode(payload or "")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None

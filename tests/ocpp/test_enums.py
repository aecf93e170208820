from __future__ import annotations

import json
from importlib.resources import files

import pytest
from ocpp.v16 import enums as v16
from ocpp.v21 import enums as v21
from ocpp.v201 import enums as v201

from analyzer.ocpp import enums


def values(enumeration: object) -> set[str]:
    return {str(member.value) for member in enumeration}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (enums.MEASURANDS["1.6"], v16.Measurand),
        (enums.MEASURANDS["2.0.1"], v201.MeasurandEnumType),
        (enums.MEASURANDS["2.1"], v21.MeasurandEnumType),
        (enums.CONTEXTS, v16.ReadingContext),
        (enums.CONTEXTS, v201.ReadingContextEnumType),
        (enums.CONTEXTS, v21.ReadingContextEnumType),
        (enums.PHASES, v16.Phase),
        (enums.PHASES, v201.PhaseEnumType),
        (enums.PHASES, v21.PhaseEnumType),
        (enums.LOCATIONS["1.6"], v16.Location),
        (enums.LOCATIONS["2.0.1"], v201.LocationEnumType),
        (enums.LOCATIONS["2.1"], v21.LocationEnumType),
        (enums.STOP_REASONS["1.6"], v16.Reason),
        (enums.STOP_REASONS["2.0.1"], v201.ReasonEnumType),
        (enums.STOP_REASONS["2.1"], v21.ReasonEnumType),
        (enums.BOOT_REASONS, v201.BootReasonEnumType),
        (enums.BOOT_REASONS, v21.BootReasonEnumType),
        (enums.CONNECTOR_STATUSES["1.6"], v16.ChargePointStatus),
        (enums.CONNECTOR_STATUSES["2.0.1"], v201.ConnectorStatusEnumType),
        (enums.CONNECTOR_STATUSES["2.1"], v21.ConnectorStatusEnumType),
        (enums.CONFIGURATION_STATUSES["1.6"], v16.ConfigurationStatus),
        (enums.CONFIGURATION_STATUSES["2.0.1"], v201.SetVariableStatusEnumType),
        (enums.CONFIGURATION_STATUSES["2.1"], v21.SetVariableStatusEnumType),
    ],
)
def test_the_values_are_those_that_the_ocpp_package_ships(ours: frozenset[str], theirs: object) -> None:
    assert ours == values(theirs)


def test_the_units_of_16_are_those_of_its_schema_both_spellings_of_celsius_included() -> None:
    schema = json.loads(files("ocpp").joinpath("v16/schemas/MeterValues.json").read_text(encoding="utf-8-sig"))
    sampled = schema["properties"]["meterValue"]["items"]["properties"]["sampledValue"]["items"]["properties"]
    assert set(sampled["unit"]["enum"]) == enums.UNITS_16
    assert values(v16.UnitOfMeasure) | {"Celcius", "Hertz"} == enums.UNITS_16


def test_every_version_has_every_list() -> None:
    lists = (
        enums.MEASURANDS,
        enums.LOCATIONS,
        enums.STOP_REASONS,
        enums.CONNECTOR_STATUSES,
        enums.CONFIGURATION_STATUSES,
    )
    assert all(tuple(named) == enums.VERSIONS for named in lists)


def test_a_stop_without_a_reason_has_one_that_every_version_knows() -> None:
    assert all(enums.DEFAULT_STOP_REASON in reasons for reasons in enums.STOP_REASONS.values())

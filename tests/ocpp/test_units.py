from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from ocpp.v16.enums import Measurand, UnitOfMeasure

from analyzer.ocpp.units import KNOWN, MAX_MULTIPLIER, canonical, default


@pytest.mark.parametrize(
    ("raw_unit", "value", "unit", "expected"),
    [
        ("kWh", 1.5, "Wh", 1500),
        ("KWH", 1.5, "Wh", 1500),
        (" kW ", 7.4, "W", 7400),
        ("kvarh", 2, "varh", 2000),
        ("kvar", 2, "var", 2000),
        ("kVA", 2, "VA", 2000),
        ("A", 16, "A", 16),
        ("V", 230, "V", 230),
        ("Celcius", 21.5, "Celsius", 21.5),
        ("Celsius", 21.5, "Celsius", 21.5),
        ("Fahrenheit", 212, "Celsius", 100),
        ("K", 273.15, "Celsius", 0),
        ("Percent", 80, "Percent", 80),
        ("Hertz", 50, "Hertz", 50),
        ("furlong", 3, "furlong", 3),
    ],
)
def test_a_unit_becomes_its_canonical_unit(raw_unit: str, value: float, unit: str, expected: float) -> None:
    meant = canonical("Voltage", raw_unit)
    assert meant.unit == unit
    assert value * meant.factor + meant.offset == pytest.approx(expected)


@pytest.mark.parametrize(
    ("measurand", "unit"),
    [
        ("Energy.Active.Import.Register", "Wh"),
        ("Energy.Reactive.Import.Register", "Wh"),
        ("EnergyRequest.Target", "Wh"),
        ("Power.Active.Import", "W"),
        ("Power.Reactive.Export", "var"),
        ("Power.Factor", ""),
        ("Current.Offered", "A"),
        ("Voltage", "V"),
        ("Frequency", "Hertz"),
        ("Temperature", "Celsius"),
        ("SoC", "Percent"),
        ("RPM", "RPM"),
    ],
)
def test_a_missing_unit_is_the_one_of_the_measurands_family(measurand: str, unit: str) -> None:
    assert canonical(measurand, None) == (unit, 1.0, 0.0)
    assert canonical(measurand, "") == (unit, 1.0, 0.0)


def test_every_measurand_of_16_but_the_power_factor_has_a_unit() -> None:
    assert {measurand.value for measurand in Measurand if not default(measurand.value)} == {"Power.Factor"}


def test_every_unit_of_16_is_known() -> None:
    assert {unit.value.lower() for unit in UnitOfMeasure} <= KNOWN.keys()


@pytest.mark.parametrize("unit", sorted({unit for unit, _, _ in KNOWN.values()}))
def test_a_canonical_unit_stays_as_it_is(unit: str) -> None:
    assert canonical("Voltage", unit) == (unit, 1.0, 0.0)


def test_the_power_of_ten_scales_the_unit_as_sent() -> None:
    assert canonical("Energy.Active.Import.Register", "kWh", -3).factor == pytest.approx(1.0)
    assert canonical("Power.Active.Import", None, 3).factor == pytest.approx(1000.0)


@given(st.text(), st.none() | st.text(), st.integers())
def test_any_unit_and_power_of_ten_give_finite_numbers(measurand: str, raw_unit: str | None, multiplier: int) -> None:
    meant = canonical(measurand, raw_unit, multiplier)
    assert 0 < meant.factor <= 10.0 ** (6 + MAX_MULTIPLIER)

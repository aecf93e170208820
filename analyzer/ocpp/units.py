"""Units of measure: one canonical unit for each measurand (OCPP 1.6 7.31 and 7.45; 2.0.1 part 2 UnitOfMeasure)."""

from __future__ import annotations

import functools
from typing import NamedTuple

FAMILIES = (
    # Wh is the default of whatever is of the Energy kind, reactive energy too (OCPP 1.6 7.43).
    ("Energy", "Wh"),
    ("Power.Factor", ""),
    ("Power.Reactive", "var"),
    ("Power", "W"),
    ("Current", "A"),
    ("Voltage", "V"),
    ("Frequency", "Hertz"),
    ("Temperature", "Celsius"),
    ("SoC", "Percent"),
    ("RPM", "RPM"),
)
"""The canonical unit by the beginning of the measurand; the first that fits."""

KNOWN = {
    "wh": ("Wh", 1.0, 0.0),
    "kwh": ("Wh", 1e3, 0.0),
    "mwh": ("Wh", 1e6, 0.0),
    "varh": ("varh", 1.0, 0.0),
    "kvarh": ("varh", 1e3, 0.0),
    "vah": ("VAh", 1.0, 0.0),
    "kvah": ("VAh", 1e3, 0.0),
    "w": ("W", 1.0, 0.0),
    "kw": ("W", 1e3, 0.0),
    "va": ("VA", 1.0, 0.0),
    "kva": ("VA", 1e3, 0.0),
    "var": ("var", 1.0, 0.0),
    "kvar": ("var", 1e3, 0.0),
    "a": ("A", 1.0, 0.0),
    "ma": ("A", 1e-3, 0.0),
    "v": ("V", 1.0, 0.0),
    "kv": ("V", 1e3, 0.0),
    "k": ("Celsius", 1.0, -273.15),
    "kelvin": ("Celsius", 1.0, -273.15),
    # 1.6 prints Celcius; both spellings must be taken (OCPP-J 1.6 errata 2.1).
    "celcius": ("Celsius", 1.0, 0.0),
    "celsius": ("Celsius", 1.0, 0.0),
    "fahrenheit": ("Celsius", 5 / 9, -32 * 5 / 9),
    "percent": ("Percent", 1.0, 0.0),
    "%": ("Percent", 1.0, 0.0),
    "hertz": ("Hertz", 1.0, 0.0),
    "hz": ("Hertz", 1.0, 0.0),
    "rpm": ("RPM", 1.0, 0.0),
}


MAX_MULTIPLIER = 12
"""The power of ten that is believed, either way; a greater one is cut to it."""


class Canonical(NamedTuple):
    """How a value as sent becomes canonical: value * factor + offset, in `unit`."""

    unit: str
    factor: float
    offset: float


@functools.lru_cache(maxsize=4096)
def canonical(measurand: str, raw_unit: str | None, multiplier: int = 0) -> Canonical:
    """The canonical unit of a measurand that was sent in a unit, with the power of ten of 2.x.

    >>> canonical("Energy.Active.Import.Register", "kWh")
    Canonical(unit='Wh', factor=1000.0, offset=0.0)
    >>> canonical("Voltage", None).unit
    'V'
    """
    scale = 10.0 ** max(-MAX_MULTIPLIER, min(MAX_MULTIPLIER, multiplier))
    if not raw_unit:
        return Canonical(default(measurand), scale, 0.0)
    unit, factor, offset = KNOWN.get(raw_unit.strip().lower(), (raw_unit, 1.0, 0.0))
    return Canonical(unit, factor * scale, offset)


def default(measurand: str) -> str:
    """The unit that is meant where none is given.

    >>> default("Power.Active.Import"), default("Nonsense")
    ('W', '')
    """
    return next((unit for beginning, unit in FAMILIES if measurand.startswith(beginning)), "")

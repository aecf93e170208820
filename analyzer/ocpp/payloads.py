"""JSON payloads and their members, tolerant of wrong shapes: nothing here raises, whatever a charger sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 1e15
"""The greatest number that is believed: no register counts as far, and sums of it stay finite."""
MAX_INTEGER_DIGITS = 20
"""A longer integer that msgspec refuses is kept as text: converting it would be slow, or refused."""


def decode(payload: str | None) -> object:
    """The value of a JSON text, NaN and lone surrogates included; None where it is no JSON.

    >>> decode('{"a": 1}'), decode("{"), decode(None)
    ({'a': 1}, None, None)
    """
    if not payload:
        return None
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        try:
            return json.loads(payload, parse_int=_integer)
        except (ValueError, RecursionError):
            return None


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else digits


def members(value: object) -> Mapping[str, object]:
    """The members of an object; none where it is no object.

    >>> members({"a": 1}), members([1])
    ({'a': 1}, {})
    """
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Mapping[str, object]]:
    """The objects of an array; some firmware sends the object alone.

    >>> objects([{"a": 1}, 2]), objects({"a": 1}), objects(None)
    ([{'a': 1}], [{'a': 1}], [])
    """
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict)]


def text(value: object) -> str | None:
    """A scalar as text that is valid UTF-8; None for null, an array or an object.

    >>> text("a"), text(7), text(True), text(None), text([])
    ('a', '7', 'true', None, None)
    """
    if isinstance(value, str):
        # A lone surrogate is valid in JSON (RFC 8259 8.2), but no column of text can hold it.
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else None


def whole(value: object) -> int | None:
    """A number without a fraction, as an integer of 64 bits; None for anything else.

    >>> whole(1), whole(1.0), whole(1.5), whole("1"), whole(2**63)
    (1, 1, None, None, None)
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -(2**63) <= value < 2**63 else None


def identity(value: object) -> str | None:
    """A transaction's id as text: 1.6 numbers transactions, 2.x names them; None where it is no id.

    >>> identity(7), identity(7.0), identity("7"), identity(True), identity("")
    ('7', '7', '7', None, None)
    """
    numbered = whole(value)
    if numbered is not None:
        return str(numbered)
    return text(value) or None if isinstance(value, str) else None


def real(value: object) -> float | None:
    """A number that is believed, also where it was sent as text; None for anything else.

    >>> real("1.5"), real(2), real(True), real("nan"), real(1e300)
    (1.5, 2.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) <= LARGEST else None

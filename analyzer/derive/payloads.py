"""Members of payloads, tolerant of wrong shapes: the schema checks say what is wrong, the tables take what is there."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import msgspec

Payload = Mapping[str, object]


def decode(payload: str | None) -> Payload:
    """The members of a payload; none where it is no JSON object.

    >>> decode('{"a": 1}'), decode("[1]"), decode(None)
    ({'a': 1}, {}, {})
    """
    if not payload:
        return {}
    try:
        value = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        try:
            value = json.loads(payload)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """A member as text where it is text or a number."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def whole(value: object) -> int | None:
    """A member as a whole number that fits 64 bits, where it is one."""
    number = real(value)
    return int(number) if number is not None and number == int(number) and abs(number) < 2**63 else None


def real(value: object) -> float | None:
    """A member as a finite number, also where it was sent as text."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value) if isinstance(value, (int, float, str)) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and math.isfinite(number) else None


def members(value: object) -> Payload:
    """A member as an object; empty where it is none."""
    return value if isinstance(value, dict) else {}

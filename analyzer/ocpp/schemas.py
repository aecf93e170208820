"""Validation of payloads against the JSON schemas of the standard, as PyPI's `ocpp` ships them."""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from jsonschema_rs import Draft4Validator, Draft6Validator, ValidationError

FOLDERS = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}
LONGEST = 160
MOST = 50
"""Violations of one payload that are told."""


class Violation(NamedTuple):
    """What breaks the schema: the path with `[]` for indices, the rule, and what it wants. Never the value itself."""

    path: str
    rule: str
    message: str


def violations(version: str, action: str, payload: str, *, request: bool = True) -> list[Violation] | None:
    """What breaks the schema of an action's request or answer; None where the version has no such action.

    >>> violations("1.6", "Heartbeat", "{}"), violations("1.6", "Nonsense", "{}")
    ([], None)
    >>> violations("1.6", "Authorize", '{"idTag": 7}')[0]
    Violation(path='idTag', rule='type', message='idTag must be string')
    """
    validator = _validator(version, action, request)
    if validator is None:
        return None
    value = _decoded(payload)
    if validator.is_valid(value):
        return []
    found = [_violation(error) for error, _ in zip(validator.iter_errors(value), range(MOST), strict=False)]
    return list(dict.fromkeys(found))


@functools.cache
def _validator(version: str, action: str, request: bool) -> Draft4Validator | Draft6Validator | None:  # noqa: FBT001 - a cache key
    import jsonschema_rs

    path = _path(version, action, request=request)
    if path is None:
        return None
    kind = jsonschema_rs.Draft4Validator if version == "1.6" else jsonschema_rs.Draft6Validator
    # Timestamps are the clock checks' matter, which say more than that a format is broken.
    return kind(json.loads(path.read_text(encoding="utf-8-sig")), validate_formats=False)


def _path(version: str, action: str, *, request: bool) -> Path | None:
    """The schema's file. The package is found without running its modules, which are slow to import."""
    specification = importlib.util.find_spec("ocpp")
    if version not in FOLDERS or not action.isalnum() or specification is None:
        return None
    folder = Path(next(iter(specification.submodule_search_locations or ()))) / FOLDERS[version] / "schemas"
    endings = ("Request", "") if request and version != "1.6" else ("",) if request else ("Response",)
    return next((path for ending in endings if (path := folder / f"{action}{ending}.json").is_file()), None)


def _violation(error: ValidationError) -> Violation:
    steps = [str(step) if isinstance(step, str) else "[]" for step in error.instance_path]
    path = ".".join(steps).replace(".[]", "[]")
    rule = str(error.kind.name)
    return Violation(path, rule, f"{path or 'the payload'} {_wanted(error, rule)}"[:LONGEST])


def _wanted(error: ValidationError, rule: str) -> str:
    """What a rule wants, in words that hold no value of the message."""
    kind = error.kind
    if rule == "type":
        return f"must be {error.message.rsplit(' of type', 1)[-1].strip().replace(chr(34), '')}"
    if rule == "required":
        return f"lacks {getattr(kind, 'property', 'a member')}".replace('"', "")
    if rule == "additionalProperties":
        return f"has the undefined {', '.join(map(str, getattr(kind, 'unexpected', ())))}"
    if rule == "enum":
        return "is none of the standard's values"
    limit = getattr(kind, "limit", None)
    return f"breaks {rule} {limit}" if limit is not None else f"breaks {rule}"


def _decoded(payload: str) -> object:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        try:
            return json.loads(payload)
        except (ValueError, RecursionError):
            return None

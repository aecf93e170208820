"""Validation of payloads against the JSON schemas of the standard, as PyPI's `ocpp` ships them."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from analyzer.ocpp.payloads import decode, text

if TYPE_CHECKING:
    from jsonschema_rs import Draft4Validator, Draft6Validator, ValidationError

FOLDERS = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}
MAX_MESSAGE = 160
"""Characters of a violation's path and of its message."""
MAX_VIOLATIONS = 50
"""Violations of one payload that are told."""


class Violation(NamedTuple):
    """What breaks the schema: the path with `[]` for indices, the rule, and what it wants. Never the value itself."""

    path: str
    rule: str
    message: str


def violations(version: str, action: str, payload: str, *, request: bool = True) -> list[Violation] | None:
    """What breaks the schema of an action's request or answer; None where the version has no such action.

    A payload that the validator cannot take (no JSON, nested too deep) is one violation of the rule `json`.

    >>> violations("1.6", "Heartbeat", "{}"), violations("1.6", "Nonsense", "{}")
    ([], None)
    >>> violations("1.6", "Authorize", '{"idTag": 7}')[0]
    Violation(path='idTag', rule='type', message='idTag must be string')
    """
    validator = _validator_of(version, action, request=request)
    if validator is None:
        return None
    value = decode(payload)
    if value is not None or payload.strip() == "null":
        try:
            if validator.is_valid(value):
                return []
            errors = itertools.islice(validator.iter_errors(value), MAX_VIOLATIONS)
            return list(dict.fromkeys(map(_violation, errors)))
        except ValueError:
            # Nested deeper than the validator follows, or with a lone surrogate.
            pass
    return [Violation("", "json", "the payload is no JSON that can be validated")]


def _validator_of(version: str, action: str, *, request: bool) -> Draft4Validator | Draft6Validator | None:
    files = _files(version)
    # 1.6 names a request by its action alone, and so does 2.1 a SEND, which has no answer.
    names = (f"{action}Request", action) if request else (f"{action}Response",)
    path = next((files[name] for name in names if name in files), None)
    if path is None or (request and action.endswith(("Request", "Response"))):
        return None
    return _validator(version, path)


@functools.cache
def _files(version: str) -> dict[str, Path]:
    """The schema files of a version by name. The package is found without running its modules, which import slowly."""
    specification = importlib.util.find_spec("ocpp")
    if version not in FOLDERS or specification is None:
        return {}
    root = Path(next(iter(specification.submodule_search_locations or ())))
    return {path.stem: path for path in (root / FOLDERS[version] / "schemas").glob("*.json")}


@functools.cache
def _validator(version: str, path: Path) -> Draft4Validator | Draft6Validator:
    import jsonschema_rs

    kind = jsonschema_rs.Draft4Validator if version == "1.6" else jsonschema_rs.Draft6Validator
    # Timestamps are the clock checks' matter, which say more than that a format is broken.
    written = path.read_text(encoding="utf-8-sig")
    if '"Hertz"' not in written:
        # The unit of a Frequency (OCPP 1.6 7.31) is in the schema of MeterValues, and was missed in StopTransaction's.
        written = written.replace('"Celsius",', '"Celsius", "Hertz",')
    return kind(json.loads(written), validate_formats=False)


def _violation(error: ValidationError) -> Violation:
    steps = [step if isinstance(step, str) else "[]" for step in error.instance_path]
    path = ".".join(steps).replace(".[]", "[]")[:MAX_MESSAGE]
    rule = str(error.kind.name)
    message = f"{path or 'the payload'} {_wanted(error, rule)}"[:MAX_MESSAGE]
    return Violation(text(path) or "", rule, text(message) or "")


def _wanted(error: ValidationError, rule: str) -> str:
    """What a rule wants, from the schema and the names of members alone: a value may be a secret."""
    kind = error.kind
    if rule == "type":
        return f"must be {' or '.join(getattr(kind, 'types', ()))}"
    if rule == "required":
        return f"lacks {getattr(kind, 'property', 'a member')}"
    if rule == "additionalProperties":
        return f"has the undefined {', '.join(sorted(getattr(kind, 'unexpected', ())))}"
    if rule == "enum":
        return "is none of the standard's values"
    limit = getattr(kind, "limit", getattr(kind, "multiple_of", None))
    return f"breaks {rule}" if limit is None else f"breaks {rule} {limit}"

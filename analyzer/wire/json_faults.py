"""Names what is wrong with a text that should be JSON, as its writer would understand it (RFC 8259)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import json

EMPTY = "it is empty"
NO_JSON = "it is no JSON at all"
CUT = "it ends too early"
NO_VALUE = "an empty value"
COMMA = "a trailing comma"
NUMBER = "a number that JSON does not have"
QUOTES = "single quotes"
WORD = "a word without quotes"
NAME = "a name without quotes"
CONTROL = "a line break or another control character in a text"
ESCAPE = "a backslash that escapes nothing"
AFTER = "something after its end"
SEPARATOR = "a comma is missing, or a quote is not escaped"
COLON = "a colon is missing"
FAULTS = (
    EMPTY, NO_JSON, CUT, NO_VALUE, COMMA, NUMBER, QUOTES, WORD, NAME, CONTROL, ESCAPE, AFTER, SEPARATOR, COLON,
)  # fmt: skip

BEFORE = 200
"""Characters before a fault in which the name of its member is looked for."""
_BY_MESSAGE = {"Invalid control": CONTROL, "Invalid \\": ESCAPE, "Extra": AFTER}
_OF_A_VALUE = frozenset({NO_VALUE, NUMBER, WORD})
_ELIDED = re.compile(r"\.\.\.|\u2026")
_NAN = re.compile(r"[-+]?(?:nan|inf|\d*\.?#|\.?\d)|[-+]", re.IGNORECASE)
_MEMBER = re.compile(r'"([\w.-]{1,50})"\s*:')


def fault(text: str, error: json.JSONDecodeError) -> str:
    """What is wrong, for which member, and where.

    >>> import json
    >>> def told(text):
    ...     try:
    ...         json.loads(text)
    ...     except json.JSONDecodeError as error:
    ...         return fault(text, error)
    >>> told('{"transactionId":,"a":1}')
    'an empty value for "transactionId" at character 17'
    >>> told("{'a': 1}"), told('{"a": [1,2'), told('{"a": 1,}')
    ('single quotes at character 1', 'it ends too early at character 10', 'a trailing comma at character 8')
    """
    named = _named(text, error.msg, error.pos)
    members = _MEMBER.findall(text, max(0, error.pos - BEFORE), error.pos) if named in _OF_A_VALUE else []
    whose = f' for "{members[-1]}"' if members else ""
    return f"{named}{whose} at character {error.pos}"


def _named(text: str, message: str, at: int) -> str:
    before, here = text[:at].rstrip(), text[at : at + 1]
    if not text.strip():
        return EMPTY
    if not before and here not in {"[", "{"}:
        return NO_JSON
    if _cut(text, message, at):
        return CUT
    told = next((name for begin, name in _BY_MESSAGE.items() if message.startswith(begin)), None)
    return told or (QUOTES if here == "'" else _unexpected(text, message, before, at))


def _cut(text: str, message: str, at: int) -> bool:
    if message.startswith("Unterminated") or not text[at:].strip() or _ELIDED.match(text, at):
        return True
    # The four digits of \uXXXX may be what is missing.
    return message.startswith("Invalid \\u") and len(text) - at < 6


def _unexpected(text: str, message: str, before: str, at: int) -> str:
    """What stands where something else should."""
    here = text[at]
    if message.startswith(("Illegal trailing", "Expecting property name")):
        return _no_name(before, here)
    if message.startswith("Expecting value"):
        return _no_value(text, before, at)
    if before[-1:].isdigit() and (here.isalnum() or here == "."):
        return NUMBER  # leading zeros, two points, a unit
    return COLON if message.startswith("Expecting ':'") else SEPARATOR


def _no_name(before: str, here: str) -> str:
    """What stands where the name of a member should."""
    if here in {"}", ","}:
        return COMMA
    if here.isdigit() and before.endswith(",") and before[-2:-1].isdigit():
        return NUMBER  # a decimal comma
    return NAME


def _no_value(text: str, before: str, at: int) -> str:
    """What stands where a value should."""
    here = text[at]
    if here in {"}", "]"} and before.endswith(","):
        return COMMA
    if here in {",", "}", "]"}:
        return NO_VALUE
    return NUMBER if _NAN.match(text, at) else WORD

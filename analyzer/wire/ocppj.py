"""Takes the envelope of an OCPP-J message apart (OCPP-J 1.6 section 4; OCPP 2.1 part 4 section 4)."""

from __future__ import annotations

import json
import re
from json.decoder import WHITESPACE  # type: ignore[attr-defined]
from typing import NamedTuple

import msgspec

from analyzer.wire.json_faults import fault
from analyzer.wire.problems import Problem

CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND = 2, 3, 4, 5, 6
NAMES = {2: "CALL", 3: "CALLRESULT", 4: "CALLERROR", 5: "CALLRESULTERROR", 6: "SEND"}
LENGTHS = {2: (4, 4), 3: (3, 3), 4: (3, 5), 5: (3, 5), 6: (4, 4)}
"""Fewest and most elements of each message. Errors without description or details are met and tell enough."""
MAX_INTEGER_DIGITS = 20
"""A longer number in a message is kept as text: converting it would be slow, or refused."""
PREFIX = re.compile(rb"\s*\[\s*[2-6]\s*,\s*[\"\d-]")
EMPTY = "{}"


class Envelope(NamedTuple):
    """An OCPP-J message; `payload` is the JSON text of its payload (of an error: its details) as it stood."""

    type: int
    id: str
    action: str | None
    payload: str
    error_code: str | None = None
    error_description: str | None = None


def looks_like_ocpp(data: bytes) -> bool:
    """Whether bytes begin as an OCPP-J message does."""
    return PREFIX.match(data) is not None


def is_message(text: str) -> bool:
    """Whether a text is an OCPP-J message."""
    return isinstance(parse(text), Envelope)


def parse(text: str) -> Envelope | Problem:
    """The envelope of a message: a problem `bad_json` where it is no JSON, `not_ocpp` where it is no OCPP message."""
    return _parse_usual(text) or _parse_any(text)


def usual(text: str) -> tuple[int, str, str, msgspec.Raw] | tuple[int, str, msgspec.Raw] | None:
    """The elements of a CALL or CALLRESULT in its usual form, None where it is anything else: nearly all are such."""
    try:
        if text.startswith("[3,"):
            return _RESULT.decode(text)
        if text.startswith("[2,"):
            return _CALL.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        pass
    return None


def _parse_usual(text: str) -> Envelope | None:
    elements = usual(text)
    if elements is None:
        return None
    action = elements[2] if len(elements) == 4 else None
    return Envelope(elements[0], elements[1], action, str(elements[-1], "utf-8"))


_RESULT = msgspec.json.Decoder(tuple[int, str, msgspec.Raw])
_CALL = msgspec.json.Decoder(tuple[int, str, str, msgspec.Raw])


def _parse_any(text: str) -> Envelope | Problem:
    text = text.removeprefix("\ufeff")
    try:
        elements: list[tuple[object, str]] | None = _split_fast(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        try:
            elements = _split(text)
        except json.JSONDecodeError as error:
            return Problem("bad_json", fault(text, error))
        except (ValueError, RecursionError) as error:
            return Problem("bad_json", "nested too deep" if isinstance(error, RecursionError) else f"{error}")
    if elements is None:
        return Problem("not_ocpp", "it is not a JSON array")
    return _envelope(elements)


def _split_fast(text: str) -> list[tuple[object, str]]:
    """The elements of an array: their value where it is a scalar, and their text. Raises on what msgspec refuses."""
    raw = _DECODER.decode(text)
    found: list[tuple[object, str]] = []
    for number, element in enumerate(raw):
        written = str(bytes(element), "utf-8")
        scalar = number < 4 and written[:1] not in {"{", "["}
        found.append((msgspec.json.decode(written) if scalar else None, written))
    return found


_DECODER = msgspec.json.Decoder(list[msgspec.Raw])


def _split(text: str) -> list[tuple[object, str]] | None:
    """As `_split_fast`, by the standard library, which takes NaN, lone surrogates and the longest numbers."""
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        json.loads(text, parse_int=_integer)
        return None
    found: list[tuple[object, str]] = []
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        _expect_end(text, at + 1)
        return found
    while True:
        value, end = _STANDARD.raw_decode(text, at)
        found.append((None if isinstance(value, dict | list) else value, text[at:end]))
        at = _skip(text, end)
        if text[at : at + 1] == "]":
            _expect_end(text, at + 1)
            return found
        if text[at : at + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    return int(WHITESPACE.match(text, at).end())


def _expect_end(text: str, at: int) -> None:
    if (end := _skip(text, at)) < len(text):
        raise json.JSONDecodeError("Extra data", text, end)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else digits


_STANDARD = json.JSONDecoder(parse_int=_integer)


def _envelope(elements: list[tuple[object, str]]) -> Envelope | Problem:
    kind = elements[0][0] if elements else None
    if not isinstance(kind, int) or isinstance(kind, bool) or kind not in NAMES:
        return Problem("not_ocpp", "its first element is no message type from 2 to 6")
    broken = _broken_rule(kind, elements)
    if broken:
        return Problem("not_ocpp", broken)
    identity = str(elements[1][0])
    if kind == CALL_RESULT:
        return Envelope(kind, identity, None, elements[2][1])
    named = str(elements[2][0])
    if kind in {CALL, SEND}:
        return Envelope(kind, identity, named, elements[3][1])
    description = elements[3][0] if len(elements) > 3 else None
    details = elements[4][1] if len(elements) > 4 else EMPTY
    return Envelope(kind, identity, None, details, named, description if isinstance(description, str) else None)


def _broken_rule(kind: int, elements: list[tuple[object, str]]) -> str | None:
    """What is wrong with the elements of a message of this type, in a few words."""
    fewest, most = LENGTHS[kind]
    if not fewest <= len(elements) <= most:
        return f"a {NAMES[kind]} of {len(elements)} elements"
    if not isinstance(elements[1][0], str | int | float) or isinstance(elements[1][0], bool):
        return f"the message id of a {NAMES[kind]} is no text"
    if kind != CALL_RESULT and not isinstance(elements[2][0], str):
        return f"the {'action' if kind in {CALL, SEND} else 'error code'} of a {NAMES[kind]} is no text"
    return None

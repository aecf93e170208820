"""OCPP-J: the envelope around each message (OCPP-J 1.6 4.2; 2.0.1 part 4 4.2; 2.1 part 4 4.2)."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import msgspec

from analyzer.wire.problems import Problem

CALL, CALLRESULT, CALLERROR, CALLRESULTERROR, SEND = 2, 3, 4, 5, 6
LENGTHS = {CALL: (4, 4), CALLRESULT: (3, 3), CALLERROR: (4, 5), CALLRESULTERROR: (4, 5), SEND: (4, 4)}
"""Fewest and most members by message type; error details are left out by some, which is no reason to drop the error."""
MAX_ID = 255
_PREFIX = re.compile(rb'\s*\[\s*[2-6]\s*,\s*(?:"|-?\d)')
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


class Envelope(NamedTuple):
    """A message: its type, id, action (of a request), payload as the JSON text that it is, and what an error says."""

    type: int
    id: str
    action: str | None
    payload: str
    error_code: str | None = None
    error_description: str | None = None


def looks_like_ocpp(data: bytes) -> bool:
    """Whether bytes begin as an OCPP-J message does.

    >>> looks_like_ocpp(b'[2,"19","Heartbeat",{}]'), looks_like_ocpp(b"hello")
    (True, False)
    """
    return _PREFIX.match(data[:64]) is not None


def parse(text: str) -> Envelope | Problem:
    """The envelope of a message, or what is wrong with it: `bad_json` or `not_ocpp`.

    >>> parse('[3,"19",{"status":"Accepted"}]').payload
    '{"status":"Accepted"}'
    >>> parse('[2,"1","Heartbeat",{]').kind
    'bad_json'
    """
    members = _members(text)
    if isinstance(members, Problem):
        return members
    if not members or members[0] not in {"2", "3", "4", "5", "6"}:
        return Problem("not_ocpp", f"unknown message type {members[0][:20]}" if members else "an empty array")
    kind = int(members[0])
    fewest, most = LENGTHS[kind]
    if not fewest <= len(members) <= most:
        return Problem("not_ocpp", f"a message of type {kind} has {most} members, not {len(members)}")
    words = [_string(member) for member in members[1:4]]
    if words[0] is None:
        if not re.fullmatch(r"-?\d{1,30}", members[1]):
            return Problem("not_ocpp", "the message id is no string")
        words[0] = members[1]
    identity = words[0][:MAX_ID]
    if kind == CALLRESULT:
        return Envelope(kind, identity, None, members[2])
    if words[1] is None:
        return Problem("not_ocpp", "the action is no string" if kind in {CALL, SEND} else "the error code is no string")
    if kind in {CALL, SEND}:
        return Envelope(kind, identity, words[1], members[3])
    return Envelope(kind, identity, None, members[4] if len(members) > 4 else "{}", words[1], words[2])


def _members(text: str) -> list[str] | Problem:
    """The members of the array as JSON texts."""
    try:
        return [bytes(member).decode() for member in _RAW.decode(text)]
    except msgspec.ValidationError:
        return Problem("not_ocpp", "it is no array")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        return _members_by_standard_library(text, error)


def _members_by_standard_library(text: str, first: Exception) -> list[str] | Problem:
    """What msgspec refuses (NaN, lone surrogates, great depth) may still be what a charger sent."""
    try:
        value = json.loads(text)
        if not isinstance(value, list):
            return Problem("not_ocpp", "it is no array")
        return [json.dumps(member, ensure_ascii=True) for member in value]
    except json.JSONDecodeError as error:
        return Problem("bad_json", f"{_fault(text, error)} at character {error.pos}")
    except (ValueError, RecursionError):
        return Problem("bad_json", f"it cannot be read ({type(first).__name__})")


def _fault(text: str, error: json.JSONDecodeError) -> str:
    """What is wrong in a few words: chargers build JSON by hand, and fail in the same few ways."""
    before, after = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    if not after:
        return "cut off"
    if after[0] == "'":
        return "single quotes"
    if before.endswith(":") and after[0] in ",}]":
        return "a value is missing"
    if before.endswith(("[", "{", ",")) and after[0] in ",}]":
        return "a comma too many"
    return error.msg[:1].lower() + error.msg[1:]


def _string(member: str) -> str | None:
    if not member.startswith('"'):
        return None
    try:
        return _TEXT.decode(member)
    except (msgspec.DecodeError, UnicodeEncodeError):
        value = json.loads(member)
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None

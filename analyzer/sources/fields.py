"""Writes the OCPP-J message whose parts a record has in fields of their own."""

from __future__ import annotations

import json

CALL, RESULT = 2, 3
_KINDS = {"call": 2, "callresult": 3, "callerror": 4, "callresulterror": 5, "send": 6}
_OTHER_NAMES = {"request": 2, "req": 2, "result": 3, "response": 3, "confirmation": 3, "conf": 3, "error": 4}
_SIDES = {
    "up": "cptocsms cp2csms cstocsms cpcsms chargepointtocsms chargertocsms stationtocsms fromcp fromchargepoint "
    "fromcharger fromstation up upstream",
    "down": "csmstocp csms2cp csmstocs csmscp csmstochargepoint csmstocharger csmstostation tocp tochargepoint "
    "tocharger tostation down downstream",
}
_DIRECTIONS = {word: side for side, words in _SIDES.items() for word in words.split()}


def plain(name: object) -> str:
    """A name without what its writers disagree on: case, blanks, hyphens and underscores.

    >>> plain("Charge-Point_ID"), plain(None)
    ('chargepointid', '')
    """
    return "".join(letter for letter in str(name).lower() if letter.isalnum()) if name is not None else ""


def direction(word: object) -> str | None:
    """The direction that a word tells, where it names both sides or the charger's.

    >>> direction("cp-to-csms"), direction("CSMS_TO_CS"), direction("in")
    ('up', 'down', None)
    """
    return _DIRECTIONS.get(plain(word))


def kind(word: object) -> int | None:
    """The type of a message by its number or name (OCPP-J 1.6 section 4.1; 2.1 part 4).

    >>> kind("CALLRESULT"), kind("CallError"), kind(2), kind("4"), kind("Heartbeat")
    (3, 4, 2, 4, None)
    """
    name = plain(word)
    if name in {"2", "3", "4", "5", "6"}:
        return int(name)
    return _KINDS.get(name, _OTHER_NAMES.get(name))


def written(kind: int, identity: object, named: object, payload: str, error: tuple[object, object] = ("", "")) -> str:
    """The text of a message; `payload` is JSON text, of an error its details, and `error` its code and description.

    >>> written(2, "19", "Heartbeat", "{}"), written(4, "19", None, "{}", ("NotSupported", "no"))
    ('[2,"19","Heartbeat",{}]', '[4,"19","NotSupported","no",{}]')
    """
    parts: tuple[object, ...] = (named,) if kind in {2, 6} else error if kind in {4, 5} else ()
    return "[" + ",".join([str(kind), *(json.dumps(part or "") for part in (identity, *parts)), payload or "{}"]) + "]"

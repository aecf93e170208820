"""Secrets in payloads, replaced by keyed pseudonyms before anything else sees them.

The same secret gives the same pseudonym under one key, so it can still be followed through a report. The key comes from
the environment variable OCPP_ANALYZER_KEY; without it, it is drawn anew in each process, so that short card numbers
cannot be found by trying them all.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import secrets

_TOKEN_KEYS = "idTag|parentIdTag|idToken|idTagInfoId|iccid|imsi|groupIdTag"  # noqa: S105 - names of fields
_PASSWORD_KEYS = "AuthorizationKey|BasicAuthPassword|authorizationKey|password|basicAuthPassword|apnPassword|simPin"  # noqa: S105
_TEXT = r'"((?:[^"\\]|\\.)*)"?'
_NAMED = re.compile(rf'("(?:{_TOKEN_KEYS}|{_PASSWORD_KEYS})"\s*:\s*){_TEXT}', re.DOTALL)
_NUMBERED = re.compile(rf'("(?:{_TOKEN_KEYS})"\s*:\s*)(\d+)')
_VALUE = re.compile(rf'("(?:value|attributeValue)"\s*:\s*){_TEXT}', re.DOTALL)
_PASSWORD_NAME = re.compile(rf'"(?:{_PASSWORD_KEYS})"', re.IGNORECASE)
_PSEUDONYM = re.compile(r"~[0-9a-f]{11,32}~*")
_HINTS = ("idT", "Tag", "iccid", "imsi", "assword", "uthorizationKey", "simPin")
SHORTEST = 12


@functools.cache
def _key() -> bytes:
    given = os.environ.get("OCPP_ANALYZER_KEY")
    return given.encode() if given else secrets.token_bytes(32)


def pseudonym(secret: str) -> str:
    """A stand-in for a secret, as long as it is (at least 12 characters), the same for the same secret.

    A stand-in stays as it is, so what was written with secrets replaced can be read again.

    >>> len(pseudonym("04A2B3C4D5E6F7")), pseudonym("a") == pseudonym("a")
    (14, True)
    """
    if not secret or _PSEUDONYM.fullmatch(secret):
        return secret
    digest = hashlib.blake2b(secret.encode("utf-8", "replace"), key=_key()[:64], digest_size=16).hexdigest()
    return ("~" + digest).ljust(len(secret), "~")[: max(SHORTEST, len(secret))]


def conceal(text: str) -> str:
    """A message's text with its secrets replaced, whether or not it is valid JSON.

    >>> '"ABC"' in conceal('[2,"1","Authorize",{"idTag":"ABC"}]')
    False
    >>> conceal('[2,"1","Heartbeat",{}]')
    '[2,"1","Heartbeat",{}]'
    """
    if not any(hint in text for hint in _HINTS):
        return text
    text = _NAMED.sub(_replace, text)
    text = _NUMBERED.sub(lambda match: f'{match[1]}"{pseudonym(match[2])}"', text)
    if _PASSWORD_NAME.search(text):
        # ChangeConfiguration, SetVariables and GetConfiguration name the key in one member and give it in another.
        text = _VALUE.sub(_replace, text)
    return text


def _replace(match: re.Match[str]) -> str:
    return f'{match[1]}"{pseudonym(match[2])}"'

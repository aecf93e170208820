"""Keyed stand-ins for secrets.

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

SHORTEST = 12
_PSEUDONYM = re.compile(r"~[0-9a-f]{11,32}~*")


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
    return ("~" + _digest(secret).hex()).ljust(len(secret), "~")[: max(SHORTEST, len(secret))]


def pseudonymous_number(digits: str) -> str:
    """A stand-in for a number that is a secret: a negative number, which no card has.

    >>> pseudonymous_number("12345678")[0], pseudonymous_number("-7")
    ('-', '-7')
    """
    return digits if digits.startswith("-") else f"-{1 + int.from_bytes(_digest(digits)[:6], 'big')}"


def _digest(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode("utf-8", "replace"), key=_key()[:64], digest_size=16).digest()

"""Reads messages of the DNS about addresses (RFC 1035 4.1, RFC 3596)."""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

MAX_RECORDS = 256
"""Records of an answer that are looked at."""
MAX_NAME = 255
"""Octets of a name (RFC 1035 2.3.4)."""
MAX_LABEL = 63
"""Octets of a label; the two bits above tell of a pointer (RFC 1035 4.1.4)."""
HEADER = 12
ANSWER, OPERATION, STATUS = 0x8000, 0x7800, 0x000F
INTERNET = 1
ADDRESSES = {1: "A", 28: "AAAA"}
"""The types of records that hold an address."""
ALIAS = 5
FAMILIES = {(1, 4): socket.AF_INET, (28, 16): socket.AF_INET6}
STATUSES = (
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
    "NOTZONE",
)  # fmt: skip
"""The response codes by their number (RFC 6895 2.3)."""


class Lookup(NamedTuple):
    """A question for the addresses of a name, or the answer to it; `status` is None of a question.

    `kind` is A or AAAA; `lifetime` is the shortest TTL of the records that lead to the addresses, in seconds.
    """

    identity: int
    name: str
    kind: str
    status: str | None = None
    addresses: tuple[str, ...] = ()
    lifetime: int | None = None


def parse(data: bytes) -> Lookup | None:
    """The lookup that a message tells of; None where it is of another kind, or is none."""
    try:
        return _parse(data)
    except (struct.error, IndexError):
        return None


def _parse(data: bytes) -> Lookup | None:
    identity, flags, questions, answers = struct.unpack_from("!HHHH", data)
    if flags & OPERATION or questions != 1:
        return None
    name, at = _name(data, HEADER)
    kind, family = struct.unpack_from("!HH", data, at)
    if name is None or kind not in ADDRESSES or family != INTERNET:
        return None
    lookup = Lookup(identity, name, ADDRESSES[kind])
    if not flags & ANSWER:
        return lookup
    code = flags & STATUS
    status = STATUSES[code] if code < len(STATUSES) else f"RCODE{code}"
    addresses, lifetime = _answer(data, at + 4, min(answers, MAX_RECORDS))
    return lookup._replace(status=status, addresses=addresses, lifetime=lifetime)


def _answer(data: bytes, at: int, count: int) -> tuple[tuple[str, ...], int | None]:
    """The addresses of an answer and how long they hold; what is cut off is left out."""
    addresses, lifetimes = [], []
    for _ in range(count):
        try:
            at = _skip(data, at)
            kind, _, lifetime, size = struct.unpack_from("!HHIH", data, at)
        except (struct.error, IndexError):
            break
        content, at = data[at + 10 : at + 10 + size], at + 10 + size
        family = FAMILIES.get((kind, len(content)))
        if family is not None:
            addresses.append(socket.inet_ntop(family, content))
        if family is not None or kind == ALIAS:
            lifetimes.append(lifetime)
    return tuple(addresses), min(lifetimes, default=None)


def _name(data: bytes, at: int) -> tuple[str | None, int]:
    """The name of a question and the place behind it; a first name has nothing to point to."""
    labels: list[bytes] = []
    start = at
    while (size := data[at]) and size <= MAX_LABEL and at + 2 + size - start <= MAX_NAME:
        labels.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    if size or not labels:
        return None, at
    return ".".join(_shown(label) for label in labels), at + 1


def _shown(label: bytes) -> str:
    r"""A label as zone files write it: what is no plain character as \\DDD (RFC 1035 5.1); case does not count (RFC 4343)."""
    plain = (chr(octet) if 33 <= octet < 127 and octet not in b'."\\' else f"\\{octet:03}" for octet in label)
    return "".join(plain).lower()


def _skip(data: bytes, at: int) -> int:
    """The place behind a name; a pointer ends it, and is not followed."""
    while (size := data[at]) and size <= MAX_LABEL:
        at += 1 + size
    return at + 2 if size > MAX_LABEL else at + 1

"""Finds where a frame begins in a stream that was joined in the middle, or has a hole."""

from __future__ import annotations

import re
from typing import NamedTuple

from analyzer.wire.deflate import UNKNOWN, inflated_beginning, inflated_text
from analyzer.wire.ocppj import looks_like_ocpp
from analyzer.wire.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PEEKED,
    TEXT,
    Header,
    plausible,
    read_header,
    unmask,
)

MAX_LENGTH = 1 << 20
"""Bytes of a frame that is believed from its beginning alone."""
TEXT_OR_BINARY = re.compile(rb"[\x01\x02\x81\x82\x41\x42\xc1\xc2]")
MAX_FITTING = 64
"""Frames that follow each other: so many are believed, whatever comes after them."""
SHORTEST = 8
"""Bytes of the shortest OCPP-J message."""
INFLATED = 256
"""Compressed bytes that are tried."""


class Start(NamedTuple):
    """Where a segment begins and ends in which a frame is looked for."""

    at: int
    end: int


class Place(NamedTuple):
    """Where a frame begins, or None.

    Else from where bytes must be kept to tell later, how far evidence was looked for, and which starts of segments may
    prove to be those of a frame.
    """

    found: int | None
    keep: int
    scanned: int
    undecided: list[Start]


def search(data: bytearray, starts: list[Start], scanned: int, *, from_client: bool, deflate: bool | None) -> Place:
    """Look for a frame: anywhere where its payload begins as OCPP, at the start of a segment where frames fit to the end.

    `starts` are of the segments in question. A frame whose content tells nothing (a control frame, a compressed one)
    is believed only there, and with its header in one segment, a control frame with all of it: senders write whole
    frames, while random bytes look like a short frame every few hundred bytes. A continuation begins nothing.
    """
    strong, scanned = _search_ocpp(data, scanned, from_client=from_client, deflate=deflate)
    undecided: list[Start] = []
    for start in starts:
        if strong is not None and start.at >= strong:
            break
        header = read_header(data, start.at)
        fits = (
            header is not None
            and header.opcode != CONTINUATION
            and (header.start if header.opcode < CLOSE else header.end) <= start.end
            and _fits(data, start.at, from_client=from_client, deflate=deflate)
        )
        if fits:
            return Place(start.at, start.at, scanned, [])
        if fits is None:
            undecided.append(start)
    return Place(strong, min([scanned, *(start.at for start in undecided)]), scanned, undecided)


def _search_ocpp(data: bytearray, scanned: int, *, from_client: bool, deflate: bool | None) -> tuple[int | None, int]:
    """The first frame that holds OCPP, and from where more bytes are needed to tell."""
    undecided = len(data)
    for candidate in TEXT_OR_BINARY.finditer(data, scanned):
        at = candidate.start()
        header = read_header(data, at)
        if header is not None and not _may_hold_ocpp(header, data, from_client=from_client, deflate=deflate):
            continue
        if header is None or len(data) < min(header.end, header.start + (INFLATED if header.rsv1 else PEEKED)):
            undecided = min(undecided, at)
        elif _holds_ocpp(header, data):
            return at, at
    return None, undecided


def _may_hold_ocpp(header: Header, data: bytearray, *, from_client: bool, deflate: bool | None) -> bool:
    """Whether a header may be of a message of OCPP. Compressed bytes tell little: there the mask must be right, too."""
    if not plausible(header, data) or not SHORTEST <= header.length <= MAX_LENGTH:
        return False
    return not header.rsv1 or (deflate is not False and (header.mask is not None) == from_client)


def _holds_ocpp(header: Header, data: bytearray) -> bool:
    size = INFLATED if header.rsv1 else PEEKED
    beginning = unmask(bytes(data[header.start : min(header.end, header.start + size)]), header.mask)
    return looks_like_ocpp(inflated_beginning(beginning, PEEKED) if header.rsv1 else beginning)


def _fits(data: bytearray, at: int, *, from_client: bool, deflate: bool | None) -> bool | None:
    """Whether plausible frames follow each other from here to the end of the data; None where the last is not whole."""
    for _ in range(MAX_FITTING):
        if at >= len(data):
            break
        header = read_header(data, at)
        if header is None:
            return None
        masked_right = (header.mask is not None) == from_client
        if not plausible(header, data) or not masked_right or header.length > MAX_LENGTH:
            return False
        if header.opcode in {TEXT, BINARY} and begins_as_ocpp(header, data, deflate=deflate) is False:
            return False
        at = header.end
    return True if at <= len(data) else None


def begins_as_ocpp(header: Header, data: bytearray, *, deflate: bool | None) -> bool | None:
    """Whether a data frame holds a message of OCPP; None where what is there and known of it may be the beginning."""
    if not header.rsv1:
        beginning = unmask(bytes(data[header.start : min(header.end, header.start + PEEKED)]), header.mask)
        return _begins_as_ocpp(beginning, whole=header.fin and len(beginning) == min(header.length, PEEKED))
    if deflate is False:
        return False
    if header.end > len(data):
        return None
    text = inflated_text(unmask(bytes(data[header.start : header.end]), header.mask), whole=header.fin)
    return text is not None and _begins_as_ocpp(text, whole=header.fin)


def _begins_as_ocpp(text: bytes, *, whole: bool) -> bool | None:
    if looks_like_ocpp(text):
        return True
    begins = text.lstrip()[:1]
    if UNKNOWN in text[:SHORTEST]:
        return None if begins in {b"[", UNKNOWN} else False
    return None if not whole and len(text) < SHORTEST and begins in {b"", b"["} else False

"""Finds the OCPP-J message in a line of a log, where it ends, and the lines that it goes on over."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from analyzer.sources.events import Line

MAX_LINES = 2_000
"""Lines that one message may go on over."""
_BEGIN = re.compile(r"\[\s*[2-6]\s*,")
_DECODER = json.JSONDecoder()
_FAST = msgspec.json.Decoder(list[msgspec.Raw])


class Payload(NamedTuple):
    """The text of a message, what stands before and after it on its line, and whether a JSON decoder took it."""

    before: str
    text: str
    after: str
    whole: bool


def find(line: str) -> Payload | None:
    """The first message of a line: from a bracket and a message type on, to where a JSON decoder stops.

    A message that is cut, or no JSON, goes on to the end of the line: it is for its reader to complain of. A line
    without a message gives None.

    >>> find('recv CP-7: [3, "19", {}] (2 ms)')
    Payload(before='recv CP-7: ', text='[3, "19", {}]', after=' (2 ms)', whole=True)
    >>> find('recv CP-7: [3, "19", {"sta')
    Payload(before='recv CP-7: ', text='[3, "19", {"sta', after='', whole=False)
    >>> find("waiting for CP-7 [9s]") is None
    True
    """
    begin = _BEGIN.search(line)
    if begin is None:
        return None
    at = begin.start()
    text = line[at:].rstrip()
    if _is_array(text):
        return Payload(line[:at], text, "", whole=True)
    try:
        _, end = _DECODER.raw_decode(line, at)
    except (ValueError, RecursionError):
        return Payload(line[:at], text, "", whole=False)
    return Payload(line[:at], line[at:end], line[end:], whole=True)


def _is_array(text: str) -> bool:
    """Whether a text is a JSON array and nothing else, as most are: found without making its values."""
    try:
        _FAST.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    return True


def joined(lines: Iterable[Line], begins: Callable[[str], object]) -> Iterator[tuple[Line, int]]:
    """Lines, those of a message that goes on over several made one; with each, how many it took.

    Some chargers send their JSON on several lines, and logs write it as it came; others are wrapped at a width. What
    follows the line of a message that is cut is joined to it up to the next line that `begins` an entry of the log,
    and only where that makes it whole. JSON needs no line ends, so they are left out.
    """
    waiting: list[Line] = []
    for line in lines:
        if waiting and len(waiting) < MAX_LINES and not begins(line.text):
            waiting.append(line)
            continue
        yield from _settled(waiting)
        waiting = [line] if _cut(line.text) and begins(line.text) else []
        if not waiting:
            yield line, 1
    yield from _settled(waiting)


def _cut(text: str) -> bool:
    found = find(text)
    return found is not None and not found.whole


def _settled(waiting: list[Line]) -> Iterator[tuple[Line, int]]:
    """The lines that waited for the rest of a message: joined as far as it goes, or as they were."""
    taken = 0
    if len(waiting) > 1:
        text = "".join(line.text for line in waiting)
        found = find(text)
        if found is not None and found.whole:
            end = len(text) - len(found.after)
            while end > 0:
                end -= len(waiting[taken].text)
                taken += 1
            yield waiting[0]._replace(text="".join(line.text for line in waiting[:taken])), taken
    yield from ((line, 1) for line in waiting[taken:])

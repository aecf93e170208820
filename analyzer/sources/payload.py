"""Finds the OCPP-J message on a log's line: it begins at `[` and a digit, and ends where a JSON decoder says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from analyzer.sources.events import Line

WHOLE = "whole"
CUT = "cut"
BROKEN = "broken"
ELIDED = "elided"
MAX_LINES = 10_000
"""Lines of one record; what follows is taken for records of its own."""
MAX_TEXT = 16 * 1024 * 1024
"""Characters of one record, as many as a line may have."""
_BEGIN = re.compile(r'\[\s*[2-6]\s*,\s*["\d-]')
_FAST = msgspec.json.Decoder(list[msgspec.Raw])
_SLOW = json.JSONDecoder(strict=False)
_LONGEST_TOKEN = 10
"""Characters by which a decoder may stop before the end of a text that was cut: `-Infinity`, `\\ud83d`."""


class Record(NamedTuple):
    """What a program wrote at once: the number of its first line, that line, and the lines that continue it."""

    number: int
    text: str
    more: tuple[str, ...] = ()
    stamp: str = ""

    @property
    def lines(self) -> int:
        """How many lines it takes."""
        return 1 + len(self.more)


class Payload(NamedTuple):
    """A message found in a record: its text, what stands before and behind it on its lines, and how many they are.

    `state` is `whole`; `cut`, where the text ends before the message does; `elided`, where a program left out its
    middle (`...`); or `broken`, where it is no JSON: then the text goes to the end of the first line.
    """

    text: str
    before: str
    behind: str
    state: str
    lines: int = 1


def find(text: str, start: int = 0) -> int:
    """Where a message begins, -1 where there is none.

    >>> find('CP-7: receive message [ 2, "1", "Heartbeat", {}]')
    22
    >>> find("[Thread-2] nothing [at all]")
    -1
    """
    match = _BEGIN.search(text, start)
    return match.start() if match else -1


def take(record: Record, start: int = 0) -> Payload | None:
    """The message of a record from a position of its first line on, over as many lines as it takes.

    >>> take(Record(1, 'x: [3,"7",', ('{"a":1}] done',)))
    Payload(text='[3,"7",{"a":1}]', before='x: ', behind=' done', state='whole', lines=2)
    >>> take(Record(1, 'x: [3,"7",{"a":')).state
    'cut'
    """
    begin = find(record.text, start)
    first = record.text[begin:] if begin >= 0 else ""
    if first and _is_whole(first):
        return Payload(first.rstrip(), record.text[:begin], "", WHOLE)
    if begin < 0 and not record.more:
        return None
    # Line ends are no part of a message: a program that wraps it does so between tokens, a terminal anywhere.
    joined = "".join((record.text, *record.more))
    begin = find(joined, start)
    if begin < 0:
        return None
    end, state = _end(joined, begin)
    if state != WHOLE:
        text = joined[begin : max(begin + 1, len(record.text))]
        elided = "..." in text or "\u2026" in text
        alone = _end(text, 0)[1] if record.more else state
        return Payload(text.rstrip(), joined[:begin], "", ELIDED if elided else alone)
    lines, reached = 1, len(record.text)
    while reached < end:
        reached += len(record.more[lines - 1])
        lines += 1
    return Payload(joined[begin:end], joined[:begin], joined[end:reached], WHOLE, lines)


def records(lines: Iterable[Line], begins: Callable[[str], object]) -> Iterator[Record]:
    """Lines put together to records: a line for which `begins` is true begins one, any other continues it.

    What stands before the first beginning are records of a line each.
    """
    open_: Line | None = None
    more: list[str] = []
    size = 0
    for line in lines:
        size += len(line.text)
        if open_ is not None and len(more) < MAX_LINES and size < MAX_TEXT and not begins(line.text):
            more.append(line.text)
            continue
        if open_ is not None:
            yield Record(open_.number, open_.text, tuple(more))
        open_ = line if begins(line.text) else None
        more, size = [], len(line.text)
        if open_ is None:
            yield Record(line.number, line.text)
    if open_ is not None:
        yield Record(open_.number, open_.text, tuple(more))


def _is_whole(text: str) -> bool:
    """Whether a text is a JSON array and nothing else, fast."""
    try:
        _FAST.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False
    return True


def _end(text: str, begin: int) -> tuple[int, str]:
    """Where the JSON value that begins here ends, and whether it does."""
    try:
        _, end = _SLOW.raw_decode(text, begin)
    except json.JSONDecodeError as error:
        unclosed = error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip()) - _LONGEST_TOKEN
        return len(text), CUT if unclosed else BROKEN
    except (ValueError, RecursionError):
        return len(text), BROKEN
    return end, WHOLE

"""Finds the captures that are parts of one set, in whatever order they were given, and those that are copies."""

from __future__ import annotations

import hashlib
import itertools
import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from analyzer.kernels.columns import SECOND
from analyzer.sources.opener import Input, opened
from analyzer.wire.records import Record, is_capture, read_records

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Iterable, Sequence

    from analyzer.sources.opener import Opened

MAX_BREAK = 20 * 60 * SECOND
"""Microseconds from the last packet of a file to the first of the one that goes on behind it.

A quiet charger that beats every 900 s lets so much time pass between two packets. After a longer break ports may have
been used again, and what was said meanwhile was not seen.
"""
MAX_OVERLAP = SECOND
"""Microseconds that a file may begin before the last packet of the one before: packets of several interfaces do."""
LOOKED_AT = 1000
"""Records and problems at the begin of a file among which its first packet is looked for."""


class Start(NamedTuple):
    """The first packet of a capture: when it was seen, and what it is. `number` is that of the input."""

    ts: int
    number: int
    source: Input
    first: tuple[bytes, int]


class Chains:
    """Captures that can be opened at any time, in the order of their first packets, to be read set by set."""

    def __init__(self, starts: Iterable[Start]) -> None:
        self._waiting = sorted(starts, key=lambda start: start[:2])

    def first(self) -> Start | None:
        """The earliest capture that was not read yet."""
        return self._waiting.pop(0) if self._waiting else None

    def behind(self, before: Start, last: int | None) -> Start | None:
        """The capture that goes on where another one ended, which was `last`; of several one with a name like its own."""
        if last is None:
            return None
        low = bisect_left(self._waiting, last - MAX_OVERLAP, key=lambda start: start.ts)
        fitting = itertools.takewhile(lambda start: start.ts <= last + MAX_BREAK, self._waiting[low:])
        kin = stem(before.source.name)
        found = min(fitting, key=lambda start: (stem(start.source.name) != kin, start.ts), default=None)
        if found is not None:
            self._waiting.remove(found)
        return found


class Chain:
    """The files of one set while it is read: each is opened where the one before ended."""

    def __init__(
        self, chains: Chains, first: Start, stack: contextlib.ExitStack, progress: Callable[[int], None] | None
    ) -> None:
        self._chains, self._last, self._stack, self._progress = chains, first, stack, progress
        self.numbers = [first.number]

    def go_on(self, last: int | None) -> tuple[str, Opened] | None:
        """The next file, by its name."""
        found = self._chains.behind(self._last, last)
        if found is None:
            return None
        self._last = found
        self.numbers.append(found.number)
        self._stack.close()
        return found.source.name, self._stack.enter_context(opened(found.source, self._progress))


def stem(name: str) -> str:
    """What the names of a set have in common: all but numbers and times.

    >>> stem("night_00001_20260101.pcap") == stem("night_00002_20260101.pcap")
    True
    """
    return re.sub(r"\d+", "", name)


def start(source: Input, number: int, *, surely: bool) -> Start | None:
    """The first packet of a capture; None of what is none, or has no packet or no time. `surely` it is one."""
    with opened(source) as found:
        if not (surely or is_capture(found.head)):
            return None
        for item in itertools.islice(read_records(found.stream), LOOKED_AT):
            if isinstance(item, Record):
                return Start(item.ts, number, source, (item.data, item.original_length)) if item.ts else None
    return None


def copies(starts: Sequence[Start]) -> dict[int, int]:
    """The captures that hold the same packets as one given before, by their numbers, and the number of that one.

    All packets are compared of those that begin alike, and of no others.
    """
    found: dict[int, int] = {}
    alike: dict[tuple[int, tuple[bytes, int]], list[Start]] = {}
    for each in starts:
        alike.setdefault((each.ts, each.first), []).append(each)
    for group in alike.values():
        known: dict[bytes, int] = {}
        for each in group if len(group) > 1 else ():
            original = known.setdefault(_digest(each.source), each.number)
            if original != each.number:
                found[each.number] = original
    return found


def _digest(source: Input) -> bytes:
    """The same for captures of the same packets, whichever format they are in."""
    digest = hashlib.blake2b()
    with opened(source) as found:
        for item in read_records(found.stream):
            if isinstance(item, Record):
                digest.update(b"%d %d %d " % (item.ts, item.original_length, len(item.data)))
                digest.update(item.data)
            else:
                digest.update(repr(item).encode("utf-8", "replace"))
    return digest.digest()

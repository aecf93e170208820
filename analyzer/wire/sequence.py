"""Reads several capture files as one, such as those of a rotated set."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, BinaryIO

from analyzer.wire.items import Totals
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record, Secrets, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def alone(_: int | None) -> BinaryIO | None:
    """What follows a file that is none of a set: nothing."""
    return None


class Sequence:
    """The records of one file after another. Packets are numbered on, so that all have numbers of their own.

    `following` gives the file that goes on behind one whose last packet was seen at a time, None behind the last.
    `parts` are the files that were read so far: of a packet, number minus `before` is the number in its file. What
    concerns a file as a whole has the number of no packet, `before` itself.
    """

    def __init__(self, first: BinaryIO, following: Callable[[int | None], BinaryIO | None] = alone) -> None:
        self._stream: BinaryIO | None = first
        self._following = following
        self.parts: list[Totals] = []

    def records(self) -> Iterator[Record | Secrets | Problem]:
        """The packets of all files, and what is wrong with them."""
        before = 0
        while self._stream is not None:
            part, highest, last = Totals(before=before), before, None
            self.parts.append(part)
            for item in read_records(self._stream):
                if isinstance(item, Record):
                    part.count(item.ts, len(item.data))
                    highest, last = before + item.number, item.ts
                    yield item._replace(number=highest) if before else item
                elif isinstance(item, Problem):
                    number = before + (item.packet or 0)
                    highest = max(highest, number)
                    yield dataclasses.replace(item, packet=number) if before else item
                else:
                    yield item
            before = highest + 1
            self._stream = self._following(last)

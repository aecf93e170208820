"""Reads several capture files as one, such as those of a rotated set."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from analyzer.wire.batches import Batch, read_batches
from analyzer.wire.garbage import SECTION_HEADER
from analyzer.wire.items import Totals
from analyzer.wire.problems import Problem
from analyzer.wire.records import Record, Secrets, read_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


Found = TypeVar("Found", Batch | Secrets | Problem, Record | Secrets | Problem)


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

    @property
    def may_bring_secrets(self) -> bool:
        """Whether secrets of TLS may stand anywhere in it: in a pcapng, or in what cannot be looked into."""
        peek = getattr(self._stream, "peek", None)
        return peek is None or peek(len(SECTION_HEADER)).startswith(SECTION_HEADER)

    @property
    def last_ts(self) -> int | None:
        """The time of the latest packet so far."""
        return max((part.last_ts for part in self.parts if part.last_ts is not None), default=None)

    def batches(self) -> Iterator[Batch | Secrets | Problem]:
        """The packets of all files, many at a time, and what is wrong with them."""
        return self._numbered(read_batches)

    def records(self) -> Iterator[Record | Secrets | Problem]:
        """The packets of all files one by one, and what is wrong with them."""
        return self._numbered(read_records)

    def _numbered(self, read: Callable[[BinaryIO], Iterator[Found]]) -> Iterator[Found]:
        before = 0
        while self._stream is not None:
            part = Totals(before=before)
            self.parts.append(part)
            highest, last = before, None
            for item in read(self._stream):
                if isinstance(item, Record):
                    part.count(item.ts, len(item.data))
                    highest, last = before + item.number, item.ts
                    yield item._replace(number=highest) if before else item
                elif isinstance(item, Batch):
                    times = int(item.ts.min()), int(item.ts.max())
                    part.count_all(*times, len(item.ts), int(item.captured.sum()))
                    highest, last = before + item.number + len(item.ts) - 1, int(item.ts[-1])
                    yield item._replace(number=before + item.number) if before else item
                elif isinstance(item, Problem):
                    number = before + (item.packet or 0)
                    highest = max(highest, number)
                    yield dataclasses.replace(item, packet=number) if before else item
                else:
                    yield item
            before = highest + 1
            self._stream = self._following(last)

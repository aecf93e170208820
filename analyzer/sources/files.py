"""The files of a capture while they are read one after another, and where each of them ended early."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, BinaryIO

from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from analyzer.sources.opener import Opened
    from analyzer.wire.items import Totals

CUT_OFF = "truncated"


class Files:
    """The files of a capture by their names, from the first on; `following` gives the next one, if there is one."""

    def __init__(self, name: str, first: Opened, following: Callable[[int | None], tuple[str, Opened] | None]) -> None:
        self.names = [name]
        self._opened = [first]
        self._following = following
        self._explained: set[int] = set()

    def go_on(self, last: int | None) -> BinaryIO | None:
        """The content of the file behind the one whose last packet was seen then."""
        found = self._following(last)
        if found is None:
            return None
        self.names.append(found[0])
        self._opened.append(found[1])
        return found[1].stream

    def explained(self, problem: Problem) -> Problem:
        """A problem, or why the file could not be read further, if that cut it off: one cause is told once."""
        place = len(self._opened) - 1
        fault = self._opened[place].fault
        if problem.kind != CUT_OFF or not fault:
            return problem
        self._explained.add(place)
        return dataclasses.replace(problem, kind="unreadable", detail=_told(fault))

    def unexplained(self, parts: Sequence[Totals]) -> Iterator[Problem]:
        """Why files ended early that were cut off between two packets."""
        for place, (opened, part) in enumerate(zip(self._opened, parts, strict=True)):
            if opened.fault and place not in self._explained:
                yield Problem("unreadable", _told(opened.fault), part.last_ts, part.before or None, damage=True)


def _told(fault: Sequence[str]) -> str:
    return f"the input ends early: {'; '.join(fault)}"

"""Declarations: from one function come a check's needs, thresholds, manual and tests.

A check or a cause is a function. Its positional parameters name the tables that it reads, its keyword-only parameters
are its thresholds, its docstring is its manual.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from analyzer import findings as found, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

Threshold = float | int | str


class Skip(Exception):  # noqa: N818 - it is an outcome, not an error
    """Raised by a check that cannot judge anything, with the table or fact that is missing."""


@dataclass(frozen=True)
class Check:
    """A declared check; calling it runs its function on tables and stamps the findings."""

    id: str
    title: str
    severity: str
    needs_time: bool
    needs: tuple[str, ...]
    thresholds: Mapping[str, Threshold]
    function: Callable[..., pa.Table]

    @property
    def manual(self) -> str:
        """The docstring of the function, cleaned."""
        return inspect.getdoc(self.function) or ""

    def __call__(self, *tables: pa.Table, **thresholds: Threshold) -> pa.Table:
        """Run the check on its tables, in the order of `needs`."""
        return found.stamp(self.function(*tables, **{**self.thresholds, **thresholds}), self.id, self.severity)


def check(
    identity: str, title: str, *, severity: str, needs_time: bool = True
) -> Callable[[Callable[..., pa.Table]], Check]:
    """Declare the decorated function as a check.

    The first table that it names is its subject: a station without rows there is not judged. `needs_time` is False
    for a check that judges messages which have no time.
    """

    def declare(function: Callable[..., pa.Table]) -> Check:
        needs, thresholds = _signature(function)
        return Check(identity, title, severity, needs_time, needs, thresholds, function)

    return declare


class Clue(NamedTuple):
    """What a cause says of one outage: a weight as log odds (negative speaks against), and why, in words.

    `outage` is the row in the table `outages`. A clue of weight 0 names what is missing to settle it. `owner` and
    `remedy` are set where the evidence tells them better than the cause alone: who closed, how many seconds.
    """

    outage: int
    weight: float
    text: str
    owner: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Cause:
    """A declared cause of outages; calling it gives the clues for and against it."""

    name: str
    title: str
    owner: str
    remedy: str
    needs: tuple[str, ...]
    thresholds: Mapping[str, Threshold]
    function: Callable[..., list[Clue]]

    @property
    def manual(self) -> str:
        """The docstring of the function, cleaned."""
        return inspect.getdoc(self.function) or ""

    def __call__(self, *tables: pa.Table, **thresholds: Threshold) -> list[Clue]:
        """Weigh the cause for every outage, on its tables in the order of `needs`."""
        return self.function(*tables, **{**self.thresholds, **thresholds})


def cause(name: str, title: str, *, owner: str, remedy: str) -> Callable[[Callable[..., list[Clue]]], Cause]:
    """Declare the decorated function as a cause of outages. The first table that it names is `outages`."""

    def declare(function: Callable[..., list[Clue]]) -> Cause:
        needs, thresholds = _signature(function)
        return Cause(name, title, owner, remedy, needs, thresholds, function)

    return declare


def needs(function: Callable[..., object]) -> tuple[str, ...]:
    """The tables that a function names as its positional parameters."""
    return _signature(function)[0]


def _signature(function: Callable[..., object]) -> tuple[tuple[str, ...], dict[str, Threshold]]:
    parameters = inspect.signature(function).parameters.values()
    tables = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
    unknown = [name for name in tables if name not in schema.TABLES]
    if unknown:
        raise TypeError(f"{function.__name__} reads {', '.join(unknown)}, which is no declared table")
    return tables, {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

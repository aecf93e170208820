"""How long an input goes on: a set of files that was read as one goes on to the end of its last file."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from analyzer.kernels.columns import NO_TIME, SECOND, micros

if TYPE_CHECKING:
    import pyarrow as pa

BREAK = 60 * SECOND
"""Microseconds without a packet between two files of a set after which it may be that nobody captured meanwhile."""


def sequences(sources: pa.Table) -> dict[str, str]:
    """For each input the sequence that it is a part of, by its first file; one that is part of none is its own."""
    names = sources["source"].to_pylist()
    return {name: first or name for name, first in zip(names, sources["sequence"].to_pylist(), strict=True)}


def watched_until(sources: pa.Table) -> dict[str, int]:
    """For each input when the last packet or line of it, and of the files that go on behind it, was seen."""
    parts = sequences(sources)
    last: dict[str, int] = {}
    for name, end in zip(sources["source"].to_pylist(), micros(sources["end"]).tolist(), strict=True):
        last[parts[name]] = max(end, last.get(parts[name], NO_TIME))
    return {name: last[first] for name, first in parts.items()}


def breaks(sources: pa.Table) -> dict[str, list[tuple[int, int]]]:
    """For each sequence the times between two of its files in which it may be that nobody captured."""
    parts = sequences(sources)
    spans: dict[str, list[tuple[int, int]]] = {}
    starts, ends = (micros(sources[name]).tolist() for name in ("start", "end"))
    for name, span in zip(sources["source"].to_pylist(), zip(starts, ends, strict=True), strict=True):
        spans.setdefault(parts[name], []).append(span)
    return {
        name: [(end, start) for (_, end), (start, _) in pairwise(sorted(found)) if start - end > BREAK]
        for name, found in spans.items()
    }

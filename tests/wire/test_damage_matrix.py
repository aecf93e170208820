"""On every damaged capture all that is recoverable is read, and nothing is invented."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

import analyzer as oa
from tests.wire.damage_matrix import ROWS, SAMPLES, Judged, damaged, found_in, judge, load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.wire.told import Sample

ENOUGH = 0.99
"""Of what is recoverable, over all seeds of a row."""
NOT_YET: dict[tuple[str, str], str] = {}
"""What is not read yet, by row and sample, and why."""


@functools.cache
def loaded(name: str, folder: Path) -> Sample:
    return load(name, folder)


def cells() -> list[object]:
    return [
        pytest.param(
            row,
            name,
            id=f"{row}-{name}",
            marks=[pytest.mark.xfail(reason=reason)] if (reason := NOT_YET.get((row, name))) else [],
        )
        for row in ROWS
        for name in SAMPLES
        if row != "pcapng with secrets" or "TLS" in name
    ]


def read(name: str, row: str, seed: int, samples: Path, folder: Path) -> Judged:
    """One file of the matrix, written, read and judged."""
    sample = loaded(name, samples)
    file = damaged(sample, ROWS[row], seed)
    path = folder / f"{seed}.pcap"
    path.write_bytes(file.contents)
    keys = {"keylog": samples / SAMPLES[name].keys} if SAMPLES[name].keys and "secrets" not in row else {}
    capture = oa.read(path, **keys)
    return judge(sample, ROWS[row], file, found_in(capture.tables["messages"]))


@pytest.mark.parametrize(("row", "name"), cells())
def test_all_that_is_recoverable_is_read_and_nothing_is_invented(
    row: str, name: str, samples: Path, tmp_path: Path
) -> None:
    judged = [read(name, row, seed, samples, tmp_path) for seed in range(ROWS[row].seeds)]
    assert not [each for every in judged for each in every.invented]
    assert not [each for every in judged for each in (*every.misnamed, *every.mistimed)]
    missed = [each for every in judged for each in every.missed]
    allowed = 0 if ROWS[row].whole else (1 - ENOUGH) * sum(every.recoverable for every in judged)
    assert len(missed) <= allowed, missed[:5]

"""On every damaged capture all that is recoverable is read, and nothing is invented."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import pytest

from tests.wire.damage_matrix import Judged, damaged, found_in, judge, read_file
from tests.wire.damage_rows import ROWS, SAMPLES, load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.wire.told import Sample

ENOUGH = 0.99
"""Of what is recoverable, over all seeds of a row."""


@functools.cache
def loaded(name: str, folder: Path) -> Sample:
    return load(name, folder)


def read(name: str, row: str, seed: int, samples: Path, folder: Path) -> Judged:
    """One file of the matrix, written, read and judged."""
    sample = loaded(name, samples)
    file = damaged(sample, ROWS[row], seed)
    path = folder / f"{seed}.pcap"
    path.write_bytes(file.contents)
    return judge(sample, file, found_in(read_file(path, name, row, samples)))


def test_the_reference_reads_what_the_csms_logged(samples: Path) -> None:
    logged = re.findall(r"^\S+ \S+ INFO:ocpp:CP-1: (receive message|send) (.*)$", _log(samples), re.MULTILINE)
    told = [(message.from_station, message.text) for message in loaded("1.6", samples).messages]
    assert sorted((way != "send", text) for way, text in logged) == sorted(told)


def _log(samples: Path) -> str:
    return (samples / "healthy.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("row", [name for name, row in ROWS.items() if row.whole])
def test_every_message_is_recoverable_where_every_byte_is_in_the_file(row: str, name: str, samples: Path) -> None:
    file = damaged(loaded(name, samples), ROWS[row], 0)
    assert file.recoverable == file.said


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("row", ROWS)
def test_all_that_is_recoverable_is_read_and_nothing_is_invented(
    row: str, name: str, samples: Path, tmp_path: Path
) -> None:
    judged = [read(name, row, seed, samples, tmp_path) for seed in range(ROWS[row].seeds)]
    assert not [each for every in judged for each in every.invented]
    assert not [each for every in judged for each in (*every.misnamed, *every.mistimed)]
    missed = [each for every in judged for each in every.missed]
    allowed = 0 if ROWS[row].whole else (1 - ENOUGH) * sum(every.recoverable for every in judged)
    assert len(missed) <= allowed, missed[:5]

"""Reads a mutant as a user would, and judges what came of it."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING
from unittest import mock

import analyzer
from analyzer.capture import render
from analyzer.schema import names
from analyzer.sources import packets
from analyzer.sources.opener import Opened
from analyzer.wire import batches
from analyzer.wire.batches import read_batches
from analyzer.wire.records import is_capture, read_records
from tests.fuzz.samples import FOLDER, keys
from tests.fuzz.targets import one_by_one
from tests.wire.plain import read_plainly

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.capture import Capture
    from tests.fuzz.mutations import Mutant

CHUNKS = (100, 3000)
"""Sizes of a batch, so that the mutants, which are small, have several."""
Said = tuple[str, str, str | None]


def judge(made: Mutant, folder: Path, *, everything: bool) -> int:
    """How many messages a mutant gives.

    Raises:
        AssertionError: It gives what it should not.
    """
    path = folder / made.name
    path.write_bytes(made.data)
    try:
        capture = analyzer.read(path, keylog=next(filter(None, map(keys, made.samples)), None))
    finally:
        path.unlink()
    if everything:
        _look_at_all(capture)
    if made.whole:
        known = frozenset().union(*map(said, made.samples))
        invented = _said(capture) - known
        assert not invented, f"invented messages: {sorted(invented, key=str)[:3]}"
    if (made.number % 20 == 0 or everything) and is_capture(made.data):
        _agree(made.data)
    return len(capture.base["messages"])


@functools.cache
def said(name: str) -> frozenset[Said]:
    """What is said in a sample."""
    return _said(analyzer.read(FOLDER / name, keylog=keys(name)))


def _said(capture: Capture) -> frozenset[Said]:
    table = capture.base["messages"]
    return frozenset(zip(*(table[column].to_pylist() for column in ("type", "id", "payload")), strict=True))


def _look_at_all(capture: Capture) -> None:
    for name in names("derived"):
        capture.tables[name].validate(full=True)
    result = capture.result()
    failed = [row for row in result.tables["runs"].to_pylist() if row["outcome"] == "failed"]
    assert not failed, f"failed: {failed[0]['check']} {failed[0]['why']}"
    assert render(result, "text")


def _agree(data: bytes) -> None:
    """Assert that a capture is read the same in batches and packet by packet."""
    plain = list(read_records(io.BytesIO(data)))
    with mock.patch.object(packets, "read_capture", read_plainly):
        expected = _tables(data)
    for chunk in CHUNKS:
        with mock.patch.object(batches, "CHUNK", chunk):
            assert one_by_one(read_batches(io.BytesIO(data))) == plain, (
                f"batches of {chunk} bytes differ from the plain records"
            )
            assert _tables(data) == expected, f"tables from batches of {chunk} bytes differ from the plain ones"


def _tables(data: bytes) -> dict[str, object]:
    made = packets.read(Opened(data[:64], io.BytesIO(data), []), "a.pcap", "1")
    return {name: table.to_pylist() for name, table in made.items()}

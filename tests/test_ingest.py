"""A capture that goes through in parts gives the same tables as one that is read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

import analyzer as oa
from analyzer.ingest import ingest
from analyzer.sources import parts
from tests.benchmarks.captures import make

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.capture import Capture


def written(folder: Path) -> dict[str, list[dict[str, object]]]:
    return {path.stem: pq.read_table(path).to_pylist() for path in sorted(folder.iterdir())}


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    make(tmp_path / "fleet.pcap", 4000)
    return tmp_path / "fleet.pcap"


@pytest.mark.parametrize("size", [1, 500, 1_000_000])
def test_parts_of_any_size_give_the_tables_of_the_whole(
    fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setenv("OCPP_ANALYZER_KEY", "one")
    rows = oa.read(fleet).write(tmp_path / "whole")
    monkeypatch.setattr(parts, "PART", size)
    assert ingest(fleet, into=tmp_path / "parts") == rows
    assert written(tmp_path / "parts") == written(tmp_path / "whole")


@pytest.mark.parametrize("name", ["deadline.pcap.gz", "tls13.pcapng", "intervals.pcap"])
def test_samples_give_the_same_tables_in_parts(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    oa.read(samples / name).write(tmp_path / "whole")
    monkeypatch.setattr(parts, "PART", 1)
    ingest(samples / name, into=tmp_path / "parts")
    assert written(tmp_path / "parts") == written(tmp_path / "whole")


def test_several_inputs_are_written_as_they_are_read(samples: Path, tmp_path: Path) -> None:
    both = samples / "healthy.pcap", samples / "intervals.log"
    oa.read(*both).write(tmp_path / "whole")
    ingest(*both, into=tmp_path / "parts")
    assert written(tmp_path / "parts") == written(tmp_path / "whole")


def test_what_is_not_accepted_leaves_the_folder_as_it_was(samples: Path, tmp_path: Path) -> None:
    ingest(samples / "healthy.pcap", into=tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def refuse(_: Capture) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        ingest(samples / "intervals.pcap", into=tmp_path, accept=refuse)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

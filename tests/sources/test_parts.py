from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.sources import parts
from analyzer.sources.assembly import Assembly
from analyzer.sources.parts import LARGE, Spool, deliver

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_has_no_station_comes_last_though_a_station_is_called_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART", 1)
    assembly = Assembly("a.pcap", "1", tmp_path)
    for origin, station in enumerate([None, "Z", "None"], 1):
        number = assembly.connect(station, origin, origin)
        assembly.message(number, origin, "up", f'[2,"{origin}","Heartbeat",{{}}]', origin)
        assembly.transport(number, origin, "syn", "up", 0, origin)
    made = list(deliver(assembly, assembly.small({}), Spool(tmp_path, lambda _: None)))
    assert [part["transport"]["station"].to_pylist() for part in made] == [["None"], ["Z", None]]
    assert [part["connections"]["station"].to_pylist() for part in made] == [["None"], ["Z", None]]
    assert all(set(LARGE) <= set(part) for part in made)

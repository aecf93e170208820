from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analyzer as oa
from analyzer.ocpp import schemas
from tests.benchmarks.captures import make

if TYPE_CHECKING:
    from pathlib import Path

PACKETS = 4_000


@pytest.mark.parametrize("mixed", [False, True])
def test_a_made_capture_holds_as_many_messages_as_its_maker_tells(mixed: bool, tmp_path: Path) -> None:
    made = make(tmp_path / "made.pcap", PACKETS, mixed=mixed)
    capture = oa.read(tmp_path / "made.pcap")
    assert PACKETS <= made.packets <= PACKETS * 1.01
    assert capture.tables["messages"].num_rows == made.messages
    assert capture.tables["sources"]["records"].to_pylist() == [made.packets]
    assert len(capture.stations) == made.chargers
    assert not capture.damaged


def test_the_same_arguments_make_the_same_capture(tmp_path: Path) -> None:
    contents = []
    for number, seed in enumerate((1, 1, 2)):
        make(tmp_path / f"{number}.pcap", PACKETS, mixed=True, seed=seed)
        contents.append((tmp_path / f"{number}.pcap").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_a_made_fleet_speaks_valid_ocpp_and_nothing_is_wrong_but_that_nothing_guards_it(tmp_path: Path) -> None:
    make(tmp_path / "made.pcap", PACKETS * 5)
    capture = oa.read(tmp_path / "made.pcap")
    rows = capture.tables["messages"].to_pylist()
    judged = [schemas.violations("1.6", row["action"], row["payload"], request=row["type"] == "call") for row in rows]
    assert judged == [[]] * len(rows)
    assert {"StartTransaction", "StopTransaction", "MeterValues", "GetConfiguration"} <= {row["action"] for row in rows}
    assert set(capture.check().table["check"].to_pylist()) == {"SC01", "SC03"}

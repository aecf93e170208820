"""What all checks of meter values say of whole captures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.checks import checks
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.sources.reading import read

if TYPE_CHECKING:
    from pathlib import Path

METER_VALUES = tuple(check for check in checks() if check.id.startswith("MV"))


def found(path: Path) -> dict[str, list[dict[str, object]]]:
    """The findings of each check that has any, without what was not judged."""
    workspace = Workspace(read(str(path)), DERIVATIONS)
    rows = {check.id: check(*workspace.tables(check.needs)).to_pylist() for check in METER_VALUES}
    judged = {name: [row for row in listed if row["severity"] != "unknown"] for name, listed in rows.items()}
    return {name: listed for name, listed in judged.items() if listed}


def test_each_meter_fault_is_found_once_and_by_its_own_check(samples: Path) -> None:
    told = found(samples / "meter_faults.pcap")
    assert {name: [(row["severity"], row["count"]) for row in rows] for name, rows in told.items()} == {
        "MV01": [("error", 2)],
        "MV06": [("critical", 1)],
        "MV07": [("critical", 1)],
        "MV26": [("error", 5)],
        "MV32": [("error", 3)],
        "MV39": [("critical", 1)],
    }
    for name, said in {"MV06": "1001", "MV07": "129235 to 128735", "MV32": "1005", "MV39": "1006"}.items():
        assert said in str(told[name][0]["summary"])


@pytest.mark.parametrize("name", ["healthy.pcap", "healthy.log", "healthy_201.pcap", "deadline.pcap.gz"])
def test_healthy_meters_give_nothing(samples: Path, name: str) -> None:
    assert found(samples / name) == {}


def test_the_growatt_charger_only_counts_sessions(corpus: Path) -> None:
    told = found(corpus / "captures" / "growatt_1218.pcap")
    assert {name: [row["severity"] for row in rows] for name, rows in told.items()} == {"MV08": ["info"]}


def test_the_anomaly_of_an_open_ocpp_trace_is_a_register_that_goes_backwards(corpus: Path) -> None:
    told = found(corpus / "logs" / "open_ocpp_trace_meter-anomaly.jsonl")
    assert {name: [(row["severity"], row["value"]) for row in rows] for name, rows in told.items()} == {
        "MV07": [("critical", 2000.0)]
    }

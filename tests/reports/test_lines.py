from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.findings import Finding
from analyzer.reports import lines
from tests.reports import results
from tests.reports.strangers import STRINGS, harmful

if TYPE_CHECKING:
    from analyzer.verdict.result import Result


def rendered(result: Result) -> list[str]:
    return list(lines.render(result.findings, result.tables["sources"]))


def test_a_finding_is_a_line_with_all_packets_that_prove_it() -> None:
    assert rendered(results.result()) == [
        "CP-7: WS11 error 17x Idle cut-off by the server at 60.0 s, 17 of 17 ends [packets 1203, 1209]"
    ]


def test_the_proof_in_a_log_is_a_file_and_line_for_an_editor() -> None:
    (line,) = rendered(results.result(kind="trace"))
    assert line.endswith("[cp7-night.pcapng:1203, cp7-night.pcapng:1209]")


def test_a_finding_of_no_charger_and_without_proof_is_a_line_too() -> None:
    assert rendered(results.result(rows=[Finding(None, "fleet")])) == ["-: WS11 error 1x fleet [-]"]


def test_no_findings_are_no_lines() -> None:
    assert rendered(results.result(rows=[])) == []


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_of_a_stranger_stays_in_its_line(text: str) -> None:
    (line,) = rendered(results.hostile(text))
    assert not harmful(line)
    assert len(line.splitlines()) == 1

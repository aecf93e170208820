from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analyzer import findings as found, schema
from analyzer.checks import checks
from analyzer.findings import Finding, Findings
from analyzer.verdict.checklist import LINES, checklist

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EVERY = [check for line in LINES for check in line.checks]
NOT_A_LINE = {"WS36"}
"""Told by the report's coverage."""


def lines(
    ran: Sequence[str],
    rows: Sequence[tuple[str, str]] = (),
    runs: Sequence[Mapping[str, object]] = (),
    existing: Sequence[str] = EVERY,
) -> dict[str, dict[str, Any]]:
    """The checklist of CP1 after these checks ran and found (check, severity)."""
    made = [
        found.stamp(found.table([Finding("CP1", f"{check} is {severity}", severity=severity)]), check, severity)
        for check, severity in rows
    ]
    table = schema.from_rows("runs", [*({"check": name, "outcome": "ran"} for name in ran), *runs])
    return {
        row["line"]: row
        for row in checklist(Findings(schema.concat("findings", made), table), ["CP1"], existing).to_pylist()
    }


def test_the_lines_are_those_that_an_engineer_asks() -> None:
    assert list(lines([])) == [
        *(f"A{n}" for n in range(1, 5)),
        *(f"B{n}" for n in range(1, 8)),
        *(f"C{n}" for n in range(1, 6)),
        *(f"D{n}" for n in range(1, 4)),
    ]


def test_every_check_that_exists_belongs_to_a_line() -> None:
    assert {check.id for check in checks()} - set(EVERY) - NOT_A_LINE == set()


@pytest.mark.parametrize(
    ("severities", "status"),
    [
        ([], "PASS"),
        (["info"], "PASS"),
        (["info", "warning"], "WARN"),
        (["warning", "error"], "FAIL"),
        (["critical"], "FAIL"),
    ],
)
def test_a_line_is_as_bad_as_its_worst_finding(severities: list[str], status: str) -> None:
    row = lines(["HB01"], [("HB01", severity) for severity in severities])["A2"]
    assert row["status"] == status
    assert row["detail"] == (f"HB01 is {severities[-1]}" if severities else row["detail"])


def test_a_line_that_no_check_feeds_is_unknown_and_says_that_there_is_none() -> None:
    row = lines(["HB01"], existing=["HB01"])["C3"]
    assert (row["status"], row["detail"], row["checks"]) == ("UNKNOWN", "there is no check of it yet", "")


@pytest.mark.parametrize(
    ("run", "why"),
    [
        ([], "not chosen (HB01)"),
        ([{"check": "HB01", "outcome": "failed", "why": "ValueError: 3"}], "failed: ValueError: 3 (HB01)"),
        ([{"check": "HB01", "outcome": "skipped", "why": "no clock"}], "no clock (HB01)"),
        (
            [
                {"check": "HB01", "outcome": "ran"},
                {"check": "HB01", "station": "CP1", "outcome": "skipped", "why": "no beats"},
            ],
            "no beats (HB01)",
        ),
    ],
)
def test_what_was_not_judged_is_unknown_with_its_reason_and_never_passes(
    run: list[dict[str, object]], why: str
) -> None:
    row = lines([], runs=run, existing=["HB01"])["A2"]
    assert (row["status"], row["detail"]) == ("UNKNOWN", why)


def test_a_line_that_passes_by_some_of_its_checks_says_which_did_not_judge() -> None:
    row = lines(["HB01"], existing=["HB01", "HB05", "HB07"])["A2"]
    assert (row["status"], row["checks"], row["detail"]) == ("PASS", "HB01", "not chosen (HB05, HB07)")


def test_what_a_check_could_not_judge_of_another_station_does_not_count() -> None:
    runs = [{"check": "HB01", "station": "CP2", "outcome": "skipped", "why": "no beats"}]
    assert lines(["HB01"], runs=runs, existing=["HB01"])["A2"]["status"] == "PASS"

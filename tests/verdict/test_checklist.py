from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analyzer import capture, findings as found, schema
from analyzer.checks import checks
from analyzer.findings import Finding, Findings
from analyzer.verdict.checklist import LINES, checklist
from tests.manuals import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

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
    runs_table = schema.from_rows("runs", [*({"check": name, "outcome": "ran"} for name in ran), *runs])
    return {
        row["line"]: row
        for row in checklist(Findings(schema.concat("findings", made), runs_table), ["CP1"], existing).to_pylist()
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


def test_every_line_with_a_check_that_exists_is_decided_by_checks_that_exist() -> None:
    made = {check.id for check in checks()}
    for line in LINES:
        assert set(line.deciding) <= set(line.checks)
        assert bool(set(line.deciding) & made) == bool(set(line.checks) & made), line.name


def test_a_line_does_not_pass_while_a_check_that_decides_it_does_not_exist() -> None:
    row = lines(["MV07"], existing=["MV07", "MV06"])["C3"]
    assert (row["status"], row["checks"]) == ("UNKNOWN", "MV07")
    assert row["detail"] == "there is no check of it yet (MV09, MV13)"
    assert lines(["MV07"], [("MV07", "critical")], existing=["MV07"])["C3"]["status"] == "FAIL"


def test_a_line_does_not_pass_by_checks_that_only_add() -> None:
    row = lines(["HB08", "PR11"])["B5"]
    assert (row["status"], row["detail"], row["checks"]) == ("UNKNOWN", "not chosen (PR07)", "HB08 PR11")


def test_a_line_takes_all_of_the_checks_that_decide_it() -> None:
    assert lines(["WS11"])["B4"]["status"] == "UNKNOWN"
    assert lines(["WS11", "WS12"])["B4"]["status"] == "PASS"


def test_a_check_that_only_adds_makes_a_line_as_bad_as_its_finding() -> None:
    row = lines(["PR11"], [("PR11", "error")])["B5"]
    assert (row["status"], row["detail"]) == ("FAIL", "PR11 is error")


def test_a_note_does_not_decide_a_line_that_was_not_judged() -> None:
    row = lines(["BT02"], [("BT02", "info")])["A4"]
    assert (row["status"], row["detail"]) == ("UNKNOWN", "not chosen (BT01, BT04)")


def whole(text: str, **choice: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401 - the façade's options
    """The checklist of a trace with one charger."""
    made = capture.Capture(tables(text)).result(**choice).tables["checklist"]
    return {row["line"]: row for row in made.to_pylist()}


def test_messages_of_one_side_do_not_pass_as_messages_both_ways() -> None:
    status = '{"connectorId": 1, "errorCode": "NoError", "status": "Available"}'
    made = whole(f"08:00:00x20/60s CP1 > StatusNotification#s$(i) {status}")
    assert {row["status"] for row in made.values()} == {"UNKNOWN"}
    assert "holds no answer of the CSMS" in made["B5"]["detail"]


def test_reconnects_without_a_boot_do_not_pass_as_registered() -> None:
    text = """
    08:00:00x6/600s CP1 + ocpp1.6
    08:00:01x6/600s CP1 > Heartbeat#a$(i)
    08:00:01.1x6/600s CP1 < =#a$(i) {}
    08:09:00x6/600s CP1 - 1000 by csms
    """
    row = whole(text)["A4"]
    assert (row["status"], row["detail"]) == ("UNKNOWN", "no BootNotification in the input (BT01, BT04)")


def test_the_lines_of_checks_that_were_not_chosen_do_not_pass(samples: Path) -> None:
    made = capture.read(samples / "intervals.log").result(select=["HB"]).tables["checklist"].to_pylist()
    assert {row["line"] for row in made if row["status"] != "UNKNOWN"} == {"A1", "A2", "A3"}


def test_two_messages_do_not_make_a_connection_that_holds() -> None:
    made = whole("08:00:00 CP1 + ocpp1.6 http_status=101\n08:00:01 CP1 > Heartbeat\n08:00:01.1 CP1 < = {}")
    assert [made[name]["status"] for name in ("B2", "B3", "B4")] == ["UNKNOWN"] * 3
    assert made["B2"]["detail"] == "its connections were watched for 1.1 s only (WS35)"


def test_a_connection_that_lives_on_proves_that_nothing_cuts_it_off(samples: Path) -> None:
    for name in ("healthy.pcap", "healthy.log", "healthy_201.pcap"):
        made = {row["line"]: row for row in capture.read(samples / name).result().tables["checklist"].to_pylist()}
        assert [made[line]["status"] for line in ("B1", "B2", "B4", "B5")] == ["PASS"] * 4, name
        # The log says only that the connection was closed, not how.
        assert made["B3"]["status"] == ("UNKNOWN" if name == "healthy.log" else "PASS"), name


def test_too_few_ends_for_a_pattern_leave_open_whether_there_is_one() -> None:
    life = "08:00:00x4/600s CP1 + ocpp1.6\n08:00:01x4/600s CP1 > Heartbeat#$(i)\n08:01:01x4/600s CP1 - fin by csms"
    row = whole(life)["B4"]
    assert (row["status"], row["detail"]) == ("UNKNOWN", "3 outages of the 5 that a pattern takes (WS11, WS12)")

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from analyzer import schema
from analyzer.findings import Finding
from analyzer.reports import terminal
from tests.reports import results
from tests.reports.golden import assert_golden
from tests.reports.strangers import STRINGS, harmful

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
MANY = [f"CP-{number}" for number in range(1, 101)]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_first_screen_reads_as_it_did(width: int) -> None:
    assert_golden(f"one.{width}.txt", terminal.render(results.result(), width))


def test_a_fleet_reads_as_it_did() -> None:
    assert_golden("fleet.100.txt", terminal.render(results.result(MANY), 100))


def test_nothing_reads_as_it_did() -> None:
    assert_golden("nothing.100.txt", terminal.render(results.result([], rows=[], coverage=[]), 100))


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("stations", [MANY[:1], MANY[:3], MANY, ["充电桩" * 20] * 12])
def test_no_line_is_wider_than_the_terminal(width: int, stations: list[str]) -> None:
    lines = terminal.render(results.result(stations), width).splitlines()
    assert not [line for line in lines if cell_len(line) > width]


def test_no_line_ends_in_blanks() -> None:
    assert not re.search(r"[ \t]+$", terminal.render(results.result(MANY[:3])), re.MULTILINE)


def test_colour_says_nothing_that_the_words_do_not() -> None:
    coloured = terminal.render(results.result(), 100, colour=True)
    assert COLOUR.search(coloured)
    plain = [line.rstrip() for line in COLOUR.sub("", coloured).splitlines()]
    assert plain == terminal.render(results.result(), 100).splitlines()


def test_without_colour_no_escape_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b" not in terminal.render(results.result())


@pytest.mark.parametrize("text", STRINGS)
@pytest.mark.parametrize("colour", [False, True])
def test_a_string_of_a_stranger_moves_no_cursor_and_hides_nothing(text: str, colour: bool) -> None:
    told = COLOUR.sub("", terminal.render(results.hostile(text), colour=colour))
    assert not harmful(told)


@pytest.mark.parametrize("text", ["[bold red]CP[/]", ":boom:", "[link=x]a[/link]", "https://example.org/1"])
def test_markup_of_a_stranger_is_printed_as_it_stands(text: str) -> None:
    plain = terminal.render(results.hostile(text))
    assert text in plain
    assert text in terminal.render(results.hostile(text), colour=True)


def test_a_lone_surrogate_can_be_written() -> None:
    terminal.render(results.result(coverage=["a \ud800 b"])).encode()


def lines_of(*rows: tuple[str, str, str | None]) -> str:
    table = schema.from_rows(
        "checklist",
        [
            {"station": "CP-7", "line": line, "title": "x", "status": status, "detail": detail}
            for line, status, detail in rows
        ],
    )
    return terminal.render(results.result(checklist=table))


def test_neighbours_that_failed_for_the_same_reason_are_told_together() -> None:
    told = lines_of(("C1", "UNKNOWN", "no samples"), ("C2", "UNKNOWN", "no samples"), ("C3", "PASS", None))
    assert "C1-C2 UNKNOWN no samples     C3 PASS" in told


def test_neighbours_that_passed_are_told_each() -> None:
    assert "C1 PASS     C2 PASS" in lines_of(("C1", "PASS", None), ("C2", "PASS", "not read"))


def test_what_is_wrong_with_a_line_of_the_checklist_is_cut_between_words() -> None:
    assert re.search(r"C1 FAIL (wrong )+wrong…\n", lines_of(("C1", "FAIL", "wrong " * 40)))


def test_the_owner_of_the_remedy_stands_at_the_right_or_below() -> None:
    assert re.search(r"→ Raise .* or more\. +owner CSMS · confidence high\n", terminal.render(results.result(), 100))
    assert "or more.\n    owner CSMS · confidence high\n" in terminal.render(results.result(), 80)


def test_findings_beyond_the_first_dozen_are_counted() -> None:
    rows = [results.cutoff("CP-7", f"finding {number}") for number in range(14)]
    assert "and 2 findings more, none worse than error" in terminal.render(results.result(rows=rows))


def test_findings_of_no_charger_are_told_too() -> None:
    assert "the whole fleet fell silent" in terminal.render(
        results.result(rows=[Finding(None, "the whole fleet fell silent")])
    )


def test_what_would_settle_an_open_verdict_is_told() -> None:
    row = {"station": "CP-7", "severity": "error", "sentences": "Offline.", "remedy": "Look.", "missing": "a capture"}
    told = terminal.render(results.result(verdict=schema.from_rows("verdict", [row])))
    assert "What would settle it: a capture" in told


def test_a_charger_with_nothing_wrong_is_told_so_in_one_sentence() -> None:
    row = {"station": "CP-7", "severity": None, "sentences": "Nothing wrong was found in 262 messages."}
    told = terminal.render(results.result(rows=[], verdict=schema.from_rows("verdict", [row])))
    assert "  Nothing wrong was found in 262 messages.\n\n  Heartbeat" in told
    assert "→" not in told


def test_a_finding_of_a_longer_watch_is_told_with_its_day() -> None:
    source = results.sources().to_pylist()[0]
    long = schema.from_rows("sources", [{**source, "end": results.at(5 * 86_400)}])
    assert "first 3 Feb 2026 18:19:48" in terminal.render(results.result(sources=long))


def test_long_coverage_is_cut_and_says_so() -> None:
    long = replace(results.result(), coverage=[f"input {number}" for number in range(20)])
    assert "and 6 lines more in the full report" in terminal.render(long)


def test_no_line_breaks_between_a_figure_and_its_unit() -> None:
    told = results.result(rows=[Finding("CP-1", "It said nothing " + "for 60 s or 7.5 kWh or 12 % " * 40)])
    for width in range(60, 121):
        lines = terminal.render(told, width).splitlines()
        assert not [line for line in lines if re.match(r"\s*(s|kWh|%)( |$)", line)]

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.findings import Finding
from analyzer.reports import json as report
from tests.reports import results
from tests.reports.golden import assert_golden
from tests.reports.strangers import STRINGS

if TYPE_CHECKING:
    from analyzer.verdict.result import Result


def document(result: Result) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON (RFC 8259 6)")

    return dict(json.loads(report.render(result), parse_constant=refuse))


def test_the_document_reads_as_it_did() -> None:
    assert_golden("one.json", report.render(results.result()))


def test_the_same_result_gives_the_same_document() -> None:
    assert report.render(results.result()) == report.render(results.result())


def test_times_are_iso_8601_in_utc() -> None:
    (verdict,) = document(results.result())["findings"]
    assert verdict["start"] == "2026-02-03T18:19:48.000000Z"
    assert datetime.fromisoformat(verdict["evidence"][0]["ts"]).utcoffset() is not None


def test_the_checks_that_ran_are_named_and_the_others_give_their_reason() -> None:
    told = document(results.result())
    assert told["ran"] == ["WS11"]
    assert [(row["check"], row["outcome"], row["why"]) for row in told["runs"]] == [
        ("MV26", "skipped", "no sample interval seen"),
        ("CK02", "failed", "ValueError: clock"),
    ]


def test_what_is_no_number_is_null() -> None:
    row = Finding("CP-7", "odd", value=float("nan"), limit=float("inf"))
    (finding,) = document(results.result(rows=[row]))["findings"]
    assert finding["value"] is finding["limit"] is None


def test_nothing_gives_a_document_with_the_same_keys() -> None:
    empty = document(results.result([], rows=[], coverage=[]))
    assert list(empty) == list(document(results.result()))
    assert empty["verdict"] == []


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_of_a_stranger_comes_back_as_it_was(text: str) -> None:
    told = document(results.hostile(text))
    assert told["verdict"][0]["station"] == told["findings"][0]["summary"] == told["coverage"][0] == text


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_of_a_stranger_is_written_in_ascii(text: str) -> None:
    written = report.render(results.hostile(text))
    assert written.isascii()
    assert set(written) - {"\n"} <= {chr(code) for code in range(0x20, 0x7F)}


def test_a_lone_surrogate_is_escaped() -> None:
    assert r"a \ud800 b" in report.render(results.result(coverage=["a \ud800 b"]))

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from analyzer import findings, schema
from analyzer.findings import MAX_EVIDENCE, SEVERITIES, Evidence, Finding, Findings, not_judged

if TYPE_CHECKING:
    import pyarrow as pa


def stamped(*rows: Finding, check: str = "ZZ01", severity: str = "warning") -> pa.Table:
    return findings.stamp(findings.table(rows), check, severity)


def plain(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def test_a_finding_takes_the_severity_of_its_check_where_it_has_none_of_its_own() -> None:
    rows = plain(stamped(Finding("CP1", "a"), Finding("CP1", "b", severity="critical")))
    assert [(row["check"], row["severity"]) for row in rows] == [("ZZ01", "warning"), ("ZZ01", "critical")]


def test_a_fingerprint_depends_on_check_station_and_subject_and_not_on_the_figures() -> None:
    (one,) = plain(stamped(Finding("CP1", "60 s", value=60.0, start=1, subject="a")))
    (same,) = plain(stamped(Finding("CP1", "90 s", value=90.0, start=2, subject="a")))
    others = [
        *plain(stamped(Finding("CP2", "60 s", subject="a"), Finding("CP1", "60 s", subject="b"))),
        *plain(stamped(Finding("CP1", "60 s", subject="a"), check="ZZ02")),
        *plain(stamped(Finding(None, "60 s", subject="a"))),
    ]
    assert one["fingerprint"] == same["fingerprint"]
    assert len({one["fingerprint"], *(row["fingerprint"] for row in others)}) == 5


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.text(st.characters(codec="utf-8"), max_size=20))
def test_any_station_and_subject_has_a_fingerprint(station: str, subject: str) -> None:
    (row,) = plain(stamped(Finding(station, "", subject=subject)))
    assert len(row["fingerprint"]) == 16
    assert row["station"] == station


def test_evidence_is_bounded_and_the_count_is_not() -> None:
    proof = [Evidence("a.pcap", number, number) for number in range(50)]
    (row,) = plain(stamped(Finding("CP1", "much", count=50, evidence=proof)))
    assert [entry["origin"] for entry in row["evidence"]] == list(range(MAX_EVIDENCE))
    assert row["count"] == 50


def test_no_findings_are_a_table_of_the_declared_columns() -> None:
    assert stamped().schema == schema.arrow("findings")
    assert stamped().num_rows == 0


def test_the_worst_come_first_and_of_one_check_the_most_frequent() -> None:
    rows = findings.worst_first(
        schema.concat(
            "findings",
            [
                stamped(Finding("CP1", "rare", count=1), Finding("CP1", "often", count=9), check="ZZ01"),
                stamped(Finding("CP2", "worst"), check="ZZ02", severity="critical"),
                stamped(Finding("CP0", "least"), check="ZZ00", severity="info"),
            ],
        )
    )
    assert rows["summary"].to_pylist() == ["worst", "often", "rare", "least"]


@pytest.mark.parametrize(("severity", "rank"), [*zip(SEVERITIES, range(4), strict=True), ("unknown", -1), ("", -1)])
def test_a_severity_has_its_rank_and_what_is_none_ranks_below_all(severity: str, rank: int) -> None:
    assert findings.rank(severity) == rank


def test_what_could_not_be_judged_is_marked_as_such() -> None:
    (row,) = plain(stamped(not_judged("CP1", "no interval")))
    assert (row["severity"], row["summary"], findings.rank(row["severity"])) == ("unknown", "no interval", -1)


def test_an_outcome_knows_its_worst_its_length_and_the_findings_of_a_check() -> None:
    both = schema.concat(
        "findings", [stamped(Finding("CP1", "a")), stamped(Finding("CP2", "b"), check="ZZ02", severity="error")]
    )
    outcome = Findings(both, schema.empty("runs"))
    assert (len(outcome), outcome.worst) == (2, "error")
    assert outcome.of("ZZ02")["summary"].to_pylist() == ["b"]
    assert outcome.of("ZZ09").num_rows == 0
    assert list(outcome.frame["station"]) == ["CP1", "CP2"]


def test_nothing_found_has_no_worst() -> None:
    assert Findings(schema.empty("findings"), schema.empty("runs")).worst is None


def test_findings_are_printed_as_their_counts_the_worst_first() -> None:
    rows = [Finding("CP1", "a"), Finding("CP1", "b", severity="critical"), Finding("CP2", "c")]
    ran = {"check": "ZZ01", "outcome": "ran"}
    runs = schema.from_rows("runs", [ran, {"check": "ZZ02", "outcome": "skipped"}, {**ran, "outcome": "skipped"}])
    assert repr(Findings(stamped(*rows), runs)) == "Findings(1 critical, 2 warning; 1 check ran)"
    assert repr(Findings(stamped(), runs.slice(1, 1))) == "Findings(none; 0 checks ran)"


def test_a_notebook_shows_findings_with_their_text_escaped() -> None:
    outcome = Findings(stamped(Finding("<b>CP1", "a & b")), schema.empty("runs"))
    assert "<b>" not in outcome._repr_html_()
    assert "a &amp; b" in outcome._repr_html_()

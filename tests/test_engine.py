from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer import engine, findings, plan
from analyzer.config import Config, ConfigError, resolve
from analyzer.findings import Evidence, Finding, not_judged
from tests.manuals import workspace

if TYPE_CHECKING:
    import pyarrow as pa

BEATS = "08:00:00x3/60s CP1 > Heartbeat\n08:00:00 CP2 > StatusNotification"


@plan.check("ZZ01", "counts heartbeats", severity="warning")
def counting(heartbeats: pa.Table, *, most: int = 2) -> pa.Table:
    """Too many heartbeats."""
    if heartbeats.num_rows <= most:
        return findings.table([])
    return findings.table([Finding("CP1", "too many", count=heartbeats.num_rows, evidence=[Evidence("x", 1)])])


@plan.check("ZZ02", "fails", severity="error")
def failing(messages: pa.Table) -> pa.Table:
    """Always fails."""
    raise ValueError(messages.num_rows)


@plan.check("ZZ03", "skips", severity="error")
def skipping(messages: pa.Table) -> pa.Table:
    """Always skips."""
    raise plan.Skip(f"no fact in {messages.num_rows} rows")


@plan.check("ZZ04", "cannot judge one", severity="error")
def unsure(messages: pa.Table) -> pa.Table:
    """Cannot judge CP2."""
    assert messages.num_rows
    return findings.table([not_judged("CP2", "no interval"), Finding("CP1", "bad", severity="critical")])


def run(*checks: plan.Check, config: Config | None = None) -> findings.Findings:
    return engine.run(checks, workspace(BEATS), config or Config())


def test_needs_and_thresholds_come_from_the_signature() -> None:
    assert counting.needs == ("heartbeats",)
    assert counting.thresholds == {"most": 2}


def test_a_check_that_reads_no_declared_table_is_refused() -> None:
    def nonsense(colours: pa.Table) -> pa.Table:
        return colours

    with pytest.raises(TypeError, match="colours"):
        plan.check("ZZ05", "", severity="error")(nonsense)


def test_findings_carry_check_severity_and_a_stable_fingerprint() -> None:
    (first,), (second,) = run(counting).table.to_pylist(), run(counting).table.to_pylist()
    assert (first["check"], first["severity"], first["count"]) == ("ZZ01", "warning", 3)
    assert first["fingerprint"] == second["fingerprint"]


def test_a_threshold_of_the_user_is_used() -> None:
    assert len(run(counting, config=Config(thresholds={"ZZ01": {"most": 3}}))) == 0


def test_a_check_that_fails_costs_one_row_and_not_the_run() -> None:
    found = run(failing, counting)
    assert [row["outcome"] for row in found.runs.to_pylist() if row["station"] is None] == ["failed", "ran"]
    assert "ValueError" in found.runs.to_pylist()[0]["why"]
    assert len(found) == 1


def test_a_skipped_check_says_what_is_missing() -> None:
    (row,) = run(skipping).runs.to_pylist()
    assert (row["outcome"], row["why"]) == ("skipped", "no fact in 4 rows")


def test_a_station_without_rows_in_the_subject_is_not_judged() -> None:
    rows = [row for row in run(counting).runs.to_pylist() if row["station"]]
    assert [(row["station"], row["outcome"], row["why"]) for row in rows] == [
        ("CP2", "skipped", "no Heartbeat in the input")
    ]


def test_what_a_check_could_not_judge_is_no_finding() -> None:
    found = run(unsure)
    assert [row["station"] for row in found.table.to_pylist()] == ["CP1"]
    assert [(row["station"], row["why"]) for row in found.runs.to_pylist() if row["station"]] == [
        ("CP2", "no interval")
    ]


def test_findings_come_worst_first() -> None:
    assert [row["check"] for row in run(counting, unsure).table.to_pylist()] == ["ZZ04", "ZZ01"]


def test_a_selection_names_checks_or_families() -> None:
    config = resolve([counting, failing, unsure], select=["zz01,ZZ04"], ignore=["ZZ04"])
    assert [check.id for check in (counting, failing, unsure) if config.chooses(check)] == ["ZZ01"]


@pytest.mark.parametrize(
    ("choices", "hint"),
    [
        ({"select": ["ZZ1"]}, "no check is called ZZ1"),
        ({"settings": ["ZZ01"]}, "--set wants"),
        ({"settings": ["ZZ01.least=1"]}, "has no threshold least; it has: most"),
        ({"settings": ["ZZ01.most=x"]}, "x is no int"),
        ({"settings": ["ZZ99.most=1"]}, "no check is called ZZ99"),
        ({"select": ["ZZ01"], "ignore": ["ZZ"]}, "leaves no check"),
    ],
)
def test_a_choice_that_cannot_be_followed_is_a_line_with_a_hint(choices: dict[str, list[str]], hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        resolve([counting, failing], **choices)


def test_a_table_is_derived_once() -> None:
    space = workspace(BEATS)
    assert space.table("calls") is space.table("calls")


@plan.cause("broken", "Always fails", owner="nobody", remedy="none")
def broken(outages: pa.Table) -> list[plan.Clue]:
    """Always fails."""
    raise ValueError(outages.num_rows)


@plan.cause("sure", "Always sure", owner="nobody", remedy="none")
def sure(outages: pa.Table) -> list[plan.Clue]:
    """Blames itself for every outage."""
    return [plan.Clue(number, 2.0, "seen") for number in range(outages.num_rows)]


def test_a_cause_that_fails_costs_a_row_and_not_the_others() -> None:
    space = workspace("08:00:00 CP1 + ocpp1.6\n08:05:00 CP1 - rst\n08:06:00 CP1 + ocpp1.6")
    clues, failed = engine.weigh([broken, sure], space)
    assert (len(clues["broken"]), len(clues["sure"])) == (0, 1)
    (row,) = failed.to_pylist()
    assert (row["check"], row["outcome"], row["why"]) == ("broken", "failed", "ValueError: 1")


def test_a_derived_table_that_fails_costs_the_causes_that_read_it_a_row_each() -> None:
    space = workspace(BEATS)
    (clues, failed) = engine.weigh([sure], engine.Workspace(space.base, {"outages": failing_derivation}))
    assert clues == {"sure": []}
    assert failed["why"].to_pylist() == ["ValueError: no outages"]


def failing_derivation(messages: pa.Table) -> pa.Table:
    assert messages.num_rows
    raise ValueError("no outages")

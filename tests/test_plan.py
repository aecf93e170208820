from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer import findings, schema
from analyzer.findings import Finding
from analyzer.plan import Clue, cause, check, needs

if TYPE_CHECKING:
    import pyarrow as pa


@check("ZZ01", "A title", severity="warning", needs_time=False)
def counting(messages: pa.Table, calls: pa.Table, *, most: int = 0, factor: float = 1.5) -> pa.Table:
    """The first sentence.

    Why it matters: it does.
    """
    assert calls.num_rows == 0
    return findings.table([Finding("CP1", f"{messages.num_rows} over {most} by {factor:g}")])


@cause("zz", "A cause", owner="site", remedy="Mend it.")
def blaming(outages: pa.Table, *, weight: float = 2.0) -> list[Clue]:
    """It was this."""
    return [Clue(number, weight, "seen") for number in range(outages.num_rows)]


def test_a_check_knows_its_tables_thresholds_and_manual_from_its_function() -> None:
    assert counting.needs == ("messages", "calls")
    assert counting.thresholds == {"most": 0, "factor": 1.5}
    assert counting.manual == "The first sentence.\n\nWhy it matters: it does."
    assert (counting.id, counting.title, counting.severity, counting.needs_time) == (
        "ZZ01",
        "A title",
        "warning",
        False,
    )


def test_calling_a_check_stamps_its_findings_and_keeps_the_other_thresholds() -> None:
    (row,) = counting(schema.empty("messages"), schema.empty("calls"), most=7).to_pylist()
    assert (row["check"], row["severity"], row["summary"]) == ("ZZ01", "warning", "0 over 7 by 1.5")


def test_a_cause_is_declared_alike_and_gives_clues() -> None:
    outages = schema.from_rows("outages", [{"station": "CP1"}, {"station": "CP2"}])
    assert blaming.needs == ("outages",)
    assert blaming(outages) == [Clue(0, 2.0, "seen"), Clue(1, 2.0, "seen")]
    assert blaming(outages, weight=3.0)[1].weight == 3.0
    assert blaming.manual == "It was this."


def test_a_clue_leaves_owner_and_remedy_to_its_cause_unless_it_knows_better() -> None:
    assert Clue(0, 1.0, "seen")[3:] == ("", "")
    assert Clue(0, 1.0, "seen", remedy="Raise it to 180 s.").remedy == "Raise it to 180 s."


def test_a_derivation_needs_the_tables_that_it_names() -> None:
    def derived(calls: pa.Table, settings: pa.Table) -> pa.Table:
        raise NotImplementedError(calls, settings)

    assert needs(derived) == ("calls", "settings")


def test_a_function_that_names_no_declared_table_is_refused_with_its_name() -> None:
    def nonsense(colours: pa.Table, messages: pa.Table) -> pa.Table:
        raise NotImplementedError(colours, messages)

    with pytest.raises(TypeError, match="nonsense reads colours, which is no declared table"):
        check("ZZ02", "", severity="error")(nonsense)

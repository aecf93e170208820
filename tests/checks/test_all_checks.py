"""What holds for every check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from analyzer import schema
from analyzer.checks import FAMILIES, checks
from tests.manuals import EXAMPLES, FIRES, SECTIONS, findings, sections, workspace

if TYPE_CHECKING:
    from analyzer.plan import Check

ALL = pytest.mark.parametrize("check", checks(), ids=lambda check: check.id)


def test_no_id_is_used_twice() -> None:
    ids = [check.id for check in checks()]
    assert len(ids) == len(set(ids))


@ALL
def test_an_id_belongs_to_a_family(check: Check) -> None:
    assert check.id[:2] in FAMILIES
    assert check.id[2:].isdigit()


@ALL
def test_a_manual_is_complete(check: Check) -> None:
    found = sections(check.manual)
    assert [name for name in SECTIONS if not found.get(name, "").strip()] == []
    assert check.manual.split("\n")[0].endswith(".")


@ALL
def test_a_check_fires_on_its_example(check: Check) -> None:
    assert findings(check, sections(check.manual)[FIRES])


@ALL
@pytest.mark.parametrize("name", EXAMPLES[1:])
def test_a_check_is_silent_on_its_near_miss_and_confounder(check: Check, name: str) -> None:
    assert findings(check, sections(check.manual)[name]) == []


@ALL
def test_nothing_in_gives_nothing_out(check: Check) -> None:
    made = check(*(schema.empty(name) for name in check.needs))
    assert made.num_rows == 0
    assert made.schema == schema.arrow("findings")


@ALL
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_station_is_judged_alike_whatever_else_is_in_the_input(check: Check, name: str) -> None:
    def judged(text: str, beginning: str) -> list[tuple[object, ...]]:
        columns = ("severity", "value", "limit", "unit", "count", "start", "end")
        return sorted(
            (str(row["station"])[1:], str(row["summary"]).replace(beginning, "CP"), *(row[name] for name in columns))
            for row in check(*workspace(text).tables(check.needs)).to_pylist()
            if str(row["station"]).startswith(beginning)
        )

    alone = sections(check.manual)[name]
    twin = re.sub(r"\bCP(?=\d)", "TP", alone)
    together = f"{alone.rstrip()}\n{twin.lstrip(chr(10))}"
    assert judged(together, "CP") == judged(together, "TP") == judged(alone, "CP")


@ALL
def test_findings_have_the_declared_columns_and_proof(check: Check) -> None:
    for row in findings(check, sections(check.manual)[FIRES]):
        assert row["check"] == check.id
        assert row["summary"]
        assert row["evidence"], "a finding names the rows that prove it"
        assert row["fingerprint"]

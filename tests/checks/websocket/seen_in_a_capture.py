"""Traces as if a capture had shown them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer import schema
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from tests.manuals import tables

if TYPE_CHECKING:
    from analyzer.plan import Check


def captured(text: str) -> Workspace:
    """A workspace over a trace that is taken for a capture."""
    made = tables(text)
    rows = [{**row, "kind": "capture"} for row in made["sources"].to_pylist()]
    return Workspace({**made, "sources": schema.from_rows("sources", rows)}, DERIVATIONS)


def judged(check: Check, workspace: Workspace, **thresholds: float) -> list[dict[str, Any]]:
    """All that a check says, what it could not judge included."""
    rows: list[dict[str, Any]] = check(*workspace.tables(check.needs), **thresholds).to_pylist()
    return rows


def severities(check: Check, workspace: Workspace) -> list[str]:
    """The severities of all that a check says; `unknown` is what it could not judge."""
    return [str(row["severity"]) for row in judged(check, workspace)]

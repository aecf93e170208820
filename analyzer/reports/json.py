"""The report for programs: one JSON document with stable keys."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING

from analyzer.reports import summary
from analyzer.reports.text import iso, proof

if TYPE_CHECKING:
    from analyzer.verdict.result import Result

LAYOUT = 1
"""The version of the layout: it grows when a key goes or changes its meaning, not when one is added."""
TABLES = ("sources", "verdict", "checklist", "outages", "causes", "runs", "issues")


def render(result: Result) -> str:
    """The result as JSON: times are ISO 8601 in UTC, what is not known is null."""
    kinds = summary.kinds(result)
    document = {
        "layout": LAYOUT,
        "damaged": result.damaged,
        "coverage": list(result.coverage),
        **{name: _rows(summary.rows(result, name)) for name in TABLES if name != "runs"},
        "findings": _rows({**row, "where": proof(row["evidence"] or (), kinds)} for row in summary.findings(result)),
        "runs": _rows(row for row in result.findings.runs.to_pylist() if row["outcome"] != "ran"),
        "ran": sorted({row["check"] for row in result.findings.runs.to_pylist() if row["outcome"] == "ran"}),
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _rows(rows: object) -> list[object]:
    return [_plain(row) for row in rows]  # type: ignore[attr-defined]


def _plain(value: object) -> object:
    """The value as JSON has it: not a number becomes null."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

"""Findings as lines for scripts and `grep`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.reports.text import named, proof, safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from analyzer.findings import Findings


def render(findings: Findings, sources: pa.Table) -> Iterator[str]:
    """One line a finding: station, check, severity, count, summary, proof."""
    kinds = dict(zip(sources["source"].to_pylist(), sources["kind"].to_pylist(), strict=True))
    for row in findings.table.to_pylist():
        where = proof(row["evidence"] or (), kinds) or "-"
        station = named(row["station"]) if row["station"] is not None else "-"
        yield safe(f"{station}: {row['check']} {row['severity']} {row['count']}x {row['summary']} [{where}]")

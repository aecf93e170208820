"""Everything that is known of what was read: what reports render and plots draw from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from analyzer.findings import Findings


@dataclass(frozen=True)
class CheckInfo:
    """What a report says of a check beside its findings."""

    id: str
    title: str
    manual: str


@dataclass(frozen=True)
class Result:
    """The outcome of one analysis.

    `tables` holds every declared base and derived table and the outcome tables `causes`, `checklist` and `verdict` by
    name. `coverage` is what was read, understood and lost, and what could not be judged, one line a thought.
    """

    tables: Mapping[str, pa.Table]
    findings: Findings
    coverage: Sequence[str]
    checks: Mapping[str, CheckInfo]
    damaged: bool

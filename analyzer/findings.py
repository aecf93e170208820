"""Findings: what a check says is wrong, with the figures and the rows that prove it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

SEVERITIES = ("info", "warning", "error", "critical")
UNKNOWN = "unknown"
MAX_EVIDENCE = 5


class Evidence(NamedTuple):
    """One row that proves a finding: the input, the packet or line in it, and the time in microseconds."""

    source: str | None
    origin: int | None
    ts: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. Times are microseconds since the epoch; value and limit share the unit.

    `severity` is set where it differs from the check's own. `count` is how many events the finding stands for.
    `subject` tells findings of one check and station apart (a connector, an action), and is part of the fingerprint.
    """

    station: str | None
    summary: str
    start: int | None = None
    end: int | None = None
    connection: str | None = None
    value: float | None = None
    limit: float | None = None
    unit: str | None = None
    count: int = 1
    evidence: Sequence[Evidence] = ()
    severity: str | None = None
    subject: str = ""


def not_judged(station: str | None, why: str) -> Finding:
    """A statement that a check could not judge a station; the engine moves it to `runs`."""
    return Finding(station, why, severity=UNKNOWN)


def table(rows: Iterable[Finding]) -> pa.Table:
    """The table `findings` of these rows; check and fingerprint are filled in by `stamp`."""
    listed = list(rows)
    columns: dict[str, list[object]] = {name: [] for name in schema.arrow("findings").names}
    for row in listed:
        columns["check"].append(row.subject)
        for name in ("severity", "station", "connection", "start", "end", "value", "limit", "unit", "count", "summary"):
            columns[name].append(getattr(row, name))
        columns["evidence"].append([entry._asdict() for entry in row.evidence[:MAX_EVIDENCE]])
        columns["fingerprint"].append(None)
    return schema.from_columns("findings", columns)


def stamp(findings: pa.Table, check: str, severity: str) -> pa.Table:
    """The findings under a check's name, with its severity where a row has none, and with fingerprints.

    A fingerprint stays the same from one run to the next while check, station and subject do.
    """
    if findings.num_rows == 0:
        return findings
    subjects, stations = findings["check"].to_pylist(), findings["station"].to_pylist()
    marks = [
        hashlib.blake2b(f"{check}\0{station}\0{subject}".encode("utf-8", "replace"), digest_size=8).hexdigest()
        for subject, station in zip(subjects, stations, strict=True)
    ]
    severities = [given or severity for given in findings["severity"].to_pylist()]
    columns = {name: findings[name] for name in findings.column_names}
    columns |= {"check": [check] * len(marks), "severity": severities, "fingerprint": marks}
    return schema.from_columns("findings", columns)


def rank(severity: str) -> int:
    """How bad a severity is: 0 for info to 3 for critical, -1 for what is none."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def worst_first(findings: pa.Table) -> pa.Table:
    """The findings sorted by severity, then by check and station, the most frequent and the earliest first."""
    keys = pa.table(
        {
            "severity": [-rank(severity) for severity in findings["severity"].to_pylist()],
            "count": pc.negate(findings["count"]),
            "station": findings["station"].cast(pa.string()),
            "check": findings["check"].cast(pa.string()),
            "start": findings["start"],
            "summary": findings["summary"],
        }
    )
    names = ("severity", "check", "station", "count", "start", "summary")
    return findings.take(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in names]))


@dataclass(frozen=True)
class Findings:
    """The outcome of a run of checks: the table `findings` and the table `runs`."""

    table: pa.Table
    runs: pa.Table

    @property
    def frame(self) -> pd.DataFrame:
        """The findings as a pandas frame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    @property
    def worst(self) -> str | None:
        """The worst severity among the findings, None where there are none."""
        severities = self.table["severity"].to_pylist()
        return max(severities, key=rank, default=None)

    def of(self, check: str) -> pa.Table:
        """The findings of one check."""
        return self.table.filter(np.array([name == check for name in self.table["check"].to_pylist()], dtype=bool))

    def __len__(self) -> int:
        """How many findings there are."""
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        """How many findings of which severity there are, the worst first, and how many checks ran."""
        severities = self.table["severity"].to_pylist()
        counts = [f"{severities.count(name)} {name}" for name in reversed(SEVERITIES) if name in severities]
        ran = len(set(self.runs.filter(pc.equal(self.runs["outcome"], "ran"))["check"].to_pylist()))
        return f"Findings({', '.join(counts) or 'none'}; {ran} check{'s' * (ran != 1)} ran)"

    def _repr_html_(self) -> str:
        return str(self.frame[["check", "severity", "station", "start", "count", "summary"]].to_html(index=False))

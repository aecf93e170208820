"""What several reports need of a result: its rows as dictionaries, by station, and its span of time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analyzer.findings import worst_first
from analyzer.reports.text import clip, named, safe, span
from analyzer.verdict.coverage import INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from analyzer.verdict.result import Result

Row = dict[str, Any]
FAMILIES = {"A": "Heartbeat", "B": "WebSocket", "C": "MeterValues", "D": "Data"}
"""The paragraphs of the checklist by the first letter of their lines."""
NAME_LENGTH = 48


def called(station: str | None) -> str:
    """What a charger is called in a report."""
    return clip(named(station), NAME_LENGTH) if station is not None else "all chargers"


def rows(result: Result, table: str) -> list[Row]:
    """The rows of a table of the result."""
    return list(result.tables[table].to_pylist()) if table in result.tables else []


def findings(result: Result) -> list[Row]:
    """The findings, worst first."""
    return list(worst_first(result.findings.table).to_pylist())


def shown(result: Result) -> list[Row]:
    """The findings that are listed as such, worst first; of what the input lacks the coverage tells."""
    return [row for row in findings(result) if row["check"] != INCOMPLETE]


def by_station(found: Iterable[Row]) -> dict[str | None, list[Row]]:
    """Rows by station, in their order."""
    grouped: dict[str | None, list[Row]] = {}
    for row in found:
        grouped.setdefault(row["station"], []).append(row)
    return grouped


def kinds(result: Result) -> dict[str, str]:
    """The kind of each source by its name."""
    return {row["source"]: row["kind"] for row in rows(result, "sources")}


def watched(result: Result) -> str:
    """The span of time that was read, in words; empty where no input tells a time."""
    return span(*_ends(result))


def within_a_day(result: Result) -> bool:
    """Whether a time of day tells a moment of the input without its date."""
    start, end = _ends(result)
    return start is not None and end is not None and end - start < timedelta(days=1)


def _ends(result: Result) -> tuple[datetime | None, datetime | None]:
    sources = rows(result, "sources")
    starts = [row["start"] for row in sources if row["start"]]
    ends = [row["end"] for row in sources if row["end"]]
    return min(starts, default=None), max(ends, default=None)


def versions(result: Result) -> dict[str | None, str]:
    """The OCPP versions that each station spoke, in words."""
    table = result.tables["connections"].select(["station", "version"])
    spoken: dict[str | None, set[str]] = {}
    for row in table.group_by(["station", "version"]).aggregate([]).to_pylist():
        if row["version"]:
            spoken.setdefault(row["station"], set()).add(row["version"])
    return {station: "OCPP " + ", ".join(sorted(map(safe, names))) for station, names in spoken.items()}


def families(lines: Iterable[Row]) -> Mapping[str, list[Row]]:
    """The lines of a checklist by their paragraph."""
    grouped: dict[str, list[Row]] = {}
    for row in sorted(lines, key=lambda row: str(row["line"])):
        grouped.setdefault(FAMILIES.get(row["line"][:1], "Other"), []).append(row)
    return grouped

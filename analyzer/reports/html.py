"""The full report as one HTML file that fetches nothing and runs nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from analyzer.findings import SEVERITIES, rank
from analyzer.reports import outages, summary, text
from analyzer.reports.summary import called

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analyzer.reports.summary import Row
    from analyzer.verdict.result import CheckInfo, Result

TEMPLATE = "report.html.j2"
MAX_FINDINGS = 500
MAX_OUTAGES = 500
MAX_ISSUES = 200
MAX_STATIONS = 100
"""Stations with a verdict and a checklist of their own."""
MAX_SKIPPED = 200
MANY = 10
"""More verdicts than this are set small; more findings of a check than this are folded."""
MANUAL_SECTIONS = ("Why it matters", "Not a fault when", "Likely causes", "What to do", "Source")
"""The sections of a manual that a report repeats; its examples are left out."""
FIGURES = {
    "timeline": "Connections, messages and findings over time, a lane a charger.",
    "heartbeat_gaps": "Gaps between heartbeats against the interval in force.",
    "idle_age": "How long connections had been quiet when they ended.",
    "meter_register": "Energy register and power over time; transactions are shaded.",
}
COUNTS = {
    "bytes": "Bytes",
    "records": "Packets or lines",
    "messages": "Messages",
    "lifecycle": "Connections, pings",
    "ignored": "Without OCPP",
    "unknown": "Not understood",
}


def render(result: Result, figures: Mapping[str, str]) -> str:
    """The page. `figures` are elements by the name of their plot, drawn ones as SVG; they are put in as they are."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("analyzer.reports", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = [
        {
            "caption": FIGURES.get(name, name),
            "drawn": element.startswith("<svg"),
            "element": Markup(element),  # noqa: S704 - drawn by the caller, not read
        }
        for name, element in figures.items()
    ]
    return environment.get_template(TEMPLATE).render(**view(result), figures=drawn)


def view(result: Result) -> dict[str, Any]:
    """What the template shows: plain rows of harmless text."""
    verdicts = summary.rows(result, "verdict")
    found = summary.shown(result)
    listed = outages.rows(result)
    issues = summary.rows(result, "issues")
    names = [called(row["station"]) for row in verdicts]
    return {
        "title": names[0] if len(names) == 1 else text.plural(len(names), "charger"),
        "watched": summary.watched(result),
        "damaged": result.damaged,
        "tally": _tally(found),
        "verdicts": _verdicts(result, verdicts[:MAX_STATIONS]),
        "verdicts_left": max(len(verdicts) - MAX_STATIONS, 0),
        "coverage": [text.safe(line) for line in result.coverage],
        "checklists": _checklists(result, verdicts[:MAX_STATIONS]),
        "outages": listed[:MAX_OUTAGES],
        "outages_left": max(len(listed) - MAX_OUTAGES, 0),
        "no_outages": outages.none(result),
        "groups": _groups(result, found[:MAX_FINDINGS]),
        "findings_shown": min(len(found), MAX_FINDINGS),
        "findings_left": max(len(found) - MAX_FINDINGS, 0),
        "issues": [_issue(row, summary.kinds(result)) for row in issues[:MAX_ISSUES]],
        "issues_left": max(len(issues) - MAX_ISSUES, 0),
        "inputs": _inputs(summary.rows(result, "sources")),
        "runs": _runs(result.findings.runs.to_pylist()),
        "several": len(verdicts) != 1,
        "many": len(verdicts) > MANY,
    }


def sections(manual: str) -> list[tuple[str, str]]:
    r"""The sections of a manual that a report repeats, as heading and text.

    >>> sections("It is wrong.\n\nWhat to do: mend\n    it.\nSource: RFC 6455.")
    [('What to do', 'mend it.'), ('Source', 'RFC 6455.')]
    """
    parts = re.split(r"^([A-Z][A-Za-z ]+):(?=\s)", manual, flags=re.MULTILINE)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    return [(name, " ".join(told[name].split())) for name in MANUAL_SECTIONS if name in told]


def _tally(found: Sequence[Row]) -> str:
    """How many findings there are, in words.

    >>> _tally([{"severity": "error"}, {"severity": "info"}, {"severity": "error"}])
    '3 findings (2 error, 1 info)'
    """
    severities = [row["severity"] for row in found]
    counts = [f"{text.number(severities.count(name))} {name}" for name in reversed(SEVERITIES) if name in severities]
    return text.plural(len(found), "finding") + (f" ({', '.join(counts)})" if counts else "")


def _verdicts(result: Result, rows: Iterable[Row]) -> list[dict[str, Any]]:
    versions = summary.versions(result)
    told = ("sentences", "remedy", "owner", "confidence", "missing")
    return [
        {
            "station": called(row["station"]),
            "severity": row["severity"] or "fine",
            "version": versions.get(row["station"], ""),
            **{name: text.safe(row[name] or "") for name in told},
        }
        for row in rows
    ]


def _checklists(result: Result, verdicts: Sequence[Row]) -> list[dict[str, Any]]:
    lines = summary.by_station(summary.rows(result, "checklist"))
    made = []
    for row in verdicts:
        families = summary.families(lines.get(row["station"], ()))
        groups = [(family, [_line(line) for line in of]) for family, of in families.items()]
        statuses = [line["status"] for _, of in groups for line in of]
        counts = [(name, statuses.count(name)) for name in ("FAIL", "WARN", "UNKNOWN", "PASS") if name in statuses]
        made.append({"station": called(row["station"]), "families": groups, "counts": counts})
    return [entry for entry in made if entry["families"]]


def _line(row: Row) -> dict[str, str]:
    return {name: text.safe(row[name] or "") for name in ("line", "title", "status", "detail")}


def _groups(result: Result, found: Sequence[Row]) -> list[dict[str, Any]]:
    """The findings of each check together, the worst check first."""
    kinds = summary.kinds(result)
    grouped: dict[str, list[tuple[int, Row]]] = {}
    for number, row in enumerate(found, 1):
        grouped.setdefault(row["check"], []).append((number, row))
    ordered = sorted(grouped.items(), key=lambda item: (-max(rank(row["severity"]) for _, row in item[1]), item[0]))
    return [_group(check, rows, result.checks.get(check), kinds) for check, rows in ordered]


def _group(
    check: str, rows: Sequence[tuple[int, Row]], info: CheckInfo | None, kinds: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "check": text.safe(check),
        "title": info.title if info else "",
        "manual": sections(info.manual) if info else [],
        "severity": max((row["severity"] for _, row in rows), key=rank),
        "findings": [{"number": number, **_finding(row, kinds)} for number, row in rows[:MANY]],
        "folded": [{"number": number, **_finding(row, kinds)} for number, row in rows[MANY:]],
    }


def _finding(row: Row, kinds: Mapping[str, str]) -> dict[str, Any]:
    facts = {
        "Measured": text.measure(row["value"], row["unit"]),
        "Allowed": text.measure(row["limit"], row["unit"]),
        "Times": text.number(row["count"]) if row["count"] and row["count"] > 1 else "",
        "When": _period(row),
        "Connection": text.safe(row["connection"] or ""),
        "Evidence": text.proof(row["evidence"] or (), kinds),
    }
    return {
        "station": called(row["station"]),
        "severity": row["severity"],
        "summary": text.safe(row["summary"] or ""),
        "facts": [(name, value) for name, value in facts.items() if value],
    }


def _period(row: Row) -> str:
    if row["start"] and row["end"] and row["start"] != row["end"]:
        return text.span(row["start"], row["end"])
    return text.when(row["start"] or row["end"]) and f"{text.when(row['start'] or row['end'])} UTC"


def _issue(row: Row, kinds: Mapping[str, str]) -> dict[str, str]:
    return {
        "kind": text.safe(row["kind"] or "").replace("_", " "),
        "count": text.number(row["count"] or 1),
        "where": text.evidence(row, kinds),
        "when": text.when(row["ts"]),
        "station": called(row["station"]) if row["station"] is not None else "",
        "detail": text.safe(row["detail"] or ""),
        "damage": "yes" if row["damage"] else "no",
    }


def _inputs(rows: Sequence[Row]) -> dict[str, Any]:
    """What was read, with the counts that are not zero everywhere."""
    counted = {name: title for name, title in COUNTS.items() if name == "messages" or any(row[name] for row in rows)}
    return {
        "counted": list(counted.values()),
        "rows": [
            {
                "source": text.safe(row["source"] or ""),
                "kind": text.safe(" · ".join(part for part in (row["kind"], row["zone"]) if part)),
                "span": text.span(row["start"], row["end"]),
                "counts": [text.number(row[name]) for name in counted],
                "damaged": "a part was lost" if row["damaged"] else "whole",
            }
            for row in rows
        ],
    }


def _runs(rows: Iterable[Row]) -> dict[str, Any]:
    """How many checks ran, and why others did not, the same reason once."""
    listed = list(rows)
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in listed:
        if row["outcome"] != "ran":
            of = f"{row['check']} for {called(row['station'])}" if row["station"] is not None else row["check"]
            reasons.setdefault((row["outcome"], text.safe(row["why"] or "")), []).append(text.safe(of))
    told = [
        {"outcome": outcome, "why": why, "checks": ", ".join(dict.fromkeys(checks))}
        for (outcome, why), checks in sorted(reasons.items())
    ]
    ran = sum(row["outcome"] == "ran" for row in listed)
    return {"ran": text.plural(ran, "check"), "others": told[:MAX_SKIPPED]}

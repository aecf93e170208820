"""The checklist: one line per question an engineer asks of a charger, answered by the checks behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer import schema
from analyzer.findings import rank

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

    from analyzer.findings import Findings


class Line(NamedTuple):
    """A line of the checklist: its name, what it asks, and the checks that decide it."""

    name: str
    title: str
    checks: tuple[str, ...]


def _line(name: str, title: str, checks: str) -> Line:
    return Line(name, title, tuple(_expand(checks.split())))


def _expand(words: Iterable[str]) -> Iterable[str]:
    for word in words:
        first, _, last = word.partition("-")
        family, begin = first[:2], int(first[2:])
        yield from (f"{family}{number:02d}" for number in range(begin, int(last or begin) + 1))


LINES = (
    _line("A1", "Heartbeat interval configured and kept", "HB04 HB06 HB10 HB14 CF01 CF06 CF14"),
    _line("A2", "Charger heard at that interval", "HB01 HB05 HB07 HB11 HB13"),
    _line("A3", "Heartbeats answered, in time, with a right clock", "HB02 HB03 HB09 CK08"),
    _line("A4", "Registered, no boot loop", "BT01-10 BT15 BT16"),
    _line("B1", "Reachable: network, TLS, upgrade, subprotocol", "WS01-08 SC06-10"),
    _line("B2", "Connected, no long outage", "WS16 WS29 WS35"),
    _line("B3", "Ends in order: close codes, no abrupt ends", "WS09-15 WS17 WS19 WS26 WS27 WS32"),
    _line("B4", "No pattern in the ends: idle, lifetime, clock time", "WS11-14 WS21 WS23-25 WS30 WS31"),
    _line("B5", "Messages both ways, each call answered", "WS28 HB08 PR07-11 PR14 PR15"),
    _line("B6", "Protocol kept", "PR01-06 PR13 PR16-29"),
    _line("B7", "Reconnects well behaved", "WS18 WS20 WS22 WS38"),
    _line("C1", "Metering settings right and in force", "CF02-05 CF08-10 CF15 MV27-30"),
    _line("C2", "Values well formed", "MV01-05 MV32-37"),
    _line("C3", "Values plausible", "MV06-25 MV38-46 MV49-51"),
    _line("C4", "No samples missing", "MV26 MV28 MV47 MV48 TX14"),
    _line("C5", "Nothing lost over faults", "TX01-18 TX27 TX29 WS25"),
    _line("D1", "Clock right", "CK01-13"),
    _line("D2", "Secure", "SC01-20"),
    _line("D3", "Sessions healthy", "TX19-26 TX28 PR22-24"),
)


def checklist(findings: Findings, stations: Sequence[str]) -> pa.Table:
    """The table `checklist`: PASS, WARN or FAIL by the worst finding of a line, UNKNOWN where nothing judged it."""
    ran, unjudged = _runs(findings.runs)
    found: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in findings.table.select(["check", "station", "severity", "summary"]).to_pylist():
        found.setdefault((row["station"], row["check"]), []).append(row)
    rows = []
    for station in stations:
        for line in LINES:
            own = [row for check in line.checks for row in found.get((station, check), [])]
            judging = [check for check in line.checks if check in ran and (check, station) not in unjudged]
            status = _status(own, judging)
            rows.append(
                {
                    "station": station,
                    "line": line.name,
                    "title": line.title,
                    "status": status,
                    "detail": _detail(status, own, line, station, ran, unjudged),
                    "checks": " ".join(judging),
                }
            )
    return schema.from_rows("checklist", rows)


def _runs(runs: pa.Table) -> tuple[set[str], dict[tuple[str, str], str]]:
    """The checks that ran, and why a check could not judge a station."""
    ran: set[str] = set()
    unjudged: dict[tuple[str, str], str] = {}
    for row in runs.to_pylist():
        if row["station"] is not None:
            unjudged[row["check"], row["station"]] = row["why"]
        elif row["outcome"] == "ran":
            ran.add(row["check"])
    return ran, unjudged


def _status(found: Sequence[dict[str, object]], judging: Sequence[str]) -> str:
    if found:
        worst = max(rank(str(row["severity"])) for row in found)
        return "PASS" if worst < rank("warning") else "WARN" if worst == rank("warning") else "FAIL"
    return "PASS" if judging else "UNKNOWN"


def _detail(
    status: str,
    found: Sequence[dict[str, object]],
    line: Line,
    station: str,
    ran: set[str],
    unjudged: dict[tuple[str, str], str],
) -> str | None:
    if found:
        worst = max(found, key=lambda row: rank(str(row["severity"])))
        return f"{worst['summary']}"
    if status == "PASS":
        return None
    reasons = {unjudged[check, station] for check in line.checks if (check, station) in unjudged}
    if reasons:
        return "; ".join(sorted(reasons))
    return "its checks were not chosen or failed" if not ran.intersection(line.checks) else None

"""The checklist: one line per question an engineer asks of a charger, answered by the checks behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer import schema
from analyzer.checks import checks
from analyzer.findings import rank

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import pyarrow as pa

    from analyzer.findings import Findings


class Line(NamedTuple):
    """A line of the checklist: its name, what it asks, the checks that decide it, and all that tell of it.

    A line passes only where all that decide it judged the charger; the others can only add what is wrong. `missing` are
    those that decide it and do not exist yet.
    """

    name: str
    title: str
    deciding: tuple[str, ...]
    checks: tuple[str, ...]
    missing: tuple[str, ...] = ()


def _line(name: str, title: str, deciding: str, adding: str) -> Line:
    decide = tuple(deciding.split())
    return Line(name, title, decide, tuple(sorted({*decide, *_expand(adding.split())})))


def _expand(words: Iterable[str]) -> Iterable[str]:
    for word in words:
        first, _, last = word.partition("-")
        family, begin = first[:2], int(first[2:])
        yield from (f"{family}{number:02d}" for number in range(begin, int(last or begin) + 1))


LINES = (
    _line("A1", "Heartbeat interval configured and kept", "HB04", "HB06 HB10 HB12 HB14 HB15 CF01 CF06 CF14"),
    _line("A2", "Charger heard regularly", "HB01", "HB05 HB07 HB11 HB13"),
    _line("A3", "Heartbeats answered, in time, with the right time", "HB02", "HB03 HB09 CK08"),
    _line("A4", "Registered, boots in order", "BT01 BT04", "BT01-18"),
    _line("B1", "Reachable: network, TLS, upgrade, subprotocol", "WS04", "WS01-08 SC06-10"),
    _line("B2", "Connected, no long outage", "WS35", "WS16 WS29"),
    _line(
        "B3", "Ends in order: close codes, no abrupt ends", "WS09 WS10 WS19", "WS09-15 WS17 WS19 WS26 WS27 WS32 WS37"
    ),
    _line("B4", "No pattern in the ends: idle, lifetime, clock time", "WS11 WS12", "WS11-14 WS21 WS23-25 WS30 WS31"),
    _line("B5", "Messages both ways, each call answered", "PR07", "WS28 HB08 PR07-11 PR14 PR15"),
    _line("B6", "Protocol kept", "PR01 PR05", "PR01-06 PR12 PR13 PR16-29 WS33 WS34"),
    _line("B7", "Reconnects well behaved", "WS18 WS20", "WS18 WS20 WS22 WS38"),
    _line("C1", "Metering settings right and in force", "", "CF02-05 CF07-13 CF15-18 MV27-31"),
    _line("C2", "Values well formed", "MV01", "MV01-05 MV32-37"),
    _line("C3", "Values plausible", "MV07 MV09 MV13", "MV06-25 MV38-46 MV49-51"),
    _line("C4", "No samples missing", "MV26", "MV28 MV47 MV48 TX14"),
    _line("C5", "Nothing lost over faults", "TX04", "TX01-18 TX27 TX29 TX30 WS25"),
    _line("D1", "Clock right", "CK01", "CK01-13"),
    _line("D2", "Secure", "SC01 SC02 SC03 SC04", "SC01-20"),
    _line("D3", "Sessions healthy", "", "TX19-26 TX28 PR22-24"),
)


HEARD = frozenset({"A2", "B2"})
"""Lines that ask whether the charger was there: of one that fell silent they do not pass."""


class Outcomes(NamedTuple):
    """How the checks went: which ran, why others did not, and which stations a check could not judge, and why."""

    ran: frozenset[str]
    not_run: Mapping[str, str]
    unjudged: Mapping[tuple[str, str], str]

    def judges(self, check: str, station: str) -> bool:
        """Whether a check judged a station."""
        return check in self.ran and (check, station) not in self.unjudged

    def why_not(self, check: str, station: str) -> str:
        """Why a check did not judge a station."""
        return self.unjudged.get((check, station)) or self.not_run.get(check) or "not chosen"


def checklist(
    findings: Findings,
    stations: Sequence[str],
    existing: Collection[str] | None = None,
    unheard: Mapping[str, str] | None = None,
) -> pa.Table:
    """The table `checklist`: WARN or FAIL by the worst finding of a line, PASS where the checks that decide it judged.

    It is UNKNOWN else, with the reason of these checks. `existing` are the ids of all checks that could have been
    chosen; those of the catalogue by default. `unheard` says of a charger that fell silent since when: whether it was
    still connected and in time is not known then.
    """
    known = {check.id for check in checks()} if existing is None else set(existing)
    lines = [_known(line, known) for line in LINES]
    outcomes = _outcomes(findings.runs)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in findings.table.select(["check", "station", "severity", "summary"]).to_pylist():
        found.setdefault((row["station"], row["check"]), []).append(row)
    rows = []
    for station in stations:
        for line in lines:
            own = [row for check in line.checks for row in found.get((station, check), [])]
            judging = [check for check in line.checks if outcomes.judges(check, station)]
            status = _status(own, line, judging)
            why_not = unheard.get(station) if unheard and line.name in HEARD and status == "PASS" else None
            rows.append(
                {
                    "station": station,
                    "line": line.name,
                    "title": line.title,
                    "status": "UNKNOWN" if why_not else status,
                    "detail": why_not or _detail(own, line, station, outcomes, status),
                    "checks": " ".join(judging),
                }
            )
    return schema.from_rows("checklist", rows)


def _known(line: Line, known: Collection[str]) -> Line:
    """The line with those of its checks alone that exist."""
    deciding, telling = (tuple(check for check in names if check in known) for names in (line.deciding, line.checks))
    missing = tuple(check for check in line.deciding if check not in known) if deciding else ()
    return line._replace(deciding=deciding, checks=telling, missing=missing)


def _outcomes(runs: pa.Table) -> Outcomes:
    ran, not_run, unjudged = set(), {}, {}
    for row in runs.select(["check", "station", "outcome", "why"]).to_pylist():
        if row["station"] is not None:
            unjudged[row["check"], row["station"]] = row["why"]
        elif row["outcome"] == "ran":
            ran.add(row["check"])
        else:
            not_run[row["check"]] = f"failed: {row['why']}" if row["outcome"] == "failed" else row["why"]
    return Outcomes(frozenset(ran), not_run, unjudged)


def _status(found: Sequence[dict[str, Any]], line: Line, judging: Sequence[str]) -> str:
    worst = max((rank(str(row["severity"])) for row in found), default=-1)
    if worst >= rank("warning"):
        return "WARN" if worst == rank("warning") else "FAIL"
    return "PASS" if line.deciding and not line.missing and set(line.deciding) <= set(judging) else "UNKNOWN"


def _detail(found: Sequence[dict[str, Any]], line: Line, station: str, outcomes: Outcomes, status: str) -> str | None:
    """The worst finding; else why checks of the line, or those that decide it, did not judge the station."""
    if found and status != "UNKNOWN":
        return str(max(found, key=lambda row: rank(row["severity"]))["summary"])
    if not line.deciding:
        return "there is no check of it yet"
    reasons: dict[str, list[str]] = {"there is no check of it yet": [*line.missing]} if line.missing else {}
    for check in line.deciding if status == "UNKNOWN" else line.checks:
        if not outcomes.judges(check, station):
            reasons.setdefault(outcomes.why_not(check, station), []).append(check)
    return "; ".join(f"{why} ({', '.join(names)})" for why, names in reasons.items()) or None

"""Runs functions over named tables: derives what is needed, once, and runs checks and causes on it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from analyzer import findings as found, plan, schema
from analyzer.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from analyzer.config import Config
    from analyzer.plan import Cause, Check, Clue

ABSENT = {
    "messages": "no message in the input",
    "connections": "no connection in the input",
    "calls": "no request in the input",
    "heartbeats": "no Heartbeat in the input",
    "boots": "no BootNotification in the input",
    "readings": "no meter values in the input",
    "transactions": "no transaction in the input",
    "clock": "no message of the charger gives a time",
    "outages": "it was not seen to go offline",
    "lookups": "no DNS lookup in the input",
}
"""Why a station that a check's subject does not name could not be judged."""


@dataclass
class Workspace:
    """Base tables, and the derived tables made from them when they are first asked for."""

    base: Mapping[str, pa.Table]
    derivations: Mapping[str, Callable[..., pa.Table]]
    made: dict[str, pa.Table] = field(default_factory=dict)

    def table(self, name: str) -> pa.Table:
        """A base or derived table by its declared name."""
        if name in self.base:
            return self.base[name]
        if name not in self.made:
            function = self.derivations[name]
            self.made[name] = function(*self.tables(plan.needs(function)))
        return self.made[name]

    def tables(self, names: Iterable[str]) -> list[pa.Table]:
        """Several tables, in the order of their names."""
        return [self.table(name) for name in names]

    def stations(self) -> list[str]:
        """All stations that the base tables know, sorted."""
        seen = {
            station
            for name in ("connections", "messages", "lookups")
            for station in pc.unique(self.base[name]["station"].cast(pa.string())).to_pylist()
        }
        return sorted(station for station in seen if station is not None)


def run(checks: Sequence[Check], workspace: Workspace, config: Config) -> Findings:
    """Run the chosen checks; one that fails costs one row in `runs`, never the run."""
    tables, rows = [], []
    stations, timeless = workspace.stations(), _timeless(workspace.base["messages"])
    for check in checks:
        if not config.chooses(check):
            continue
        began = time.perf_counter()
        outcome, why, made = _attempt(check, workspace, config.thresholds.get(check.id, {}))
        silent = _unjudged(check, workspace, made, stations, timeless) if outcome == "ran" else {}
        made = _judged(made, timeless if check.needs_time else set())
        seconds = time.perf_counter() - began
        rows.append({"check": check.id, "outcome": outcome, "why": why, "seconds": seconds, "rows": made.num_rows})
        rows += [
            {"check": check.id, "station": name, "outcome": "skipped", "why": text} for name, text in silent.items()
        ]
        tables.append(made)
    table = found.worst_first(schema.concat("findings", tables))
    return Findings(table, schema.from_rows("runs", rows))


def weigh(causes: Sequence[Cause], workspace: Workspace) -> tuple[dict[str, list[Clue]], pa.Table]:
    """The clues of every cause about the outages, by the cause's name, and a table `runs` of the causes that failed."""
    clues: dict[str, list[Clue]] = {}
    failed = []
    for cause in causes:
        try:
            clues[cause.name] = cause(*workspace.tables(cause.needs))
        except Exception as error:  # noqa: BLE001 - a broken cause must not cost the others; it is named in `runs`
            clues[cause.name] = []
            failed.append({"check": cause.name, "outcome": "failed", "why": f"{type(error).__name__}: {error}"})
    return clues, schema.from_rows("runs", failed)


def _attempt(check: Check, workspace: Workspace, thresholds: Mapping[str, object]) -> tuple[str, str | None, pa.Table]:
    try:
        return "ran", None, check(*workspace.tables(check.needs), **thresholds)  # type: ignore[arg-type]
    except plan.Skip as skip:
        return "skipped", str(skip), schema.empty("findings")
    except Exception as error:  # noqa: BLE001 - a broken check must not cost the others; it is named in `runs`
        return "failed", f"{type(error).__name__}: {error}", schema.empty("findings")


def _unjudged(
    check: Check, workspace: Workspace, made: pa.Table, stations: Sequence[str], timeless: set[str]
) -> dict[str, str]:
    """Why the check could not judge each of these stations: silence never means that all is well."""
    reasons: dict[str, str] = {}
    subject = check.needs[0]
    present = set(pc.unique(workspace.table(subject)["station"].cast(pa.string())).to_pylist())
    reasons |= {station: ABSENT.get(subject, f"nothing in {subject}") for station in stations if station not in present}
    if check.needs_time:
        reasons |= dict.fromkeys(timeless, "the input gives no times")
    for row in made.filter(pc.equal(made["severity"].cast(pa.string()), found.UNKNOWN)).to_pylist():
        reasons.setdefault(row["station"], row["summary"])
    return reasons


def _judged(made: pa.Table, timeless: set[str]) -> pa.Table:
    keep = [
        severity != found.UNKNOWN and station not in timeless
        for severity, station in zip(made["severity"].to_pylist(), made["station"].to_pylist(), strict=True)
    ]
    return made.filter(pa.array(keep, pa.bool_()))


def _timeless(messages: pa.Table) -> set[str]:
    """Stations of which no message has a time."""
    names = messages["station"].cast(pa.string())
    timed = set(pc.unique(names.filter(messages["ts"].is_valid())).to_pylist())
    return set(pc.unique(names).to_pylist()) - timed

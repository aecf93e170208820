"""The verdict: one to three sentences that a tired engineer understands at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow.compute as pc

from analyzer import schema
from analyzer.findings import SEVERITIES, UNKNOWN, rank
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros
from analyzer.verdict import offline
from analyzer.verdict.ranking import CANNOT_TELL
from analyzer.verdict.unheard import unheard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from analyzer.kernels.columns import Ints
    from analyzer.plan import Check

Row = dict[str, Any]
SENTENCES = 3
UNHEARD = "the log of the CSMS, or a capture at the charger, of the time since"
MESSAGES_ONLY = "Whether it was offline cannot be told: the input tells of messages only."
EXPLAINED_BY_OUTAGES = frozenset({"WS09", "WS10", "WS11", "WS12", "WS17", "WS19", "WS35"})
"""Checks that tell of the same ends as the outages' causes do: one cause, one sentence."""
REFUSED = "WS04"


class Seen(NamedTuple):
    """What was seen of a station: the times of its Heartbeats, how much, and since when it was not heard any more."""

    beats: Ints
    watched: str
    unheard: str


def verdict(
    tables: Mapping[str, pa.Table],
    findings: pa.Table,
    stations: Sequence[str],
    checks: Mapping[str, Check],
) -> pa.Table:
    """The table `verdict`: what is wrong with each station, worst first, and what to do."""
    own = {name: _by_station(table) for name, table in (("findings", findings), *_told(tables))}
    beats, watched, silent = _times(tables["heartbeats"]), _watched(tables), unheard(tables)
    rows = []
    for station in stations:
        parts = {name: groups.get(station, []) for name, groups in own.items()}
        seen = Seen(beats.get(station, offline.NO_BEATS), watched.get(station, ""), silent.get(station, ""))
        rows.append(_station(station, parts, seen, checks))
    rows.sort(key=lambda row: (-_badness(row["severity"]), str(row["station"])))
    return schema.from_rows("verdict", rows)


def _told(tables: Mapping[str, pa.Table]) -> list[tuple[str, pa.Table]]:
    first = tables["causes"].filter(pc.equal(tables["causes"]["rank"], 1))
    lines = tables["checklist"].select(["station", "line", "status", "detail"])
    connections = tables["connections"].select(["station", "inferred", "scheme"])
    return [("outages", tables["outages"]), ("causes", first), ("checklist", lines), ("connections", connections)]


def _station(station: str, own: Mapping[str, list[Row]], seen: Seen, checks: Mapping[str, Check]) -> Row:
    outages = own["outages"]
    worst = max((rank(row["severity"]) for row in own["findings"]), default=0 if outages else -1)
    base: Row = {"station": station, "severity": SEVERITIES[worst] if worst >= 0 else None}
    explained = [row for row in own["findings"] if _explained(row, outages)]
    wrong = [row for row in own["findings"] if row not in explained and rank(row["severity"]) >= rank("warning")]
    if not wrong and not outages:
        return {**base, **_well(own, seen)}
    told = offline.told(outages, own["causes"], seen.beats) if outages else {"sentences": []}
    last = _last(own, seen)
    room = max(SENTENCES - len(told["sentences"]) - bool(last), 1)
    sentences = [*told["sentences"], *_findings(wrong, room)]
    if wrong and (not outages or _outranks(wrong[0], explained, own["causes"])):
        sentences = [*_findings(wrong, room), *told["sentences"]]
        which = f"{wrong[0]['check']}: " if len(wrong) > 1 else ""
        told = {"remedy": which + _advice(wrong[0], checks)}
    elif wrong and rank(wrong[0]["severity"]) >= rank("error"):
        told["remedy"] = f"{told['remedy']} {wrong[0]['check']}: {_advice(wrong[0], checks)}"
    if len(sentences) < SENTENCES:
        sentences += last
    return {**base, **told, "sentences": " ".join(sentences)}


def _last(own: Mapping[str, list[Row]], seen: Seen) -> list[str]:
    """What is said last of a charger with faults: that it fell silent, or that nothing told of its connections."""
    if seen.unheard:
        return [f"It was {seen.unheard}."]
    return [] if own["outages"] or any(not row["inferred"] for row in own["connections"]) else [MESSAGES_ONLY]


def _explained(row: Row, outages: Sequence[Row]) -> bool:
    """Whether a finding tells of what the outages tell; of refused attempts those do that began in an outage."""
    if row["check"] == REFUSED:
        return any(
            outage["start"] <= row["start"] and (outage["end"] is None or row["start"] <= outage["end"])
            for outage in outages
        )
    return bool(outages) and row["check"] in EXPLAINED_BY_OUTAGES


def _outranks(finding: Row, explained: Sequence[Row], causes: Sequence[Row]) -> bool:
    """Whether a finding means more than the outages, and so leads the verdict and gives its remedy.

    It does where it is critical or an error, worse than what is `explained` by the outages (an error from an hour on,
    by WS35), and most of them have no cause that is told with more than low confidence: a cause that is known leads.
    """
    known = [row for row in causes if row["cause"] != CANNOT_TELL and row["confidence"] != "low"]
    meant = max((rank(row["severity"]) for row in explained), default=-1)
    return 2 * len(known) <= len(causes) and max(meant, rank("warning")) < rank(finding["severity"])


def _findings(wrong: Sequence[Row], room: int) -> list[str]:
    """The worst findings in the sentences that are left; the last of them counts the rest."""
    shown = wrong[:room]
    sentences = [_stopped(str(row["summary"])) for row in shown]
    left = len(wrong) - len(shown)
    if left and sentences:
        sentences[-1] = f"{sentences[-1].rstrip('.')}; {left} more finding{'s' * (left > 1)} below."
    return sentences


def _well(own: Mapping[str, list[Row]], seen: Seen) -> Row:
    """That nothing is wrong and what was looked at; or that it could not be judged, and why."""
    lines, watched = own["checklist"], seen.watched
    judged = [row["line"] for row in lines if row["status"] != "UNKNOWN"]
    told = [row for row in own["connections"] if not row["inferred"]]
    if not judged or not watched:
        hidden = " and its connection is encrypted" if any(row["scheme"] == "wss" for row in told) else ""
        why = f"no OCPP message of it was seen{hidden}" if not watched else "none of the checks had what it needs"
        return {"severity": UNKNOWN, "sentences": f"It could not be judged: {why}.", "missing": _missing(lines)}
    connections = f" on {len(told)} connection{'s' * (len(told) > 1)}" if told else ""
    if seen.unheard:
        found = f"It was {seen.unheard}; before that nothing wrong was found in {watched}{connections}."
    elif 2 * len(judged) < len(lines):
        found = f"Little could be judged; nothing wrong was found in {watched}{connections}."
    elif len(judged) < len(lines):
        found = f"Nothing wrong was found in {watched}{connections}."
    else:
        found = f"Nothing is wrong in {watched}{connections}."
    sentences = [found, f"{_passed(lines, judged)}."]
    if not told:
        sentences.append(MESSAGES_ONLY)
    unsure = {"severity": UNKNOWN, "confidence": "low", "missing": UNHEARD} if seen.unheard else {}
    return {"sentences": " ".join(sentences), **unsure}


def _passed(lines: Sequence[Row], judged: Sequence[str]) -> str:
    """How many lines of the checklist pass, and which could not be judged."""
    if len(judged) == len(lines):
        return f"All {len(lines)} lines of the checklist pass"
    unknown = ranges([row["line"] for row in lines if row["status"] == "UNKNOWN"])
    return f"{len(judged)} of the {len(lines)} lines of the checklist pass; {unknown} could not be judged"


def ranges(names: Sequence[str]) -> str:
    """Names of lines, neighbours as a range.

    >>> ranges(["A1", "B6", "B7", "C1", "C2", "C3", "D2"])
    'A1, B6, B7, C1-C3, D2'
    """
    runs: list[list[str]] = []
    for name in names:
        last = runs[-1][-1] if runs else ""
        if name[:1] == last[:1] and name[1:].isdigit() and int(name[1:]) == int(last[1:]) + 1:
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def _missing(lines: Sequence[Row]) -> str | None:
    return next((row["detail"] for row in lines if row["detail"]), None)


def _badness(severity: str | None) -> float:
    """The order of the verdicts: what could not be judged stands before what is fine."""
    return -0.5 if severity == UNKNOWN else rank(severity or "")


def _by_station(table: pa.Table) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in table.to_pylist():
        grouped.setdefault(row["station"], []).append(row)
    return grouped


def _times(table: pa.Table) -> dict[str, Ints]:
    """The times of a table's rows by station, in order."""
    stations, times = coded(table["station"]), micros(table["ts"])
    known = (times != NO_TIME) & (stations.codes >= 0)
    codes, times = stations.codes[known], times[known]
    order = np.lexsort((times, codes))
    bounds = np.searchsorted(codes[order], np.arange(len(stations.names) + 1))
    return {name: times[order][bounds[code] : bounds[code + 1]] for code, name in enumerate(stations.names)}


def _watched(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    """How many messages of each station were seen, and in what time."""
    names = tables["messages"]["station"].cast("string")
    counts = {row["values"]: row["counts"] for row in pc.value_counts(names).to_pylist()}
    spans = {name: (times[-1] - times[0]) / SECOND for name, times in _times(tables["messages"]).items() if len(times)}
    return {
        name: f"{count} message{'s' * (count > 1)}"
        + (f" over {offline.length(spans[name])}" if spans.get(name, 0) >= 1 else "")
        for name, count in counts.items()
        if name is not None
    }


def _advice(finding: Row, checks: Mapping[str, Check]) -> str:
    """The first sentence of "What to do" in the manual of a finding's check."""
    _, _, after = checks[finding["check"]].manual.partition("What to do:")
    text = " ".join(after.split("Source:")[0].split())
    return _capital(text.split(". ")[0].rstrip(".") + ".")


def _stopped(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

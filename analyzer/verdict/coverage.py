"""What was read, understood and lost, and what could not be judged: never hidden, never a footnote."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import same

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

NOT_RECOGNISED = "unknown"
INCOMPLETE = "WS36"
"""The check whose findings are told here, of each charger, and in no list of faults."""
HOLE = "hole"
MOST_SOURCES = 5
MOST_REASONS = 6
MOST_NAMES = 2
WORDS = {
    "truncated": "cut off",
    "duplicate_capture": "packets captured twice",
    "one_sided": "connections of which one side alone was captured",
    "lookups_not_kept": "DNS lookups that were not kept",
    "not_understood": "lines not understood",
    "bad_json": "messages that are no JSON",
    "not_ocpp": "texts that are no OCPP",
    "unnamed_station": "connections known by address only",
    "hole": "holes in a stream",
    "unreadable": "unreadable",
    "elided": "payloads that the log leaves out",
    "no_time": "lines without a time",
    "no_zone": "times without a zone",
    "out_of_order": "lines out of order",
    "time_goes_back": "times that go back",
    "unreadable_lines": "lines that are rubbish",
    "cut_header": "packets cut off inside their headers",
    "unknown_link_type": "packets of a link type that cannot be read",
    "cut_payload": "connections cut off too short to be recognised",
    "repeated_input": "messages that two inputs tell, counted once",
    "no_messages": "inputs without OCPP",
    "not_recognised": "inputs not recognised",
    "connections_not_kept": "connections without OCPP that were not kept",
    "events_left_out": "events of connections without OCPP that were not kept",
    "too_much_held": "connections given up to save memory",
    "repeats_left_out": "repeats left out",
    "comment": "comments in the capture",
    "corrupt": "places without a record, skipped",
    "dropped_packets": "packets that the capture says it lost",
}


def coverage(tables: Mapping[str, pa.Table], runs: pa.Table) -> list[str]:
    """The account of the input, one line a thought."""
    found = tables.get("findings", schema.empty("findings"))
    incomplete = found.filter(pa.array(same(found["check"], INCOMPLETE))).to_pylist()
    return [
        *_inputs(tables["sources"]),
        *_encrypted(tables["connections"]),
        *_missing(incomplete),
        *_troubles(tables["issues"], {row["station"] for row in incomplete}),
        *_unjudged(runs, _stations(tables)),
    ]


def _inputs(sources: pa.Table) -> Iterator[str]:
    rows = sources.to_pylist()
    for row in rows[:MOST_SOURCES]:
        yield f"{row['source']}: nothing was read" if row["kind"] == NOT_RECOGNISED else _input(row)
    if len(rows) > MOST_SOURCES:
        messages = sum(row["messages"] or 0 for row in rows[MOST_SOURCES:])
        yield f"and {_counted(len(rows) - MOST_SOURCES, 'more input')} with {_counted(messages, 'message')}"


def _input(row: Mapping[str, Any]) -> str:
    unit, lifecycle = ("packet", "control frame") if row["kind"] == "capture" else ("line", "lifecycle line")
    parts = [_counted(row["records"], unit), _counted(row["messages"], "message")]
    if row["lifecycle"]:
        parts.append(_counted(row["lifecycle"], lifecycle))
    if row["ignored"]:
        parts.append(f"{_counted(row['ignored'], 'line')} without OCPP")
    if row["unknown"]:
        parts.append(f"{_counted(row['unknown'], 'line')} not understood")
    parts.append("a part of it was lost" if row["damaged"] else "nothing lost")
    if row["zone"] and not str(row["zone"]).startswith("UTC, as"):
        parts.append(f"times in {row['zone']}")
    return f"{row['source']} ({row['kind']}): {' · '.join(parts)}"


def _encrypted(connections: pa.Table) -> Iterator[str]:
    """What was encrypted, and of which nothing tells that it is a charger's; keys do not help a handshake that failed."""
    silent = [
        row["end_kind"]
        for row in connections.select(["scheme", "station", "end_kind"]).to_pylist()
        if row["scheme"] == "wss" and not row["station"]
    ]
    failed = silent.count("tls")
    if failed < len(silent):
        yield f"not judged: {_counted(len(silent) - failed, 'TLS connection')}, encrypted and without keys"
    if failed:
        yield f"not judged: {_counted(failed, 'TLS handshake')} that failed, of no known charger (see --port)"


def _missing(incomplete: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the input lacks of each charger."""
    for row in incomplete[:MOST_SOURCES]:
        yield f"{row['station']}: {row['summary'][0].lower()}{row['summary'][1:]}"
    if len(incomplete) > MOST_SOURCES:
        yield f"and of {_counted(len(incomplete) - MOST_SOURCES, 'more charger')} not all traffic is there"


def _troubles(issues: pa.Table, told: Collection[str]) -> Iterator[str]:
    """What was wrong with the input; the holes of chargers of which it is told what is missing are not told again."""
    counts: Counter[str] = Counter()
    details: dict[str, str] = {}
    for row in issues.select(["kind", "count", "detail", "station"]).to_pylist():
        if row["kind"] == HOLE and row["station"] in told:
            continue
        counts[row["kind"]] += row["count"] or 1
        details.setdefault(row["kind"], row["detail"])
    for kind, count in counts.most_common():
        yield f"{WORDS.get(kind, kind.replace('_', ' '))}: {_count(count)}x, such as: {details[kind]}"[:200]


def _stations(tables: Mapping[str, pa.Table]) -> int:
    """How many chargers the input knows."""
    known = [tables[name]["station"].cast(pa.string()).unique().to_pylist() for name in ("connections", "messages")]
    return len({*known[0], *known[1]} - {None})


def _unjudged(runs: pa.Table, known: int) -> Iterator[str]:
    reasons: dict[str, dict[str, None]] = {}
    stations: dict[str, set[str]] = {}
    for row in runs.select(["check", "station", "outcome", "why"]).to_pylist():
        if row["outcome"] == "failed":
            yield f"{row['check']} failed: {row['why']}"
        elif row["outcome"] == "skipped":
            reasons.setdefault(row["why"], {})[row["check"]] = None
            stations.setdefault(row["why"], set()).update({row["station"]} - {None})
    ordered = sorted(reasons, key=lambda why: -len(reasons[why]))
    for why in ordered[:MOST_REASONS]:
        yield f"not judged: {', '.join(reasons[why])}{_of(stations[why], known)} ({why})"
    if len(ordered) > MOST_REASONS:
        yield f"and {_counted(len(ordered) - MOST_REASONS, 'more reason')}"


def _of(stations: set[str], known: int) -> str:
    """Of which stations, where they are few, else of how many; nothing where it is all of them."""
    if not stations or len(stations) == known:
        return ""
    return (
        f" of {', '.join(sorted(stations))}" if len(stations) <= MOST_NAMES else f" of {_count(len(stations))} chargers"
    )


def _counted(number: int | None, what: str) -> str:
    return f"{_count(number)} {what}{'s' * (number != 1)}"


def _count(number: int | None) -> str:
    return f"{number or 0:,}".replace(",", "\u202f")

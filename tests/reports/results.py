"""Results made by hand, for the tests of reports and plots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from analyzer import findings as found, schema
from analyzer.findings import Evidence, Finding, Findings
from analyzer.verdict.result import CheckInfo, Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyarrow as pa

EVENING = datetime(2026, 2, 3, 18, 0, tzinfo=UTC)
MORNING = EVENING + timedelta(hours=12)
CAPTURE = "cp7-night.pcapng"
MANUAL = """Connections end after the same quiet time.

Why it matters: the charger is offline until it has connected again.
Fires on:
    08:00:00 CP1 + ocpp1.6
Likely causes: the read timeout of the server; a proxy or load balancer
    between them with an idle timeout.
What to do: send WebSocket pings at half that time. Raise the timeout to three heartbeats.
Source: RFC 6455 5.5.2.
"""
REMEDY = "Raise the server's read timeout to 180 s or more."
TITLES = {
    "A1": "Heartbeat interval configured and kept",
    "A2": "Charger heard at that interval",
    "B2": "Connected, no long outage",
    "B4": "No pattern in the ends",
    "C1": "Metering settings right and in force",
    "D1": "Clock right",
}


def at(seconds: float) -> datetime:
    return EVENING + timedelta(seconds=seconds)


def micros(seconds: float) -> int:
    return round(at(seconds).timestamp() * 1e6)


def result(
    stations: Sequence[str] = ("CP-7",),
    *,
    rows: Iterable[Finding] | None = None,
    kind: str = "capture",
    coverage: Sequence[str] = ("cp7-night.pcapng (capture): 5 689 packets · 2 628 messages · nothing lost",),
    **tables: pa.Table,
) -> Result:
    chosen = list(rows) if rows is not None else [cutoff(station) for station in stations]
    table = found.worst_first(found.stamp(found.table(chosen), "WS11", "error"))
    runs = schema.from_rows(
        "runs",
        [
            {"check": "WS11", "outcome": "ran", "rows": len(chosen), "seconds": 0.1},
            {"check": "MV26", "outcome": "skipped", "why": "no sample interval seen"},
            {"check": "CK02", "outcome": "failed", "why": "ValueError: clock"},
        ],
    )
    made = {name: schema.empty(name) for name in (*schema.names("base"), *schema.names("derived"))}
    made |= {
        "sources": sources(kind),
        "connections": connections(stations),
        "outages": outages(stations),
        "causes": causes(stations),
        "checklist": checklist(stations),
        "verdict": verdict(stations),
        "issues": issues(),
        "findings": table,
        "runs": runs,
    }
    info = CheckInfo("WS11", "Idle cut-off by the server or a proxy", MANUAL)
    return Result(made | tables, Findings(table, runs), coverage, {"WS11": info}, damaged=False)


def cutoff(station: str | None, summary: str = "Idle cut-off by the server at 60.0 s, 17 of 17 ends") -> Finding:
    proof = [Evidence(CAPTURE, 1203, micros(1188)), Evidence(CAPTURE, 1209, micros(1188.5))]
    return Finding(station, summary, micros(1188), micros(40_000), "1.1", 60.0, 180.0, "s", 17, proof)


def sources(kind: str = "capture") -> pa.Table:
    row = {"source": CAPTURE, "kind": kind, "start": EVENING, "end": MORNING, "bytes": 812_345, "records": 5689}
    counts = {"messages": 2628, "lifecycle": 40, "ignored": 0, "unknown": 0, "damaged": False}
    return schema.from_rows("sources", [{**row, **counts, "zone": "UTC, as captures are"}])


def issues() -> pa.Table:
    row = {"source": CAPTURE, "origin": 2801, "ts": at(29_460), "kind": "hole", "count": 1, "damage": True}
    return schema.from_rows("issues", [{**row, "station": "CP-7", "detail": "1 448 bytes were never seen"}])


def connections(stations: Sequence[str]) -> pa.Table:
    rows = []
    for station in stations:
        for number in range(4):
            start, end = number * 10_000, number * 10_000 + 9_900
            rows.append(
                {
                    "station": station,
                    "ts": at(start),
                    "upgraded": at(start),
                    "connection": f"{station}.{number + 1}",
                    "end": at(end),
                    "end_kind": "fin" if number < 3 else "open",
                    "end_side": "csms" if number < 3 else None,
                    "version": "1.6",
                    "subprotocol": "ocpp1.6",
                    "offered": "ocpp1.6",
                    "start_observed": True,
                    "end_observed": number < 3,
                    "inferred": False,
                    "source": CAPTURE,
                    "origin": 100 * number + 1,
                }
            )
    return schema.from_rows("connections", rows)


def _spans(stations: Sequence[str]) -> Iterable[tuple[str, str, datetime, datetime]]:
    for station in stations:
        for number in range(3):
            yield station, f"{station}.{number + 1}", at(number * 10_000 + 9_900), at((number + 1) * 10_000)


def outages(stations: Sequence[str]) -> pa.Table:
    rows = [
        {
            "station": station,
            "start": start,
            "end": end,
            "duration": (end - start).total_seconds(),
            "connection": connection,
            "end_kind": "fin",
            "end_side": "csms",
            "noticed": start,
            "idle_any": 59.9,
            "idle_up": 60.0 + 0.1 * place,
            "idle_down": 59.9,
            "lifetime": 9_900.0,
            "attempts": 0,
            "in_transaction": False,
            "source": CAPTURE,
            "origin": 1203,
        }
        for place, (station, connection, start, end) in enumerate(_spans(stations))
    ]
    return schema.from_rows("outages", rows)


def causes(stations: Sequence[str]) -> pa.Table:
    rows = [
        {
            "station": station,
            "start": start,
            "end": end,
            "connection": connection,
            "rank": 1,
            "cause": "read_deadline",
            "score": 4.5,
            "share": 0.92,
            "confidence": "high",
            "owner": "CSMS",
            "evidence_for": "the connection ended 60.0 s after the charger's last message",
            "remedy": REMEDY,
        }
        for station, connection, start, end in _spans(stations)
    ]
    return schema.from_rows("causes", rows)


def checklist(stations: Sequence[str]) -> pa.Table:
    told = {
        "A1": ("FAIL", "interval 60 s = server deadline"),
        "A2": ("PASS", None),
        "B2": ("WARN", "94.3 % connected"),
        "B4": ("FAIL", "Idle cut-off by the server at 60.0 s, 17 of 17 ends"),
        "C1": ("UNKNOWN", "no sample interval seen"),
        "D1": ("PASS", None),
    }
    rows = [
        {"station": station, "line": line, "title": TITLES[line], "status": status, "detail": detail, "checks": "WS11"}
        for station in stations
        for line, (status, detail) in told.items()
    ]
    return schema.from_rows("checklist", rows)


def verdict(stations: Sequence[str]) -> pa.Table:
    sentences = (
        "Offline 17 times, 41 min in all. 17 of 17 times the connection ended 60.0 s after the charger's last message; "
        "the heartbeat interval is 60 s too, so any delay loses the race."
    )
    row = {"severity": "error", "sentences": sentences, "remedy": REMEDY, "owner": "CSMS", "confidence": "high"}
    return schema.from_rows("verdict", [{"station": station, **row} for station in stations])


STRANGERS = {
    "sources": ("source", "zone"),
    "connections": ("station", "subprotocol", "version"),
    "outages": ("station", "source"),
    "causes": ("station", "evidence_for", "remedy", "owner"),
    "checklist": ("station", "detail"),
    "verdict": ("station", "sentences", "remedy", "owner", "missing"),
    "issues": ("station", "detail", "source"),
}
"""Columns that hold, or are made of, strings of strangers."""


def hostile(text: str) -> Result:
    """The result of one charger in which every string of a stranger is this text."""
    benign = result()
    proof = [Evidence(text, 1203, micros(1188))]
    finding = Finding(text, text, micros(1188), micros(40_000), text, 60.0, 180.0, text, 17, proof)
    made = {name: _filled(name, benign.tables[name], columns, text) for name, columns in STRANGERS.items()}
    changed = result((text,), rows=[finding], coverage=(text,), **made)
    table = schema.from_rows("runs", [{"check": "MV26", "outcome": "failed", "why": text, "station": text}])
    return replace(changed, findings=Findings(changed.findings.table, table))


def _filled(name: str, table: pa.Table, columns: Iterable[str], text: str) -> pa.Table:
    return schema.from_rows(name, [{**row, **dict.fromkeys(columns, text)} for row in table.to_pylist()])

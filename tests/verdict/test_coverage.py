from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer import findings as found, schema
from analyzer.findings import Finding
from analyzer.verdict.coverage import coverage
from tests.manuals import tables

if TYPE_CHECKING:
    import pyarrow as pa

TALK = "08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat\n08:00:01.1 CP1 < = {}\n08:00:00 CP2 + ocpp1.6\n"


def runs(*rows: dict[str, object]) -> pa.Table:
    return schema.from_rows("runs", list(rows))


def skipped(check: str, why: str, station: str | None = None) -> dict[str, object]:
    return {"check": check, "outcome": "skipped", "why": why, "station": station}


def test_each_input_is_told_with_what_was_understood() -> None:
    (line,) = coverage(tables(TALK), runs())
    assert line.startswith("example.trace (trace): 4 lines · 2 messages · 2 lifecycle lines · nothing lost")


def test_what_was_lost_is_told_first_among_the_troubles() -> None:
    made = tables(TALK)
    issue = {"kind": "hole", "count": 2, "damage": True, "detail": "3 bytes"}
    rows = [{**row, "damaged": True} for row in made["sources"].to_pylist()]
    changed = {**made, "issues": schema.from_rows("issues", [issue]), "sources": schema.from_rows("sources", rows)}
    first, second = coverage(changed, runs())
    assert "a part of it was lost" in first
    assert second == "holes in a stream: 2x, such as: 3 bytes"


def test_encrypted_connections_are_counted() -> None:
    made = tables(TALK)
    rows = [{**row, "station": None, "scheme": "wss"} for row in made["connections"].to_pylist()]
    changed = {**made, "connections": schema.from_rows("connections", rows)}
    assert "not judged: 2 TLS connections, encrypted and without keys" in coverage(changed, runs())
    rows[0]["end_kind"] = "tls"
    told = coverage({**made, "connections": schema.from_rows("connections", rows)}, runs())
    assert "not judged: 1 TLS connection, encrypted and without keys" in told
    assert "not judged: 1 TLS handshake that failed, of no known charger (see --port)" in told


def test_what_was_not_judged_is_told_by_its_reason_with_the_chargers_where_it_is_not_all() -> None:
    lines = coverage(
        tables(TALK),
        runs(
            skipped("HB01", "no beats", "CP1"),
            skipped("HB04", "no beats", "CP2"),
            skipped("SC01", "nothing tells", "CP2"),
            skipped("CK01", "no clock"),
        ),
    )
    assert lines[1:] == [
        "not judged: HB01, HB04 (no beats)",
        "not judged: SC01 of CP2 (nothing tells)",
        "not judged: CK01 (no clock)",
    ]


def test_a_check_that_failed_is_named_with_its_error() -> None:
    lines = coverage(tables(TALK), runs({"check": "HB01", "outcome": "failed", "why": "ValueError: 3"}))
    assert lines[1] == "HB01 failed: ValueError: 3"


def test_many_inputs_and_reasons_are_counted_not_hidden() -> None:
    made = tables(TALK)
    sources = [{**row, "source": f"{n}.log"} for n in range(8) for row in made["sources"].to_pylist()]
    changed = {**made, "sources": schema.from_rows("sources", sources)}
    lines = coverage(changed, runs(*(skipped(f"HB{n:02d}", f"reason {n}") for n in range(9))))
    assert "and 3 more inputs with 6 messages" in lines
    assert lines[-1] == "and 3 more reasons"


def test_what_the_input_lacks_of_a_charger_is_told_once() -> None:
    made = tables(TALK)
    hole = {"kind": "hole", "count": 2, "damage": True, "detail": "3 bytes"}
    issues = schema.from_rows("issues", [{**hole, "station": "CP1"}, {**hole, "station": "CP2", "count": 5}])
    lack = found.stamp(found.table([Finding("CP1", "Not all is there: 2 holes")]), "WS36", "info")
    other = found.stamp(found.table([Finding("CP2", "It is late")]), "HB01", "error")
    changed = {**made, "issues": issues, "findings": schema.concat("findings", [lack, other])}
    assert coverage(changed, runs())[1:] == [
        "CP1: not all is there: 2 holes",
        "holes in a stream: 5x, such as: 3 bytes",
    ]


def test_of_many_chargers_some_are_told_and_the_others_counted() -> None:
    rows = [Finding(f"CP{number}", "Not all is there") for number in range(9)]
    lines = coverage({**tables(TALK), "findings": found.stamp(found.table(rows), "WS36", "info")}, runs())
    assert lines[-1] == "and of 4 more chargers not all traffic is there"
    assert len(lines) == 7

from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.checks.security.validity import validity
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings, tables, workspace

LEAF = "* certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20CA"
YEAR = "start=2025-07-01 end=2026-07-01"


def shown(columns: str, certificate: str = LEAF) -> str:
    return f"2026-01-01 08:00:00 CP1 + ocpp1.6 scheme=wss\n08:00:00 CP1 {certificate} {columns}"


@pytest.mark.parametrize(
    ("columns", "severity"),
    [
        (YEAR, None),
        ("start=2025-01-01 end=2026-01-01T07:59:59", "critical"),
        # valid to the last second, of which nothing is left
        ("start=2025-01-01 end=2026-01-01T08:00:00", "warning"),
        ("start=2026-01-01T08:00:00 end=2026-07-01", None),
        ("start=2026-01-01T08:00:01 end=2026-07-01", "critical"),
        ("start=2025-01-01 end=2026-01-31T07:59:59", "warning"),
        ("start=2025-01-01 end=2026-01-31T08:00:00", None),
        # of 90 days the last 18 are a warning, of a week the last 1.4
        ("start=2025-10-21 end=2026-01-19", "warning"),
        ("start=2025-10-22 end=2026-01-20", None),
        ("start=2025-12-28 end=2026-01-04", None),
        ("start=2025-12-26 end=2026-01-02", "warning"),
        ("end=2026-01-10", "warning"),
        ("end=2025-01-10", "critical"),
        ("end=9999-12-31T23:59:59", None),
        ("start=0001-01-01 end=0001-01-02", "critical"),
    ],
)
def test_the_time_of_the_connection_is_held_against_the_validity(columns: str, severity: str | None) -> None:
    assert [each for _, each in outcomes(validity, shown(columns))] == ([severity] if severity else [])


def test_an_expired_certificate_is_told_with_its_name_and_times() -> None:
    trace = f"""
    2026-01-01 08:00:00x3/3600s CP1 x tls scheme=wss
    08:00:00.2x3/3600s CP1 {LEAF} start=2025-01-01 end=2026-01-01T09:30:00
    """
    found = sorted(findings(validity, trace), key=lambda row: str(row["severity"]))
    assert [row["severity"] for row in found] == ["critical"]
    assert found[0]["count"] == 1
    assert found[0]["summary"] == (
        "The CSMS's certificate csms.example expired on 2026-01-01 09:30 UTC, 30 min before it was shown, 1 time"
    )


def test_certificates_in_between_and_of_the_charger_count_too() -> None:
    between = "* certificate by csms position=1 subject=CN%3DExample%20CA issuer=CN%3DExample%20Root"
    (found,) = findings(validity, f"{shown(YEAR)}\n08:00:00 CP1 {between} start=2015-01-01 end=2025-09-30")
    assert found["summary"].startswith(
        "A certificate further up in the CSMS's chain, Example CA, expired on 2025-09-30"
    )
    own = "* certificate by station position=0 subject=CN%3DSN1 issuer=CN%3DDevices"
    (found,) = findings(validity, f"{shown(YEAR)}\n08:00:00 CP1 {own} start=2015-01-01 end=2025-09-30")
    assert found["summary"].startswith("The charger's certificate SN1 expired")
    assert outcomes(validity, shown("start=2015-01-01 end=2025-09-30", own)) == [
        ("CP1", "critical"),
        ("CP1", "unknown"),
    ]


def test_a_certificate_that_signed_itself_counts_as_a_leaf_and_not_as_a_root() -> None:
    own = "* certificate by csms position=0 subject=CN%3Da issuer=CN%3Da"
    assert outcomes(validity, shown("end=2025-01-01", own)) == [("CP1", "critical")]
    root = "08:00:00 CP1 * certificate by csms position=1 subject=CN%3Da issuer=CN%3Da end=2025-01-01"
    assert outcomes(validity, f"{shown(YEAR)}\n{root}") == []


def test_what_was_renewed_after_it_expired_is_told_all_the_same() -> None:
    trace = f"""
    2026-01-01 08:00:00 CP1 x tls scheme=wss
    08:00:00.1 CP1 {LEAF} start=2025-01-01 end=2025-12-31
    09:00:00 CP1 + ocpp1.6 scheme=wss
    09:00:00.1 CP1 {LEAF} {YEAR}
    """
    assert outcomes(validity, trace) == [("CP1", "critical")]


def test_thresholds_are_the_users() -> None:
    assert findings(validity, shown(YEAR), warn_days=200, warn_share=0.6)
    assert findings(validity, shown("start=2025-01-01 end=2026-01-15"), warn_days=10) == []


def test_a_charger_whose_clock_was_never_set_refuses_a_valid_certificate() -> None:
    status = '{"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": "$(now-800000000)"}'
    trace = f"""
    2026-01-01 08:00:00 CP1 + ocpp1.6 scheme=ws
    08:00:10x10/60s CP1 > StatusNotification {status}
    08:00:10.1x10/60s CP1 < = {{}}
    08:20:00 CP1 - 1000 by station
    08:30:00x3/60s CP1 x tls scheme=wss
    08:30:00.2x3/60s CP1 {LEAF} {YEAR}
    """
    (found,) = findings(validity, trace)
    assert (found["severity"], found["count"], found["unit"]) == ("error", 3, "s")
    assert "behind, when the CSMS's certificate csms.example is not valid: it must refuse it" in found["summary"]
    assert "and 3 handshakes failed" in found["summary"]
    # the charger that connects all the same does not look at its clock
    assert findings(validity, trace.replace("x tls", "+ ocpp1.6")) == []
    assert findings(validity, trace.replace("$(now-800000000)", "$(now-3600)")) == []


def test_a_certificate_without_dates_and_a_log_are_not_judged() -> None:
    assert reason(validity, shown("")).startswith("no certificate was seen")
    assert reason(validity, "08:00:00 CP1 > Heartbeat") == "nothing tells whether its connection is encrypted"


def test_a_certificate_without_a_time_of_its_own_gives_nothing() -> None:
    made = tables(shown("end=2025-01-01"))
    rows = [{**row, "ts": None} for row in made["certificates"].to_pylist()]
    made["certificates"] = schema.from_rows("certificates", rows)
    clock = workspace("08:00:00 CP1 > Heartbeat").table("clock")
    assert validity(made["connections"], made["certificates"], clock).num_rows == 0


def test_dates_beyond_all_calendars_break_nothing() -> None:
    made = tables(shown("end=2025-01-01"))
    columns = {name: made["certificates"][name] for name in made["certificates"].column_names}
    far = schema.from_columns("certificates", {**columns, "start": [2**62], "end": [None]})
    clock = workspace("08:00:00 CP1 > Heartbeat").table("clock")
    found = validity(made["connections"], far, clock).to_pylist()
    assert any("a day beyond all calendars" in row["summary"] for row in found)


def test_stations_are_told_apart() -> None:
    trace = f"{shown('end=2025-01-01')}\n" + shown(YEAR).replace("CP1", "CP2")
    assert outcomes(validity, trace) == [("CP1", "critical")]

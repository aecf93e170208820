from __future__ import annotations

import pytest

from analyzer.checks.security.name_mismatch import name_mismatch
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings

LEAF = "* certificate by csms position=0 subject=CN%3Dcsms.example names=csms.example%20*.csms.example"


@pytest.mark.parametrize(
    ("attributes", "severities"),
    [
        ("server_name=csms.example", []), ("server_name=a.csms.example", []), ("server_name=b.a.csms.example", ["error"]),
        ("host=csms.example:8443", []), ("host=203.0.113.5:8443", ["error"]), ("host=[2001:db8::1]:443", ["error"]),
        # what was asked for in the handshake counts, not what HTTP says later
        ("server_name=csms.example host=backend.internal", []), ("server_name=other.example host=csms.example", ["error"]),
        ("", ["unknown"]),
    ],
)  # fmt: skip
def test_the_name_that_was_asked_for_counts(attributes: str, severities: list[str]) -> None:
    found = outcomes(name_mismatch, f"08:00:00 CP1 + ocpp1.6 scheme=wss {attributes}\n08:00:00 CP1 {LEAF}")
    assert [severity for _, severity in found] == severities


def test_a_certificate_without_any_name_is_for_nobody_that_can_be_told() -> None:
    trace = (
        "08:00:00 CP1 + ocpp1.6 scheme=wss server_name=csms.example\n08:00:00 CP1 * certificate by csms key=EC%20256"
    )
    assert outcomes(name_mismatch, trace) == []


def test_each_name_is_a_finding_and_tells_both() -> None:
    trace = f"""
    08:00:00x3/60s CP1 x tls scheme=wss server_name=old.example
    08:00:00.1x3/60s CP1 {LEAF}
    09:00:00 CP1 + ocpp1.6 scheme=wss server_name=older.example
    09:00:00 CP1 {LEAF}
    10:00:00 CP1 + ocpp1.6 scheme=wss server_name=csms.example
    10:00:00 CP1 {LEAF}
    """
    found = findings(name_mismatch, trace)
    assert sorted(row["count"] for row in found) == [1, 3]
    assert any(
        row["summary"]
        == "The charger asked for old.example and was shown a certificate for csms.example, *.csms.example, 3 times"
        for row in found
    )


def test_stations_with_the_same_certificate_are_told_apart() -> None:
    trace = f"""
    08:00:00 CP1 + ocpp1.6 scheme=wss server_name=csms.example
    08:00:00 CP1 {LEAF}
    08:00:00 CP2 + ocpp1.6 scheme=wss server_name=other.example
    08:00:00 CP2 {LEAF}
    08:00:00 CP3 + ocpp1.6 scheme=wss server_name=other.example tls_version=1.3
    """
    assert outcomes(name_mismatch, trace) == [("CP2", "error"), ("CP3", "unknown")]


def test_it_says_why_it_cannot_judge() -> None:
    hidden = "08:00:00 CP1 + ocpp1.6 scheme=wss server_name=csms.example"
    assert reason(name_mismatch, hidden).startswith("no certificate was seen")
    assert "asked for" in reason(name_mismatch, f"08:00:00 CP1 + ocpp1.6 scheme=wss\n08:00:00 CP1 {LEAF}")


def test_hostile_names_are_cut_and_break_nothing() -> None:
    long = "x" * 5000
    trace = f"""
    08:00:00 CP1 + ocpp1.6 scheme=wss server_name={long}
    08:00:00 CP1 * certificate by csms subject=CN%3D%3Cscript%3E%1B[31m{long} names={long}.example%20%00%20*
    """
    (found,) = findings(name_mismatch, trace)
    assert len(found["summary"]) < 500

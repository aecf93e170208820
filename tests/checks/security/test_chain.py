from __future__ import annotations

import pytest

from analyzer.checks.security.chain import chain
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings

LEAF = "* certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20R3"
ISSUER = "* certificate by csms position=1 subject=CN%3DExample%20R3 issuer=CN%3DExample%20Root"


def test_a_leaf_alone_is_a_warning_where_handshakes_fail() -> None:
    (found,) = findings(chain, f"08:00:00x3/60s CP1 x tls scheme=wss\n08:00:00.1x3/60s CP1 {LEAF}")
    assert (found["severity"], found["count"]) == ("warning", 3)
    assert found["summary"] == (
        "The CSMS's certificate csms.example came without the one of its issuer Example R3, 3 times; 3 handshakes failed"
    )


def test_a_leaf_alone_is_information_where_the_charger_connects() -> None:
    (found,) = findings(chain, f"08:00:00x3/60s CP1 + ocpp1.6 scheme=wss\n08:00:00.1x3/60s CP1 {LEAF}")
    assert found["severity"] == "info"
    assert found["summary"].endswith("the charger connects all the same")


@pytest.mark.parametrize(
    ("columns", "alert", "severity", "outcome"),
    [
        ("", "by station detail=fatal%20alert%2048%20unknown_ca", "warning", "1 handshake failed"),
        ("", "by station detail=fatal%20alert%2042", "warning", "1 handshake failed"),
        ("", "by station detail=fatal%20alert%2045%20certificate_expired", "info", "failed for another reason"),
        ("", "by station detail=fatal%20alert%20480", "info", "failed for another reason"),
        ("", "by csms detail=fatal%20alert%2040%20handshake_failure", "warning", "1 handshake failed"),
        ("", "by station detail=encrypted%20alert", "warning", "1 handshake failed"),
        ("end=2025-12-31", "by station", "info", "failed for another reason"),
        ("start=2026-01-02 end=2027-01-01", "by station", "info", "failed for another reason"),
        ("start=2025-01-02 end=2027-01-01", "by station", "warning", "1 handshake failed"),
    ],
)
def test_a_handshake_that_fails_for_another_reason_proves_nothing(
    columns: str, alert: str, severity: str, outcome: str
) -> None:
    trace = f"08:00:00 CP1 x tls scheme=wss\n08:00:00.1 CP1 {LEAF} {columns}\n08:00:00.2 CP1 * tls {alert}"
    (found,) = findings(chain, trace)
    assert found["severity"] == severity
    assert outcome in found["summary"]


def test_the_chain_of_one_connection_says_nothing_of_another() -> None:
    trace = f"""
    08:00:00 CP1 + ocpp1.6 scheme=wss
    08:00:00.1 CP1 {LEAF}
    08:00:00.1 CP1 {ISSUER}
    09:00:00 CP1 x tls scheme=wss
    09:00:00.1 CP1 {LEAF}
    """
    trace = trace.replace("09:00:00 CP1 x", "08:59:00 CP1 - 1000 by csms\n    09:00:00 CP1 x")
    (found,) = findings(chain, trace)
    assert (found["severity"], found["count"]) == ("warning", 1)


def test_what_has_no_issuer_or_signed_itself_has_no_chain() -> None:
    trace = "08:00:00 CP1 x tls scheme=wss\n08:00:00 CP1 * certificate by csms subject=CN%3Da"
    assert outcomes(chain, f"{trace} issuer=CN%3Da") == []
    assert outcomes(chain, trace) == [("CP1", "unknown")]


def test_only_what_the_csms_sends_is_judged() -> None:
    trace = f"08:00:00 CP1 x tls scheme=wss\n08:00:00 CP1 {LEAF.replace('csms position', 'station position')}"
    assert reason(chain, trace).startswith("no certificate was seen")

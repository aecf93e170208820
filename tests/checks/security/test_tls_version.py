from __future__ import annotations

import pytest

from analyzer.checks.security.tls_version import tls_version
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings


@pytest.mark.parametrize(
    ("subprotocol", "version", "severities"),
    [
        ("ocpp1.6", "1.0", ["warning"]), ("ocpp1.6", "1.1", ["warning"]), ("ocpp1.6", "1.2", []),
        ("ocpp2.0.1", "1.1", ["error"]), ("ocpp2.1", "1.0", ["error"]), ("ocpp2.1", "1.3", []),
        ("?", "1.0", ["warning"]), ("ocpp1.6", "SSL%203.0", ["error"]), ("ocpp1.6", "TLSv1.1", ["warning"]),
        ("ocpp1.6", "TLS%201.2", []), ("ocpp1.6", "0x7f1c", []),
    ],
)  # fmt: skip
def test_ocpp_tells_how_bad_an_old_version_is(subprotocol: str, version: str, severities: list[str]) -> None:
    found = outcomes(tls_version, f"08:00:00 CP1 + {subprotocol} scheme=wss tls_version={version}")
    assert [severity for _, severity in found] == severities


def test_the_version_of_ocpp_may_be_known_from_another_connection() -> None:
    trace = """
    08:00:00 CP1 + ? scheme=wss tls_version=1.1
    09:00:00 CP1 + ocpp2.0.1 scheme=wss tls_version=1.2
    """
    assert outcomes(tls_version, trace) == [("CP1", "error")]


def test_what_one_charger_does_is_told_once_with_its_share() -> None:
    trace = "08:00:00x4/60s CP1 + ocpp1.6 scheme=wss tls_version=1.0\n09:00:00 CP1 + ocpp1.6 scheme=wss tls_version=1.3"
    (found,) = findings(tls_version, trace)
    assert (found["count"], found["summary"]) == (4, "4 of 5 TLS connections used version 1.0")


def test_it_says_why_it_cannot_judge() -> None:
    assert reason(tls_version, "08:00:00 CP1 + ocpp1.6 scheme=wss") == "no TLS handshake was seen"
    assert reason(tls_version, "08:00:00 CP1 + ocpp1.6 scheme=ws") == "none of its connections is encrypted"
    assert reason(tls_version, "08:00:00 CP1 + ocpp1.6") == "nothing tells whether its connection is encrypted"
    assert reason(tls_version, "08:00:00 CP1 x tls scheme=wss tls_version=1.0") == "no TLS handshake was seen"

from __future__ import annotations

import pytest

from analyzer.checks.security.no_authentication import no_authentication
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings

PRIVATE = "client=10.0.0.7 server=10.0.0.1"
SHOWN = "08:00:00 CP1 * certificate by csms subject=CN%3Dcsms.example"


@pytest.mark.parametrize(
    ("attributes", "severities"),
    [
        (f"scheme=ws authorization=none {PRIVATE}", ["warning"]),
        ("scheme=ws authorization=none client=10.0.0.7 server=1.1.1.1", ["error"]),
        (f"scheme=ws authorization=basic {PRIVATE}", []),
        (f"scheme=ws authorization=bearer {PRIVATE}", []),
        (f"scheme=ws {PRIVATE}", ["unknown"]),
        ("", ["unknown"]),
        ("authorization=none", ["unknown"]),
        (f"scheme=wss authorization=none {PRIVATE}", ["unknown"]),
        ("scheme=ws authorization=none client=127.0.0.1 server=127.0.0.1", ["unknown"]),
        ("scheme=ws authorization=none client=::1 server=::1", ["unknown"]),
    ],
)
def test_what_an_established_connection_tells_of_authentication(attributes: str, severities: list[str]) -> None:
    found = outcomes(no_authentication, f"08:00:00 CP1 + ocpp1.6 {attributes}")
    assert [severity for _, severity in found] == severities


def test_encrypted_connections_are_judged_where_the_certificates_were_seen() -> None:
    connected = f"08:00:00 CP1 + ocpp2.0.1 scheme=wss authorization=none {PRIVATE}"
    assert outcomes(no_authentication, f"{connected}\n{SHOWN}") == [("CP1", "warning")]
    own = "08:00:00 CP1 * certificate by station subject=CN%3DSN1"
    assert outcomes(no_authentication, f"{connected}\n{SHOWN}\n{own}") == []


def test_a_certificate_on_one_connection_says_nothing_of_another() -> None:
    trace = f"""
    08:00:00 CP1 + ocpp2.0.1 scheme=wss authorization=none {PRIVATE}
    08:00:00 CP1 * certificate by station subject=CN%3DSN1
    09:00:00x3/60s CP1 + ocpp2.0.1 scheme=ws authorization=none {PRIVATE}
    """
    (found,) = findings(no_authentication, trace)
    assert found["count"] == 3


def test_an_attempt_that_is_refused_or_not_answered_is_not_accepted() -> None:
    assert outcomes(no_authentication, f"08:00:00 CP1 x 401 scheme=ws authorization=none {PRIVATE}") == []
    assert outcomes(no_authentication, f"08:00:00 CP1 x port_closed scheme=ws authorization=none {PRIVATE}") == []


def test_stations_are_judged_by_their_own_connections() -> None:
    trace = f"""
    08:00:00 CP1 + ocpp1.6 scheme=ws authorization=none {PRIVATE}
    08:00:00 CP2 + ocpp1.6 scheme=ws authorization=basic {PRIVATE}
    08:00:00 CP3 + ocpp1.6 scheme=ws {PRIVATE}
    """
    assert outcomes(no_authentication, trace) == [("CP1", "warning"), ("CP3", "unknown")]


def test_a_log_is_not_judged_for_the_reason_that_hides_its_encryption_too() -> None:
    assert reason(no_authentication, "08:00:00 CP1 > Heartbeat") == "nothing tells whether its connection is encrypted"
    assert "one host alone" in reason(no_authentication, "08:00:00 CP1 + ocpp1.6 scheme=ws client=::1 server=::1")

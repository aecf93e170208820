from __future__ import annotations

import pytest

from analyzer.checks.security.clear_credentials import clear_credentials
from tests.manuals import findings

HOSTS = "client=10.0.0.7 server=10.0.0.1"


@pytest.mark.parametrize(
    ("attributes", "count"),
    [
        ("scheme=ws authorization=basic", 1), ("scheme=wss authorization=basic", 0), ("authorization=basic", 0),
        ("scheme=ws authorization=none", 0), ("scheme=ws authorization=bearer", 0), ("scheme=ws", 0),
    ],
)  # fmt: skip
def test_only_basic_authorization_in_cleartext_counts(attributes: str, count: int) -> None:
    assert len(findings(clear_credentials, f"08:00:00 CP1 + ocpp1.6 {attributes} {HOSTS}")) == count


def test_an_attempt_that_is_refused_gave_the_password_away_too() -> None:
    (found,) = findings(clear_credentials, f"08:00:00x3/60s CP1 x 401 scheme=ws authorization=basic {HOSTS} user=CP1")
    assert (found["severity"], found["count"]) == ("critical", 3)
    assert "as user CP1" in str(found["summary"])

from __future__ import annotations

import pytest

from analyzer.checks.security.unencrypted import unencrypted
from tests.manuals import findings, workspace


@pytest.mark.parametrize(
    ("client", "server", "severity"),
    [
        ("10.0.0.7", "192.168.1.1", "warning"), ("10.0.0.7", "1.1.1.1", "error"), ("8.8.8.8", "10.0.0.1", "error"),
        ("100.64.3.4", "10.0.0.1", "warning"), ("fd00::1", "fd00::2", "warning"), ("fd00::1", "2606:4700::1111", "error"),
        ("::ffff:8.8.8.8", "10.0.0.1", "error"), ("charger.local", "csms.example.com", "warning"),
        ("127.0.0.1", "10.0.0.1", "warning"), ("127.0.0.1", "127.0.0.1", None), ("::1", "::1", None),
    ],
)  # fmt: skip
def test_it_is_worse_where_either_end_is_public(client: str, server: str, severity: str | None) -> None:
    found = findings(unencrypted, f"08:00:00 CP1 + ocpp1.6 scheme=ws client={client} server={server}")
    assert [row["severity"] for row in found] == ([severity] if severity else [])


def test_many_connections_are_one_finding() -> None:
    (found,) = findings(unencrypted, "08:00:00x9/60s CP1 + ocpp2.0.1 scheme=ws client=10.0.0.7")
    assert found["count"] == 9


def test_a_refused_attempt_is_in_the_clear_too() -> None:
    assert findings(unencrypted, "08:00:00 CP1 x 401 scheme=ws client=10.0.0.7 server=10.0.0.1")


def test_a_log_that_does_not_tell_is_not_judged() -> None:
    assert severities("08:00:00 CP1 + ocpp1.6") == ["unknown"]
    assert severities("08:00:00 CP1 + ocpp1.6 scheme=wss") == []


def test_what_was_seen_within_one_host_alone_is_not_judged() -> None:
    within = "08:00:00 CP1 + ocpp1.6 scheme=ws client=127.0.0.1 server=127.0.0.1"
    assert severities(within) == ["unknown"]
    assert severities(f"{within}\n09:00:00 CP1 + ocpp1.6 scheme=wss client=10.0.0.7 server=10.0.0.1") == []
    assert severities(f"{within}\n09:00:00 CP1 + ocpp1.6 scheme=ws client=10.0.0.7 server=10.0.0.1") == ["warning"]


def severities(trace: str) -> list[str]:
    table = unencrypted(*workspace(trace).tables(unencrypted.needs))
    return [row["severity"] for row in table.to_pylist()]

from __future__ import annotations

import pytest

from analyzer.checks.security.cipher import cipher
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings


@pytest.mark.parametrize(
    ("suite", "severity"),
    [
        ("TLS_AES_128_GCM_SHA256", None), ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", None),
        ("TLS_RSA_WITH_AES_256_GCM_SHA384", None), ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", None),
        ("TLS_PSK_WITH_AES_128_CCM_8", None), ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", "warning"),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", "warning"), ("TLS_RSA_WITH_RC4_128_SHA", "error"),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "error"), ("TLS_RSA_WITH_DES_CBC_SHA", "error"),
        ("TLS_RSA_WITH_NULL_SHA256", "error"), ("TLS_DH_anon_WITH_AES_128_GCM_SHA256", "error"),
        ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", "error"), ("TLS_NULL_WITH_NULL_NULL", "error"), ("0xc0ff", None),
    ],
)  # fmt: skip
def test_a_suite_is_judged_by_its_name(suite: str, severity: str | None) -> None:
    found = outcomes(cipher, f"08:00:00 CP1 + ocpp1.6 scheme=wss tls_version=1.2 cipher={suite}")
    assert [each for _, each in found] == ([severity] if severity else [])


def test_with_an_old_version_of_tls_only_what_is_broken_is_told() -> None:
    trace = "08:00:00 CP1 + ocpp1.6 scheme=wss tls_version={} cipher={}"
    assert outcomes(cipher, trace.format("1.1", "TLS_RSA_WITH_AES_128_CBC_SHA")) == []
    assert outcomes(cipher, trace.format("1.1", "TLS_RSA_WITH_RC4_128_SHA")) == [("CP1", "error")]


def test_each_suite_is_a_finding_of_its_own() -> None:
    trace = """
    08:00:00x3/60s CP1 + ocpp1.6 scheme=wss tls_version=1.2 cipher=TLS_RSA_WITH_RC4_128_SHA
    09:00:00 CP1 + ocpp1.6 scheme=wss tls_version=1.2 cipher=TLS_RSA_WITH_AES_128_CBC_SHA
    """
    found = findings(cipher, trace)
    assert sorted((row["count"], row["severity"]) for row in found) == [(1, "warning"), (3, "error")]
    assert len({row["fingerprint"] for row in found}) == 2


def test_a_handshake_that_failed_agreed_on_nothing() -> None:
    trace = "08:00:00 CP1 x tls scheme=wss tls_version=1.2 cipher=TLS_RSA_WITH_RC4_128_SHA"
    assert reason(cipher, trace) == "no TLS handshake was seen"

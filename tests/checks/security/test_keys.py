from __future__ import annotations

import pytest

from analyzer.checks.security.keys import keys
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings


def leaf(columns: str, subprotocol: str = "ocpp1.6") -> str:
    return f"""
    08:00:00 CP1 + {subprotocol} scheme=wss
    08:00:00 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DCA {columns}
    """


@pytest.mark.parametrize(
    ("columns", "severity"),
    [
        ("key=RSA%202048 signature=sha256", None), ("key=RSA%202047 signature=sha256", "warning"),
        ("key=RSA%201024", "warning"), ("key=DSA%201024", "warning"), ("key=EC%20224", None), ("key=EC%20192", "warning"),
        ("key=Ed25519", None), ("key=Ed448%20456", None), ("key=RSA%202048 signature=sha1", "warning"),
        ("key=EC%20256 signature=MD5", "warning"), ("key=EC%20256 signature=SHA-1", "warning"),
        ("key=RSA%204096 signature=sha256", "info"), ("key=RSA", None), ("key=RSA%20²", None),
        ("key=RSA%2099999999999999999999", None),
    ],
)  # fmt: skip
def test_keys_and_signatures_are_judged(columns: str, severity: str | None) -> None:
    assert [each for _, each in outcomes(keys, leaf(columns))] == ([severity] if severity else [])


def test_a_big_key_is_told_only_of_the_server_and_for_ocpp_16() -> None:
    assert outcomes(keys, leaf("key=RSA%204096", "ocpp2.0.1")) == []
    assert outcomes(keys, leaf("key=RSA%203072")) == [("CP1", "info")]
    own = "08:00:00 CP1 * certificate by station subject=CN%3DSN1 issuer=CN%3DCA key=RSA%204096"
    assert outcomes(keys, f"{leaf('key=RSA%202048').rstrip()}\n    {own}") == []


def test_a_certificate_with_two_faults_is_one_finding() -> None:
    (found,) = findings(keys, leaf("key=RSA%20512 signature=md5"))
    assert found["summary"] == (
        "The CSMS's certificate csms.example has a key of 512 bits (RSA) and is signed with MD5"
    )
    assert (found["value"], found["limit"], found["unit"]) == (512, 2048, "bits")


def test_a_certificate_of_the_charger_is_judged_though_that_of_the_csms_was_not_seen() -> None:
    trace = """
    08:00:00 CP1 + ocpp2.0.1 scheme=wss
    08:00:00 CP1 * certificate by station subject=CN%3DSN1 issuer=CN%3DCA key=RSA%201024
    """
    assert outcomes(keys, trace) == [("CP1", "unknown"), ("CP1", "warning")]


def test_a_certificate_that_was_renewed_with_the_same_faults_is_one_finding() -> None:
    renewed = leaf("key=RSA%201024 start=2025-01-01 end=2026-01-01T08:30:00").strip("\n").replace("08:00", "09:00")
    (found,) = findings(keys, f"{leaf('key=RSA%201024 start=2024-01-01 end=2026-01-02').rstrip()}\n{renewed}")
    assert found["count"] == 2


def test_a_certificate_without_a_key_is_not_judged() -> None:
    assert reason(keys, leaf("")).startswith("no certificate was seen")

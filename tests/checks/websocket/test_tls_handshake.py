from __future__ import annotations

import pytest

from analyzer.checks.websocket.tls_handshake import MEANINGS, tls_handshake
from tests.manuals import findings, workspace

FAILS = "CP1 x tls scheme=wss client_port=50001"
UP = "CP1 + ocpp1.6 scheme=wss client_port=50002 tls_version=1.2"


def up(time: str) -> str:
    return f"\n{time} {UP}\n{time}.5 CP1 > Heartbeat#{time}\n{time}.6 CP1 < =#{time} {{}}\n"


def unjudged(text: str) -> list[str]:
    rows = tls_handshake(*workspace(text).tables(tls_handshake.needs)).to_pylist()
    return [row["summary"] for row in rows if row["severity"] == "unknown"]


@pytest.mark.parametrize("number", sorted(MEANINGS))
@pytest.mark.parametrize(("side", "who"), [("station", "charger"), ("csms", "server")])
def test_the_alert_and_its_sender_tell_why(number: int, side: str, who: str) -> None:
    text = f"08:00:00 {FAILS}\n08:00:00.2 CP1 * tls by {side} detail=fatal%20alert%20{number}%20some_name"
    (found,) = findings(tls_handshake, text)
    assert f"the {who} sent alert {number} some_name: " in str(found["summary"])


@pytest.mark.parametrize(("side", "whose"), [("station", "server"), ("csms", "charger")])
def test_an_alert_about_a_certificate_is_about_that_of_the_other_side(side: str, whose: str) -> None:
    text = f"08:00:00 {FAILS}\n08:00:00.2 CP1 * tls by {side} detail=fatal%20alert%2045%20certificate_expired"
    (found,) = findings(tls_handshake, text)
    assert f"the {whose}'s certificate has expired" in str(found["summary"])


@pytest.mark.parametrize(
    ("version", "end", "words"),
    [
        (" tls_version=1.2", "fin by station", "it does not accept its certificate"),
        (" tls_version=1.3", "rst by station", "it does not accept its certificate"),
        (" tls_version=1.2", "rst by csms", "the server broke off without an alert after the charger's answer"),
        ("", "rst by csms", "the server broke off without an alert after the charger's hello"),
        ("", "fin by station", "the charger broke off without an alert before the server's hello"),
        ("", "", "it ended without an alert"),
    ],
)
def test_without_an_alert_the_side_that_broke_off_tells_why(version: str, end: str, words: str) -> None:
    text = f"08:00:00 {FAILS}{version}" + (f"\n08:00:00.2 CP1 * {end}" if end else "")
    (found,) = findings(tls_handshake, text)
    assert words in str(found["summary"])


def test_a_fatal_alert_of_a_connection_that_never_came_up_is_a_failure_however_it_ended() -> None:
    text = """
    08:00:00 CP1 + start_observed=false scheme=wss client_port=50001
    08:00:00.1 CP1 * tls by station detail=fatal%20alert%2048%20unknown_ca
    08:00:00.2 CP1 - rst
    """
    (found,) = findings(tls_handshake, text)
    assert "unknown_ca" in str(found["summary"])


def test_an_alert_behind_the_upgrade_is_no_failed_handshake() -> None:
    text = up("08:00:00") + "08:05:00 CP1 * tls by csms detail=fatal%20alert%2080%20internal_error\n08:05:00 CP1 - rst"
    assert findings(tls_handshake, text.strip()) == []


def test_the_certificate_that_was_shown_and_the_name_that_was_asked_for_are_told() -> None:
    text = f"""
    08:00:00 {FAILS} server_name=csms.example.com tls_version=1.2
    08:00:00.1 CP1 * certificate by csms position=1 subject=CN=Root
    08:00:00.1 CP1 * certificate by csms position=0 subject=CN=csms issuer=CN=Root end=2025-12-31T00:00:00
    08:00:00.2 CP1 * tls by station detail=fatal%20alert%2045%20certificate_expired
    """
    (found,) = findings(tls_handshake, text)
    assert str(found["summary"]).endswith(
        "the charger asked for csms.example.com; TLS 1.2; "
        "the server's certificate is for CN=csms, issued by CN=Root, valid until 31 Dec 2025 (expired)"
    )


def test_one_failure_before_a_success_is_a_warning_and_three_are_an_error() -> None:
    for count, severity in ((1, "warning"), (2, "warning"), (3, "error")):
        text = f"08:00:00x{count}/60s {FAILS}{up('08:30:00')}"
        assert [row["severity"] for row in findings(tls_handshake, text)] == [severity]


def test_the_last_attempt_that_failed_is_an_error() -> None:
    text = f"{up('08:00:00')}08:10:00 CP1 - rst\n08:10:30 {FAILS}".strip()
    (found,) = findings(tls_handshake, text)
    assert (found["severity"], found["count"]) == ("error", 1)
    assert "1 of 2 TLS handshakes failed" in str(found["summary"])


@pytest.mark.parametrize(("after", "count"), [("08:00:10", 0), ("08:00:11", 1)])
def test_an_older_version_may_be_tried_at_once(after: str, count: int) -> None:
    assert len(findings(tls_handshake, f"08:00:00 {FAILS}{up(after)}".strip())) == count


def test_failures_within_one_short_outage_are_a_warning() -> None:
    text = f"{up('08:00:00')}08:09:00 CP1 - 1012 by csms\n08:09:10x4/60s {FAILS}{up('08:18:00')}".strip()
    assert [(row["severity"], row["count"]) for row in findings(tls_handshake, text)] == [("warning", 4)]


def test_a_failed_handshake_is_neither_a_connection_nor_the_end_of_an_outage() -> None:
    text = f"{up('08:00:00')}08:09:00 CP1 - rst\n08:10:00x5/60s {FAILS}{up('08:30:00')}".strip()
    outages = workspace(text).table("outages").to_pylist()
    assert [row["duration"] for row in outages] == [21 * 60]


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        ("08:00:00 CP1 + ocpp1.6 scheme=wss", False),
        ("08:00:00 CP1 + ocpp1.6 scheme=ws client_port=50001", True),
        ("08:00:00 CP1 + ocpp1.6 client_port=50001", False),
        ("08:00:00 CP1 + ocpp1.6 scheme=wss client_port=50001", True),
        ("08:00:00 CP1 + start_observed=false scheme=wss client_port=50001", False),
    ],
)
def test_only_packets_tell_of_tls(text: str, judged: bool) -> None:
    assert findings(tls_handshake, text) == []
    assert unjudged(text) == ([] if judged else ["the input does not tell of TLS"])


def test_stations_are_told_apart() -> None:
    text = f"08:00:00x3/60s {FAILS}\n08:00:00 CP2 + ocpp1.6 scheme=wss client_port=50002"
    assert [row["station"] for row in findings(tls_handshake, text)] == ["CP1"]

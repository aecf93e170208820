from __future__ import annotations

import pytest

from analyzer.checks.websocket.compression import compression
from tests.checks.outcomes import outcomes, reason
from tests.manuals import findings

BULK = '{"vendorId": "x", "data": "%s"}' % ("y" * 50_000)


def test_what_was_agreed_on_is_told_with_what_it_saves() -> None:
    trace = """
    08:00:00x2/60s CP1 + ocpp1.6 extensions=permessage-deflate;%20client_no_context_takeover compressed_messages=5 saved_bytes=20000
    09:00:00 CP1 + ocpp1.6 http_status=101
    """
    (found,) = findings(compression, trace)
    assert found["summary"] == (
        "Compression (permessage-deflate) was agreed on for 2 of 3 connections; 10 messages made use of it, "
        "which saved 40 kB"
    )
    assert (found["severity"], found["value"], found["unit"]) == ("info", 40_000, "B")


def test_what_made_no_use_of_it_and_what_was_not_counted_are_told_apart() -> None:
    (unused,) = findings(compression, "08:00:00 CP1 + ocpp1.6 extensions=permessage-deflate compressed_messages=0")
    (unknown,) = findings(compression, "08:00:00 CP1 + ocpp1.6 extensions=permessage-deflate")
    assert unused["summary"].endswith("0 messages made use of it")
    assert unknown["summary"].endswith("agreed on for 1 of 1 connection")


@pytest.mark.parametrize(
    ("attributes", "count", "found"),
    [
        ("ocpp2.0.1 http_status=101", 41, True), ("ocpp2.1 http_status=101", 41, True),
        ("ocpp2.0.1 http_status=101", 39, False), ("ocpp1.6 http_status=101", 41, False), ("ocpp2.0.1", 41, False),
    ],
)  # fmt: skip
def test_a_charger_of_ocpp_2_that_sends_much_uncompressed_is_told(attributes: str, count: int, found: object) -> None:
    trace = f"08:00:00 CP1 + {attributes}\n08:00:01x{count}/60s CP1 > DataTransfer {BULK}"
    assert bool(findings(compression, trace)) is found


def test_much_is_much_a_day() -> None:
    trace = f"08:00:00 CP1 + ocpp2.0.1 http_status=101\n08:00:01x80/3600s CP1 > DataTransfer {BULK}"
    assert findings(compression, trace) == []
    (found,) = findings(compression, trace, worth_megabytes=1.0)
    assert 1.2 < found["value"] < 1.3


def test_stations_are_told_apart() -> None:
    trace = """
    08:00:00 CP1 + ocpp2.0.1 extensions=permessage-deflate
    08:00:00 CP2 + ocpp2.0.1 http_status=101
    08:00:00 CP3 + ocpp2.0.1
    """
    assert outcomes(compression, trace) == [("CP1", "info"), ("CP3", "unknown")]
    assert reason(compression, "08:00:00 CP1 + ocpp1.6") == "no answer to an upgrade was seen"

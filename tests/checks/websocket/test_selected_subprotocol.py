from __future__ import annotations

import pytest

from analyzer.checks.websocket.selected_subprotocol import selected_subprotocol
from analyzer.checks.websocket.subprotocol import subprotocol
from tests.manuals import findings, workspace

START = 'StartTransaction {"connectorId": 1, "idTag": "AB12", "meterStart": 0, "timestamp": "$(now)"}'


def unjudged(text: str) -> list[str]:
    rows = selected_subprotocol(*workspace(text).tables(selected_subprotocol.needs)).to_pylist()
    return [row["summary"] for row in rows if row["severity"] == "unknown"]


@pytest.mark.parametrize(
    ("offered", "chosen", "count"),
    [
        ("ocpp1.6", "ocpp1.6", 0),
        ("ocpp2.0.1,%20ocpp1.6", "ocpp1.6", 0),
        ("OCPP1.6", "ocpp1.6", 0),
        ("vendor.x,ocpp1.6", "vendor.x", 0),
        ("ocpp1.6", "", 1),
        ("ocpp1.6", "ocpp2.0.1", 1),
        ("ocpp2.0.1", "ocpp2.0.1,ocpp1.6", 1),
    ],
)
def test_the_server_must_choose_one_of_those_offered(offered: str, chosen: str, count: int) -> None:
    text = f"08:00:00 CP1 + offered={offered} subprotocol={chosen} http_status=101"
    assert [row["severity"] for row in findings(selected_subprotocol, text)] == ["error"] * count


@pytest.mark.parametrize("offered", ["", "chat"])
def test_a_charger_that_offers_no_version_of_ocpp_is_told_by_the_other_check(offered: str) -> None:
    text = f"08:00:00 CP1 + offered={offered} subprotocol=ocpp1.6 http_status=101"
    assert findings(selected_subprotocol, text) == []
    assert len(findings(subprotocol, text)) == 1


def test_it_is_a_warning_where_both_talk_all_the_same() -> None:
    text = "08:00:00x3/600s CP1 + offered=ocpp1.6 subprotocol= http_status=101\n08:00:01x3/600s CP1 > Heartbeat"
    (found,) = findings(selected_subprotocol, text)
    assert (found["severity"], found["count"]) == ("warning", 3)
    assert "chose none of the offered subprotocols (ocpp1.6), in 3 of 3 upgrades; both talk" in str(found["summary"])


@pytest.mark.parametrize(
    "text", ["08:00:00 CP1 + ?", "08:00:00 CP1 + ocpp1.6", "08:00:00 CP1 > Heartbeat", "08:00:00 CP1 x 400"]
)
def test_what_was_not_seen_is_not_judged(text: str) -> None:
    assert unjudged(text) == ["no answer to an upgrade was seen with what was offered"]


@pytest.mark.parametrize(
    ("agreed", "action", "count"),
    [
        ("ocpp2.0.1", START, 1),
        ("ocpp2.1", START, 1),
        ("ocpp1.6", START, 0),
        ("ocpp1.6", "TransactionEvent {}", 1),
        ("ocpp2.1", "TransactionEvent {}", 0),
        ("ocpp2.0.1", "OpenPeriodicEventStream {}", 1),
        ("ocpp1.6", 'BootNotification {"chargingStation": {}, "reason": "PowerUp"}', 1),
        ("ocpp2.0.1", 'BootNotification {"chargingStation": {}, "reason": "PowerUp"}', 0),
        ("ocpp1.6", "Heartbeat", 0),
        ("ocpp1.6", "BootNotification {}", 0),
        ("ocpp1.6", "VendorThing {}", 0),
    ],
)
def test_requests_that_only_another_version_has_tell_of_it(agreed: str, action: str, count: int) -> None:
    text = f"08:00:00 CP1 + {agreed} http_status=101\n08:01:00x5/60s CP1 > {action}"
    assert len(findings(selected_subprotocol, text)) == count


@pytest.mark.parametrize(("strange", "right", "count"), [(4, 0, 0), (5, 0, 1), (9, 1, 1), (8, 1, 0)])
def test_it_takes_five_such_requests_and_nine_of_ten(strange: int, right: int, count: int) -> None:
    text = f"08:00:00 CP1 + ocpp2.0.1\n08:01:00x{strange}/60s CP1 > {START}"
    text += f"\n09:01:00x{right}/60s CP1 > TransactionEvent {{}}" if right else ""
    assert len(findings(selected_subprotocol, text)) == count


def test_the_csms_speaks_a_version_too_and_answers_tell_none() -> None:
    text = "08:00:00 CP1 + ocpp1.6 http_status=101\n08:01:00x5/60s CP1 < GetVariables#$(i) {}"
    (found,) = findings(selected_subprotocol, text + "\n08:01:01x5/60s CP1 > =#$(i) {}")
    assert (found["count"], found["value"]) == (5, 100.0)


def test_where_no_version_was_agreed_none_is_broken() -> None:
    assert findings(selected_subprotocol, f"08:01:00x9/60s CP1 > {START}") == []


def test_stations_are_told_apart() -> None:
    text = (
        f"08:00:00 CP1 + ocpp2.0.1\n08:00:00 CP2 + ocpp1.6\n08:01:00x9/60s CP1 > {START}\n08:01:00x9/60s CP2 > {START}"
    )
    assert [row["station"] for row in findings(selected_subprotocol, text)] == ["CP1"]

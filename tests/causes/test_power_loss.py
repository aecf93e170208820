from __future__ import annotations

import pytest

from tests.causes.stories import first, ranked

CHARGING = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > StartTransaction#70 {"connectorId": 1, "meterStart": 0, "timestamp": "2026-01-01T08:00:01Z", "idTag": "A"}
08:00:02 CP1 < =#70 {"transactionId": 5, "idTagInfo": {"status": "Accepted"}}
"""
BACK = """
08:20:40 CP1 + ocpp1.6
08:20:41 CP1 > BootNotification#71 {"chargePointVendor": "Example", "chargePointModel": "AC22"}
08:20:41.1 CP1 < =#71 {"currentTime": "2026-01-01T08:20:41Z", "interval": 300, "status": "Accepted"}
08:20:42 CP1 > StopTransaction#72 {"transactionId": 5, "meterStop": 10, "timestamp": "2026-01-01T08:20:42Z", "reason": "PowerLoss"}
08:20:42.1 CP1 < =#72 {}
"""
TALK_2X = "08:00:00 CP1 + ocpp2.0.1\n08:00:01 CP1 > Heartbeat#70\n08:00:01.1 CP1 < =#70 {}\n"
BACK_2X = """
08:20:40 CP1 + ocpp2.0.1
08:20:41 CP1 > BootNotification#71 {"reason": "PowerUp", "chargingStation": {"vendorName": "Example", "model": "AC22"}}
08:20:41.1 CP1 < =#71 {"currentTime": "2026-01-01T08:20:41Z", "interval": 300, "status": "Accepted"}
"""
RESET = '08:20:00 CP1 < Reset#r {"type": "Immediate"}\n08:20:00.2 CP1 > =#r {"status": "Accepted"}\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CHARGING + "08:20:10 CP1 - 1006" + BACK, "after its boot it ended a transaction with reason PowerLoss"),
        (TALK_2X + "08:20:10 CP1 - 1006" + BACK_2X, "it booted with reason PowerUp"),
    ],
)
def test_what_the_charger_says_of_its_power_makes_the_site_the_owner(text: str, words: str) -> None:
    row = first(text)
    assert (row["cause"], row["owner"], row["confidence"]) == ("power_loss", "site", "high")
    assert row["evidence_for"].startswith(f"the charger lost its power: {words}; the connection ended without a word")


def test_power_up_after_a_reset_by_command_is_no_loss_of_power() -> None:
    row = first(TALK_2X + RESET + "08:20:10 CP1 - 1006" + BACK_2X)
    assert (row["cause"], row["owner"]) == ("reboot", "CSMS")
    assert row["evidence_against"].startswith("it reports that power was lost")


def test_a_charger_that_said_goodbye_did_not_lose_its_power() -> None:
    (outage,) = ranked(TALK_2X + "08:20:10 CP1 - 1001 by station" + BACK_2X)
    assert "power_loss" not in {row["cause"] for row in outage if row["confidence"] == "high"}
    assert outage[0]["cause"] != "power_loss"


def test_a_charger_that_had_just_said_that_it_must_reboot_did_so_whatever_it_says_later() -> None:
    change = '08:20:09 CP1 < ChangeConfiguration#c {"key": "Mode", "value": "1"}\n08:20:09.5 CP1 > =#c {"status": "RebootRequired"}\n'
    (outage,) = ranked(CHARGING + change + "08:20:10 CP1 - 1006" + BACK)
    assert [row["cause"] for row in outage] == ["reboot", "power_loss"]
    assert outage[0]["confidence"] == "medium"


def test_a_change_of_configuration_that_was_accepted_long_before_does_not_hide_a_loss_of_power() -> None:
    change = '08:15:00 CP1 < ChangeConfiguration#c {"key": "Mode", "value": "1"}\n08:15:00.5 CP1 > =#c {"status": "Accepted"}\n'
    assert first(CHARGING + change + "08:20:10 CP1 - 1006" + BACK)["cause"] == "power_loss"


@pytest.mark.parametrize(
    ("end", "cause"),
    [
        ("1001 by csms", "closed_by_code"),
        ("1000 by csms", "closed_by_code"),
        ("1012", "closed_by_code"),
        ("1001 by station", "reboot"),
        ("fin by csms", "reboot"),
        ("1006", "power_loss"),
        ("rst", "power_loss"),
    ],
)
def test_an_end_that_somebody_made_outweighs_power_up_as_the_reason_of_a_boot(end: str, cause: str) -> None:
    assert first(TALK_2X + f"08:20:10 CP1 - {end}" + BACK_2X.replace("#71", "#1"))["cause"] == cause


@pytest.mark.parametrize(("end", "named"), [("1001 by csms", False), ("1011 by csms", True), ("fin by csms", True)])
def test_a_csms_that_gives_a_silent_charger_up_does_not_hide_its_loss_of_power(end: str, named: bool) -> None:
    (outage,) = ranked(CHARGING + f"08:20:10 CP1 - {end}" + BACK)
    assert ("power_loss" in {row["cause"] for row in outage}) == named

from __future__ import annotations

import pytest

from tests.causes.stories import first, ranked

TALK = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > Heartbeat#50
08:00:01.1 CP1 < =#50 {}
"""
BACK = """
08:20:40 CP1 + ocpp1.6
08:20:41 CP1 > BootNotification#1 {"chargePointVendor": "Example", "chargePointModel": "AC22"}
08:20:41.1 CP1 < =#1 {"currentTime": "2026-01-01T08:20:41Z", "interval": 300, "status": "Accepted"}
"""
RESET = '08:20:00 CP1 < Reset#r {"type": "Soft"}\n08:20:00.2 CP1 > =#r {"status": "Accepted"}\n'


def test_message_ids_that_start_again_tell_of_a_reboot() -> None:
    row = first(TALK + "08:20:10 CP1 - 1006" + BACK)
    assert (row["cause"], row["owner"], row["confidence"]) == ("reboot", "charger", "medium")
    assert row["evidence_for"] == "the charger rebooted: message ids start again (50, then 1)"


def test_a_reset_by_command_is_no_fault_of_the_charger_though_it_closed_in_order() -> None:
    row = first(TALK + RESET + "08:20:10 CP1 - 1000 by station" + BACK)
    assert (row["cause"], row["owner"], row["confidence"]) == ("reboot", "CSMS", "high")
    assert row["evidence_for"].startswith("the charger rebooted after Reset; Reset Soft was answered, sent 10 s before")
    assert "accepted before it" not in row["evidence_for"]
    assert row["remedy"].startswith("Nothing to mend if the Reset was meant")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            '08:20:00.2 CP1 > =#c {"status": "RebootRequired"}',
            "had answered ChangeConfiguration Mode with RebootRequired",
        ),
        ('08:20:00.2 CP1 > =#c {"status": "Accepted"}', "ChangeConfiguration Mode was accepted, sent 10 s before"),
    ],
)
def test_a_change_of_configuration_just_before_explains_it(answer: str, words: str) -> None:
    change = '08:20:00 CP1 < ChangeConfiguration#c {"key": "Mode", "value": "1"}\n'
    row = first(TALK + change + answer + "\n08:20:10 CP1 - 1006" + BACK)
    assert (row["cause"], row["owner"]) == ("reboot", "CSMS")
    assert row["evidence_for"].startswith("the charger rebooted after ChangeConfiguration; ")
    assert words in row["evidence_for"]


@pytest.mark.parametrize(
    ("order", "named"),
    [
        ('ChangeConfiguration#c {"key": "Mode", "value": "1"}', "ChangeConfiguration Mode"),
        ('Reset#c {"type": "Soft"}', "Reset Soft"),
        ("UpdateFirmware#c {}", "UpdateFirmware"),
    ],
)
def test_an_order_that_was_never_answered_is_told_and_is_no_cause(order: str, named: str) -> None:
    row = first(TALK + f"08:20:00 CP1 < {order}\n08:20:10 CP1 - 1006" + BACK)
    assert (row["cause"], row["owner"], row["confidence"]) == ("reboot", "charger", "medium")
    assert row["evidence_for"] == "the charger rebooted: message ids start again (50, then 1)"
    assert row["evidence_against"] == f"the CSMS had sent {named} 10 s before, which was never answered"
    assert row["remedy"].startswith("Look at the charger: update its firmware")
    assert row["share"] < first(TALK + "08:20:10 CP1 - 1006" + BACK)["share"]


def test_an_order_that_was_never_answered_is_forgotten_after_a_minute() -> None:
    change = '{} CP1 < ChangeConfiguration#c {{"key": "Mode"}}\n08:20:10 CP1 - 1006'
    assert first(TALK + change.format("08:19:10") + BACK)["evidence_against"] is not None
    assert first(TALK + change.format("08:19:09") + BACK)["evidence_against"] is None


def test_an_order_that_was_answered_counts_before_a_later_one_that_was_not() -> None:
    change = '08:20:05 CP1 < ChangeConfiguration#c {"key": "Mode"}\n'
    row = first(TALK + RESET + change + "08:20:10 CP1 - 1006" + BACK)
    assert row["evidence_for"].startswith("the charger rebooted after Reset; ")


def test_the_reason_of_a_boot_counts_more_than_an_order_that_was_never_answered() -> None:
    back = BACK.replace('"chargePointVendor"', '"reason": "LocalReset", "chargePointVendor"')
    row = first(TALK + '08:20:00 CP1 < Reset#r {"type": "Soft"}\n08:20:10 CP1 - 1006' + back)
    assert (row["owner"], row["remedy"]) == ("site", "Ask who reset it at the site.")
    assert "never answered" in row["evidence_against"]


def test_a_charger_that_never_came_back_after_an_order_that_it_did_not_answer_tells_of_no_reboot() -> None:
    text = TALK + '08:20:00 CP1 < Reset#r {"type": "Soft"}\n08:20:10 CP1 - 1006\n08:50:00 CP2 + ocpp1.6'
    assert first(text)["cause"] == "cannot_tell"


def test_a_boot_after_the_csms_had_closed_the_connection_did_not_end_it_though_an_order_was_not_answered() -> None:
    order = '08:20:00 CP1 < Reset#r {"type": "Soft"}\n'
    assert first(TALK + order + "08:20:10 CP1 - 1001 by csms" + BACK)["cause"] == "closed_by_code"


@pytest.mark.parametrize(
    "order",
    [
        '08:20:00 CP1 < Reset#r {"type": "Soft"}\n08:20:00.2 CP1 > =#r {"status": "Rejected"}\n',
        '08:05:00 CP1 < Reset#r {"type": "Soft"}\n08:05:00.2 CP1 > =#r {"status": "Accepted"}\n',
        '08:20:00 CP1 < ChangeConfiguration#c {"key": "Mode"}\n08:20:01 CP1 > =#c {"status": "NotSupported"}\n',
        '08:18:00 CP1 < ChangeConfiguration#c {"key": "Mode"}\n08:18:01 CP1 > =#c {"status": "Accepted"}\n',
        '08:20:00 CP1 < Reset#r {"type": "Soft"}\n08:20:00.2 CP1 > !#r NotSupported\n',
    ],
)
def test_an_order_that_was_refused_or_lies_long_before_explains_nothing(order: str) -> None:
    row = first(TALK + order + "08:20:10 CP1 - 1006" + BACK)
    assert row["evidence_for"] == "the charger rebooted: message ids start again (50, then 1)"


def test_firmware_may_take_most_of_an_hour() -> None:
    order = "08:00:10 CP1 < UpdateFirmware#u {}\n08:00:10.2 CP1 > =#u {}\n"
    row = first(TALK + order + "08:20:10 CP1 - 1006" + BACK)
    assert row["evidence_for"].startswith("the charger rebooted after UpdateFirmware")


def test_an_order_is_spent_by_the_first_outage_after_it() -> None:
    again = BACK.replace("08:20:4", "08:25:4").replace("2026-01-01T08:20", "2026-01-01T08:25")
    talk = "08:21:00 CP1 > Heartbeat#9\n08:21:00.1 CP1 < =#9 {}\n"
    outages = ranked(TALK + RESET + "08:20:10 CP1 - 1006" + BACK + talk + "08:25:10 CP1 - 1006" + again)
    assert [outage[0]["owner"] for outage in outages] == ["CSMS", "charger"]
    assert "Reset" not in outages[1][0]["evidence_for"].split("; ")[0]


@pytest.mark.parametrize(
    ("reason", "owner"), [("Watchdog", "charger"), ("LocalReset", "site"), ("RemoteReset", "CSMS")]
)
def test_the_reason_of_a_boot_names_the_owner(reason: str, owner: str) -> None:
    back = BACK.replace('"chargePointVendor"', f'"reason": "{reason}", "chargePointVendor"').replace("#1 ", "#51 ")
    row = first(TALK + "08:20:10 CP1 - 1006" + back.replace("=#1", "=#51"))
    assert (row["cause"], row["owner"]) == ("reboot", owner)
    assert row["evidence_for"] == f"the charger rebooted: reason {reason}"


def test_a_boot_that_nothing_proves_to_be_a_reboot_leaves_the_cause_open_and_says_what_is_missing() -> None:
    row = first(TALK + "08:20:10 CP1 - 1006" + BACK.replace("#1 ", "#51 "))
    assert row["cause"] == "cannot_tell"
    assert "the charger booted, but nothing tells a reboot from a habit" in row["evidence_for"]
    assert "the reason for the boot that followed" in row["missing"]


def test_a_reset_without_a_boot_after_it_is_no_reboot() -> None:
    row = first(TALK + RESET + "08:20:10 CP1 - 1006\n08:20:40 CP1 + ocpp1.6\n08:20:41 CP1 > Heartbeat#51")
    assert row["cause"] == "cannot_tell"


def test_a_charger_that_never_came_back_from_a_reset_is_told_of() -> None:
    row = first(TALK + RESET + "08:20:10 CP1 - 1006\n08:50:00 CP2 + ocpp1.6")
    assert row["cause"] == "reboot"
    assert row["evidence_for"].endswith("and the charger was not seen again")


def test_a_boot_on_a_later_connection_is_not_counted_for_an_earlier_outage() -> None:
    earlier = "08:19:00 CP1 - 1011 by csms\n08:19:30 CP1 + ocpp1.6\n08:19:31 CP1 > Heartbeat#52\n"
    outages = ranked(TALK + earlier + "08:20:10 CP1 - 1006" + BACK)
    assert [outage[0]["cause"] for outage in outages] == ["closed_by_code", "reboot"]


def test_a_boot_after_the_csms_had_closed_the_connection_did_not_end_it_unless_it_was_ordered() -> None:
    row = first(TALK + "08:20:10 CP1 - 1001 by csms" + BACK)
    assert (row["cause"], row["owner"]) == ("closed_by_code", "CSMS")
    assert first(TALK + RESET + "08:20:10 CP1 - 1001 by csms" + BACK)["cause"] == "reboot"

from __future__ import annotations

import pytest

from analyzer.checks.boot.loop import loop
from tests.manuals import findings, workspace

UNIT = '"chargingStation": {"vendorName": "Example", "model": "AC22"}'


def boots(n: int, step: int, reason: str = "PowerUp", status: str = "Accepted") -> str:
    return f"""
    08:00:00x{n}/{step}s CP1 + ocpp2.0.1
    08:00:01x{n}/{step}s CP1 > BootNotification#$(i)b {{"reason": "{reason}", {UNIT}}}
    08:00:01.1x{n}/{step}s CP1 < =#$(i)b {{"currentTime": "$(now)", "interval": 60, "status": "{status}"}}
    08:00:50x{n}/{step}s CP1 - 1006 by csms
    """


@pytest.mark.parametrize(
    ("n", "step", "count"), [(3, 450, 1), (3, 451, 0), (2, 100, 0), (5, 21_600, 1), (5, 21_601, 0), (4, 3600, 0)]
)
def test_three_in_a_quarter_of_an_hour_or_five_in_a_day_are_a_loop(n: int, step: int, count: int) -> None:
    assert len(findings(loop, boots(n, step))) == count


@pytest.mark.parametrize("reason", ["RemoteReset", "ScheduledReset", "FirmwareUpdate", "Triggered", "Unknown"])
def test_boots_that_were_ordered_or_are_none_do_not_count(reason: str) -> None:
    assert findings(loop, boots(6, 100, reason)) == []


@pytest.mark.parametrize("reason", ["PowerUp", "Watchdog", "ApplicationReset", "LocalReset"])
def test_boots_for_a_reason_of_the_chargers_own_count(reason: str) -> None:
    (found,) = findings(loop, boots(6, 100, reason))
    assert (found["severity"], found["count"]) == ("critical", 6)
    assert reason in str(found["summary"])


def test_message_ids_that_start_again_tell_reboots_of_16() -> None:
    text = """
    08:00:00x5/120s CP1 + ocpp1.6
    08:00:01x5/120s CP1 > BootNotification#100 {"chargePointVendor": "E", "chargePointModel": "A"}
    08:00:01.1x5/120s CP1 < =#100 {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
    08:00:30x5/120s CP1 > Heartbeat#101
    08:00:50x5/120s CP1 - 1006 by csms
    """
    (found,) = findings(loop, text)
    assert found["count"] == 4


def test_a_technician_who_resets_is_no_loop() -> None:
    reset = '08:00:30x6/100s CP1 < Reset#r$(i) {"type": "Immediate"}\n    08:00:30.1x6/100s CP1 > =#r$(i) {"status": "Accepted"}\n'
    assert len(findings(loop, boots(6, 100))) == 1
    text = boots(6, 100).replace("08:00:50", reset + "    08:00:50")
    assert findings(loop, text) == []


def test_the_retries_of_one_boot_in_a_log_of_messages_alone_are_one() -> None:
    def log(status: str) -> str:
        lines = boots(6, 100, status=status).splitlines()
        return "\n".join(line for line in lines if "CP1 +" not in line and "CP1 -" not in line)

    assert findings(loop, log("Rejected")) == []
    assert findings(loop, log("Accepted"))


def test_boots_without_evidence_are_not_judged() -> None:
    text = """
    08:00:00x5/120s CP1 + ocpp1.6
    08:00:01x5/120s CP1 > BootNotification {"chargePointVendor": "E", "chargePointModel": "A"}
    08:00:50x5/120s CP1 - 1006 by csms
    """
    rows = loop(*workspace(text).tables(loop.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


@pytest.mark.parametrize(("at", "count"), [("08:01:10", 0), ("08:00:30", 1)])
def test_a_restart_to_apply_a_setting_is_no_loop_unless_each_boot_is_configured_at_once(at: str, count: int) -> None:
    change = f"""
    {at}x6/150s CP1 < SetVariables#v$(i) {{"setVariableData": []}}
    {at}.2x6/150s CP1 > =#v$(i) {{"setVariableResult": []}}
    08:01:20x6/150s CP1 - 1006 by csms
    """
    text = "\n".join(line for line in boots(6, 150).splitlines() if "CP1 -" not in line) + change
    assert len(findings(loop, text)) == count

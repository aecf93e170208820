from __future__ import annotations

import pytest

from analyzer import schema
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
    reset = '08:00:30x6/100s CP1 < Reset#r$(i) {"type": "Immediate"}\n08:00:30.1x6/100s CP1 > =#r$(i) {"status": "Accepted"}\n'
    assert len(findings(loop, boots(6, 100))) == 1
    text = boots(6, 100).replace("08:00:50", reset + "08:00:50")
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


@pytest.mark.parametrize(("n", "step", "limit", "span"), [(3, 450, 2.0, "15 min"), (5, 21_600, 4.0, "24.0 h")])
def test_a_loop_is_told_with_its_span_and_what_is_allowed(n: int, step: int, limit: float, span: str) -> None:
    (found,) = findings(loop, boots(n, step))
    assert (found["limit"], found["value"], found["unit"]) == (limit, float(n), "reboots")
    assert f"rebooted {n} times within {span}" in str(found["summary"])


@pytest.mark.parametrize(
    ("action", "after_boot", "before_next", "count"),
    [
        ("ChangeConfiguration", 60, 300, 0),
        ("SetVariables", 60, 300, 0),
        ("SetNetworkProfile", 60, 300, 0),
        ("GetVariables", 60, 300, 1),
        ("SetVariables", 59, 300, 1),
        ("SetVariables", 60, 301, 1),
    ],
)
def test_a_change_long_enough_after_a_boot_and_soon_before_the_next_explains_it(
    action: str, after_boot: int, before_next: int, count: int
) -> None:
    step = after_boot + before_next
    moment = f"08:{(after_boot + 1) // 60:02}:{(after_boot + 1) % 60:02}"
    change = f"{moment}x4/{step}s CP1 < {action}#v$(i) {{}}\n{moment}x4/{step}s CP1 > =#v$(i) {{}}\n"
    text = "\n".join(line for line in boots(4, step).splitlines() if "CP1 -" not in line)
    end = f"08:04:50x4/{step}s CP1 - 1006 by csms"
    assert len(findings(loop, f"{text}\n{change}{end}", window=1500.0)) == count


@pytest.mark.parametrize(("last", "count"), [("00:57.1", 0), ("00:56", 1)])
def test_a_boot_within_five_seconds_of_the_last_message_is_no_reboot(last: str, count: int) -> None:
    text = boots(4, 60).replace("08:00:50", "08:00:58") + f"08:{last}x4/60s CP1 > Heartbeat#h$(i)"
    assert len(findings(loop, text)) == count


def test_boots_on_one_connection_that_the_input_tells_of_are_repeats() -> None:
    lines = boots(6, 100).splitlines()
    repeated = "\n".join(line for line in lines if "CP1 +" not in line and "CP1 -" not in line)
    assert findings(loop, f"08:00:00 CP1 + ocpp2.0.1\n{repeated}") == []


def test_boots_whose_time_is_not_known_make_no_loop() -> None:
    made = workspace(boots(6, 100))
    rows = schema.from_rows("boots", [{**row, "ts": None} for row in made.table("boots").to_pylist()])
    assert loop(rows, *made.tables(loop.needs[1:])).num_rows == 0


UNTOLD = """
08:00:00x{0}/120s CP1 + ocpp1.6
08:00:01x{0}/120s CP1 > BootNotification {{"chargePointVendor": "E", "chargePointModel": "A"}}
08:00:50x{0}/120s CP1 - 1006 by csms
"""


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        (UNTOLD.format(3), ["unknown"]),
        (UNTOLD.format(2), []),
        (UNTOLD.format(2) + boots(2, 100).replace("08:00", "07:55"), ["unknown"]),
        (UNTOLD.format(5).replace("00x5/120s CP1 +", "00 CP1 +").replace("50x5/120s CP1 -", "59 CP2 -"), []),
    ],
)
def test_three_boots_of_which_some_may_be_reboots_are_not_judged(text: str, severities: list[str]) -> None:
    assert loop(*workspace(text).tables(loop.needs))["severity"].to_pylist() == severities


def test_boots_that_may_be_reboots_and_were_ordered_are_none() -> None:
    reset = '08:00:30x5/120s CP1 < Reset#r$(i) {"type": "Hard"}\n08:00:30.2x5/120s CP1 > =#r$(i) {"status": "Accepted"}'
    assert loop(*workspace(UNTOLD.format(5) + reset).tables(loop.needs)).num_rows == 0


def log(n: int, step: int, status: str = "Accepted", more: str = "") -> str:
    """A log of messages alone, whose ids tell nothing."""
    return f"""
08:00:00x{n}/{step}s CP1 > BootNotification#6f1c-$(i)x {{"chargePointVendor": "E", "chargePointModel": "A"}}
08:00:00.2x{n}/{step}s CP1 < =#6f1c-$(i)x {{"currentTime": "$(now)", "interval": 60, "status": "{status}"}}
08:00:10x{n}/{step}s CP1 > StatusNotification#aa-$(i)y {{"connectorId": 1, "errorCode": "NoError", "status": "Available"}}
{more}"""


def test_boots_again_and_again_are_trouble_though_nothing_tells_a_reboot_from_a_reconnect() -> None:
    (found,) = findings(loop, log(12, 95))
    assert (found["severity"], found["count"], found["value"], found["limit"]) == ("warning", 10, 10.0, 5.0)
    assert found["unit"] == "boots"
    assert str(found["summary"]) == (
        "The charger sent 10 BootNotifications within 14 min, by reboots or by reconnects: the input does not tell which"
    )


ASKED = """08:00:30x12/95s CP1 < TriggerMessage#t$(i)z {"requestedMessage": "BootNotification"}
08:00:31x12/95s CP1 > =#t$(i)z {"status": "Accepted"}
"""


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        (log(6, 180), ["warning"]),
        (log(6, 181), ["unknown"]),
        (log(5, 60), ["unknown"]),
        (log(2, 60), []),
        (log(12, 86_400), []),
        (log(12, 95, "Pending"), []),
        (log(12, 95, "Rejected"), []),
        (log(12, 95, more=ASKED.replace("08:00:30", "08:01:30").replace("08:00:31", "08:01:31")), []),
        ("08:00:00x12/95s CP1 + ocpp1.6" + log(12, 95, more="08:01:00x12/95s CP1 - 1006"), ["unknown"]),
    ],
)
def test_few_boots_and_those_that_are_asked_for_or_not_accepted_are_no_trouble(
    text: str, severities: list[str]
) -> None:
    assert loop(*workspace(text).tables(loop.needs))["severity"].to_pylist() == severities

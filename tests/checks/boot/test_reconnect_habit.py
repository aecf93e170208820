from __future__ import annotations

import textwrap

from analyzer.checks.boot.reconnect_habit import reconnect_habit
from tests.manuals import findings, workspace


def reconnects(n: int, boots: int, version: str = "ocpp1.6") -> str:
    return f"""
    08:00:00x{n}/100s CP1 + {version}
    08:00:01x{boots}/100s CP1 > BootNotification#b$(i) {{"chargePointVendor": "E", "chargePointModel": "A"}}
    08:00:01.1x{boots}/100s CP1 < =#b$(i) {{"currentTime": "$(now)", "interval": 60, "status": "Accepted"}}
    08:01:38x{n}/100s CP1 > Heartbeat#h$(i)
    08:01:39x{n}/100s CP1 - fin by csms
    """


def test_four_of_five_reconnects_are_a_habit_and_three_are_none() -> None:
    (found,) = findings(reconnect_habit, reconnects(6, 5))
    assert (found["severity"], found["count"], found["value"]) == ("info", 4, 80.0)
    assert findings(reconnect_habit, reconnects(6, 4)) == []


def test_two_reconnects_are_too_few_to_judge() -> None:
    rows = reconnect_habit(*workspace(reconnects(3, 3)).tables(reconnect_habit.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]
    assert rows[0]["summary"] == "fewer than 3 reconnects without a reboot were seen"


def test_reconnects_that_were_reboots_are_not_counted() -> None:
    text = reconnects(6, 6, "ocpp2.0.1").replace("fin by csms", "1006").replace("Heartbeat#h$(i)", "Heartbeat")
    text = text.replace('{"chargePointVendor"', '{"reason": "Watchdog", "chargePointVendor"')
    rows = reconnect_habit(*workspace(text).tables(reconnect_habit.needs)).to_pylist()
    assert [row["summary"] for row in rows] == ["fewer than 3 reconnects without a reboot were seen"]


def test_it_holds_for_ocpp_201() -> None:
    text = reconnects(6, 6, "ocpp2.0.1").replace('"chargePointVendor"', '"reason": "Unknown", "chargePointVendor"')
    assert findings(reconnect_habit, text)


def test_boots_that_the_csms_asked_for_are_no_habit() -> None:
    asked = '08:00:00.5x6/100s CP1 < TriggerMessage#t$(i) {"requestedMessage": "BootNotification"}\n'
    text = reconnects(6, 6).replace("    08:00:01x6", "    " + asked + "    08:00:01x6")
    assert findings(reconnect_habit, text) == []


def judged(text: str) -> list[tuple[object, object]]:
    rows = reconnect_habit(*workspace(text).tables(reconnect_habit.needs)).to_pylist()
    return [(row["severity"], row["value"]) for row in rows]


def test_three_reconnects_are_enough() -> None:
    assert judged(reconnects(4, 4)) == [("info", 100.0)]


def test_a_boot_that_the_csms_asked_for_now_and_then_is_left_out() -> None:
    asked = '08:01:40.5x2/100s CP1 < TriggerMessage#t$(i) {"requestedMessage": "BootNotification"}\n'
    text = textwrap.dedent(reconnects(6, 6)) + asked
    assert judged(text) == [("info", 100.0)]
    (found,) = findings(reconnect_habit, text)
    assert found["count"] == 3


def test_a_reboot_now_and_then_is_left_out() -> None:
    text = reconnects(6, 6, "ocpp2.0.1").replace('{"chargePointVendor"', '{"reason": "Unknown", "chargePointVendor"')
    reset = '    08:01:30x2/100s CP1 < Reset#r$(i) {"type": "Immediate"}\n    08:01:30.1x2/100s CP1 > =#r$(i) {"status": "Accepted"}\n    08:01:38x6'
    (found,) = findings(reconnect_habit, text.replace("    08:01:38x6", reset))
    assert (found["count"], found["value"]) == (3, 100.0)


def test_where_nothing_tells_a_reboot_from_a_habit_it_is_not_judged() -> None:
    quiet = "\n".join(line for line in reconnects(6, 6).splitlines() if "Heartbeat" not in line)
    assert [row["kind"] for row in workspace(quiet).table("boots").to_pylist()] == ["unknown"] * 6
    assert judged(quiet) == [("unknown", None)]

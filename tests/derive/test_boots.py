from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from analyzer.ocpp.commands import commanded
from tests.manuals import workspace


def kinds(text: str) -> list[tuple[str, str]]:
    return [(row["kind"], row["detail"]) for row in workspace(text).table("boots").to_pylist()]


def test_a_boot_whose_message_ids_start_again_is_a_reboot() -> None:
    ((kind, detail),) = kinds("08:00:00 CP1 > Heartbeat#412 {}\n08:03:00 CP1 > BootNotification#100 {}")
    assert kind == "reboot"
    assert "start again" in detail


def test_random_message_ids_start_nothing_again() -> None:
    text = "08:00:00 CP1 > Heartbeat#5f86922c-0999 {}\n08:03:00 CP1 > BootNotification#83963ae1-0001 {}"
    assert kinds(text)[0][0] == "unknown"


def test_a_boot_after_an_accepted_reset_is_a_reboot() -> None:
    text = """
    08:00:00 CP1 < Reset {"type":"Soft"}
    08:00:01 CP1 > = {"status":"Accepted"}
    08:02:00 CP1 > BootNotification {}
    """
    assert kinds(text) == [("reboot", "Reset accepted before it")]


def test_a_reset_explains_only_the_first_boot_after_it() -> None:
    text = """
    08:00:00 CP1 < Reset {"type":"Soft"}
    08:00:01 CP1 > = {"status":"Accepted"}
    08:02:00 CP1 > BootNotification {}
    08:05:00 CP1 > BootNotification {}
    """
    assert [kind for kind, _ in kinds(text)] == ["reboot", "unknown"]


def test_a_transaction_that_ends_by_power_loss_proves_a_reboot() -> None:
    text = """
    08:00:00 CP1 > BootNotification {}
    08:00:05 CP1 > StopTransaction {"transactionId":1,"reason":"PowerLoss"}
    """
    assert kinds(text)[0][0] == "reboot"


def test_a_boot_that_the_csms_asked_for_is_triggered() -> None:
    text = """
    08:00:00 CP1 > Heartbeat#1 {}
    08:00:01 CP1 < TriggerMessage {"requestedMessage":"BootNotification"}
    08:00:02 CP1 > BootNotification#2 {}
    """
    assert kinds(text)[0][0] == "triggered"


def test_a_boot_on_a_quick_reconnect_is_a_habit_and_no_reboot() -> None:
    text = """
    08:00:00 CP1 + ocpp1.6
    08:00:01 CP1 > Heartbeat#1 {}
    08:00:02 CP1 - fin by csms
    08:00:05 CP1 + ocpp1.6
    08:00:06 CP1 > BootNotification#2 {}
    """
    assert kinds(text)[0][0] == "reconnect"


def test_downtime_alone_proves_no_reboot() -> None:
    text = """
    08:00:00 CP1 + ocpp1.6
    08:00:01 CP1 > Heartbeat#1 {}
    08:00:02 CP1 - 1006
    08:10:05 CP1 + ocpp1.6
    08:10:06 CP1 > BootNotification#2 {}
    """
    assert kinds(text)[0][0] == "unknown"


def test_a_boot_of_2_0_1_tells_its_reason() -> None:
    row = (
        workspace(
            '08:00:00 CP1 > BootNotification {"reason":"Watchdog","chargingStation":{"model":"M","vendorName":"V","firmwareVersion":"1"}}'
        )
        .table("boots")
        .to_pylist()[0]
    )
    assert (row["kind"], row["vendor"], row["model"], row["firmware"]) == ("reboot", "V", "M", "1")


def test_a_transaction_that_ends_after_the_next_boot_proves_nothing_of_the_one_before() -> None:
    text = """
    08:00:00 CP1 > Heartbeat#a-b
    08:00:01 CP1 > BootNotification#c-d {}
    08:02:00 CP1 > BootNotification#e-f {}
    08:02:05 CP1 > StopTransaction {"transactionId":1,"reason":"PowerLoss"}
    """
    assert [kind for kind, _ in kinds(text)] == ["unknown", "reboot"]


RECONNECT = """
08:00:00 CP1 + ocpp2.0.1
08:00:01 CP1 > Heartbeat#{first}
08:05:01 CP1 > Heartbeat#{second}
08:05:10 CP1 - {end}
08:05:20 CP1 + ocpp2.0.1
08:05:21 CP1 > BootNotification#{third} {{"reason": "{reason}"}}
"""


def told(end: str, reason: str = "PowerUp", ids: tuple[str, str, str] = ("a", "b", "c")) -> str:
    first, second, third = ids
    return kinds(RECONNECT.format(end=end, reason=reason, first=first, second=second, third=third))[0][0]


def test_a_reason_proves_a_reboot_where_nothing_speaks_against_it() -> None:
    assert told("1006") == told("fin by csms") == told("rst", "Watchdog") == "reboot"
    assert told("1001 by station", "LocalReset") == "reboot"


def test_a_stale_reason_proves_nothing_after_a_close_in_order() -> None:
    assert told("1001 by csms") == told("1001 by csms", "LocalReset") == told("1000 by station") == "reconnect"


def test_a_stale_reason_proves_nothing_where_message_ids_go_on() -> None:
    assert told("1006", ids=("41", "42", "43")) == "reconnect"
    assert told("1006", ids=("41", "42", "7")) == "reboot"
    assert told("1006", ids=("x", "42", "43")) == "reboot"


def test_two_messages_of_one_packet_are_told_apart() -> None:
    text = "08:00:00x3/200s CP1 > Heartbeat#4$(i)\n08:00:00x3/200s CP1 > BootNotification#1$(i) {}"
    assert [kind for kind, _ in kinds(text)] == ["reboot"] * 3


def test_a_reason_of_a_wrong_shape_is_none() -> None:
    text = '08:00:00 CP1 > BootNotification#a {}\n08:00:05 CP1 > StopTransaction#b {"reason": {"a": 1}}'
    assert [kind for kind, _ in kinds(text)] == ["unknown"]


def after(order: str, boot: str = "08:05:00") -> tuple[str, str]:
    return kinds(f"08:00:00 CP1 > Heartbeat#a-b\n{order}\n{boot} CP1 > BootNotification#c-d {{}}")[-1]


@pytest.mark.parametrize(
    ("order", "seconds"),
    [
        ('08:00:00 CP1 < Reset {"type": "Soft"}\n08:00:01 CP1 > = {"status": "Accepted"}', 600),
        ('08:00:00 CP1 < Reset {"type": "OnIdle"}\n08:00:01 CP1 > = {"status": "Scheduled"}', 3600),
        ("08:00:00 CP1 < UpdateFirmware {}\n08:00:01 CP1 > = {}", 3600),
        ('08:00:00 CP1 > FirmwareStatusNotification {"status": "Installing"}', 3600),
        ('08:00:00 CP1 < Reset {"type": "Soft"}\n08:00:01 CP1 > = {"status": "Rejected"}', 0),
        ('08:00:00 CP1 < Reset {"type": "Soft"}', 0),
        ("08:00:00 CP1 < UpdateFirmware {}\n08:00:01 CP1 > ! NotSupported", 0),
    ],
)
def test_a_boot_is_a_reboot_by_order_where_its_absence_was(order: str, seconds: int) -> None:
    for late in (0, 1):
        at = timedelta(hours=8, seconds=seconds + late)
        calls = workspace(order).table("calls")
        moment = np.array([1_767_225_600_000_000 + at // timedelta(microseconds=1)])
        absent = bool(commanded(calls, pa.chunked_array([pa.array(["CP1"])]), moment)[0])
        assert absent is (seconds > 0 and not late)
        if seconds:
            assert (after(order, f"0{at}")[0] == "reboot") is absent
    assert (after(order)[0] == "reboot") is (seconds > 0)


def test_a_reboot_by_order_says_which_order_it_was() -> None:
    assert after("08:00:00 CP1 < UpdateFirmware {}\n08:00:01 CP1 > = {}")[1] == "UpdateFirmware accepted before it"
    installing = '08:00:00 CP1 > FirmwareStatusNotification#x {"status": "Installing"}'
    assert after(installing)[1] == "it was about to install firmware"


def test_an_order_that_is_still_in_reach_counts_behind_a_later_one_that_is_not() -> None:
    update = "08:00:00 CP1 < UpdateFirmware#u {}\n08:00:01 CP1 > =#u {}\n"
    reset = '08:01:00 CP1 < Reset#r {"type": "Soft"}\n08:01:01 CP1 > =#r {"status": "Accepted"}\n'
    assert after(update + reset, "08:20:00")[1] == "UpdateFirmware accepted before it"


def test_an_order_that_is_planned_for_later_explains_the_boot_then() -> None:
    update = '08:00:00 CP1 < UpdateFirmware {"retrieveDate": "2026-01-01T20:00:00Z"}\n08:00:01 CP1 > = {}'
    assert after(update, "19:00:00")[0] == "unknown"
    assert after(update, "20:30:00")[0] == "reboot"
    text = f"{update}\n09:00:00 CP1 > BootNotification#e-f {{}}\n20:30:00 CP1 > BootNotification#g-h {{}}"
    assert [kind for kind, _ in kinds(text)] == ["unknown", "reboot"]


@pytest.mark.parametrize("action", ["TriggerMessage", "ExtendedTriggerMessage"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ('= {"status": "Accepted"}', "triggered"),
        ("", "triggered"),
        ('= {"status": "Rejected"}', "unknown"),
        ('= {"status": "NotImplemented"}', "unknown"),
        ("! NotSupported", "unknown"),
    ],
)
def test_a_boot_that_is_asked_for_is_triggered_unless_the_charger_refused(action: str, answer: str, kind: str) -> None:
    asked = f'08:04:00 CP1 < {action} {{"requestedMessage": "BootNotification"}}'
    assert after(asked + (f"\n08:04:01 CP1 > {answer}" if answer else ""))[0] == kind


def test_a_boot_is_asked_for_a_minute_before_it_at_most_and_by_name() -> None:
    asked = '{} CP1 < TriggerMessage {{"requestedMessage": "{}"}}'
    assert after(asked.format("08:03:59", "BootNotification"))[0] == "unknown"
    assert after(asked.format("08:05:00", "BootNotification"))[0] == "triggered"
    assert after(asked.format("08:04:30", "Heartbeat"))[0] == "unknown"


def test_a_transaction_that_ends_within_five_minutes_for_want_of_power_proves_a_reboot() -> None:
    text = '08:00:00 CP1 > BootNotification#a-b {{}}\n{} CP1 > StopTransaction#c-d {{"reason": "{}"}}'
    assert kinds(text.format("08:05:00", "PowerLoss"))[0][0] == "reboot"
    assert kinds(text.format("08:05:01", "PowerLoss"))[0][0] == "unknown"
    assert kinds(text.format("08:01:00", "EVDisconnected"))[0][0] == "unknown"
    idle = text.format("08:01:00", "Local").replace('"Local"', '"Local", "idTag": "Reboot"')
    assert kinds(idle)[0][0] == "unknown"
    event = '08:00:05 CP1 > TransactionEvent#c-d {"transactionInfo": {"stoppedReason": "Reboot"}}'
    assert kinds("08:00:00 CP1 > BootNotification#a-b {}\n" + event)[0][0] == "reboot"


def test_what_another_station_says_tells_nothing_of_a_boot() -> None:
    text = "08:00:00 CP1 > Heartbeat#412\n08:03:00 CP2 > BootNotification#100 {}"
    assert kinds(text) == [("unknown", "")]


def test_the_seconds_since_the_last_request_are_told() -> None:
    text = "08:00:00 CP1 > BootNotification#a-b {}\n08:03:00 CP1 > BootNotification#c-d {}"
    made = workspace(text).table("boots")
    assert made["downtime"].to_pylist() == [None, 180.0]


def test_a_silence_of_twenty_seconds_is_no_quick_reconnect() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 > Heartbeat#1\n08:00:02 CP1 - fin\n08:00:05 CP1 + ocpp1.6\n{} CP1 > BootNotification#2 {{}}"
    assert [kinds(text.format(at))[0][0] for at in ("08:00:20", "08:00:21")] == ["reconnect", "unknown"]


def test_message_ids_go_on_by_five_at_most_and_within_one_connection() -> None:
    assert told("1006", ids=("40", "41", "46")) == "reconnect"
    assert told("1006", ids=("40", "41", "47")) == told("1006", ids=("40", "46", "47")) == "reboot"
    assert told("1006", ids=("41", "42", "new")) == told("1006", ids=("new", "42", "43")) == "reboot"
    apart = RECONNECT.replace("08:05:01", "08:04:00 CP1 - 1006\n08:05:00 CP1 + ocpp2.0.1\n08:05:01")
    text = apart.format(first="41", second="42", third="43", end="1006", reason="PowerUp")
    assert kinds(text)[0][0] == "reboot"


def test_the_later_end_of_its_own_connection_speaks_not_against_a_boot() -> None:
    text = (
        '08:00:00 CP1 + ocpp2.0.1\n08:00:01 CP1 > Heartbeat#a\n08:00:02 CP1 > BootNotification#b {"reason": "PowerUp"}'
    )
    assert kinds(f"{text}\n08:09:00 CP1 - 1001 by csms")[0][0] == "reboot"


def test_a_message_id_that_is_the_same_again_starts_nothing_again() -> None:
    assert kinds("08:00:00 CP1 > Heartbeat#7\n08:03:00 CP1 > BootNotification#7 {}")[0][0] == "unknown"


def test_what_was_ordered_outweighs_that_the_csms_had_closed_the_connection() -> None:
    text = RECONNECT.format(first="a", second="b", third="c", end="1001 by csms", reason="RemoteReset")
    reset = '08:05:05 CP1 < Reset {"type": "Soft"}\n08:05:06 CP1 > = {"status": "Accepted"}\n'
    assert kinds(text)[0][0] == "reconnect"
    assert kinds(text.replace("08:05:10", f"{reset}08:05:10"))[0][0] == "reboot"


@pytest.mark.parametrize(
    "said",
    [
        '08:05:01 CP1 < StopTransaction {"reason": "PowerLoss"}',
        '08:05:01 CP1 > DataTransfer#x {"reason": "PowerLoss"}',
        '08:04:50 CP1 > TriggerMessage#x {"requestedMessage": "BootNotification"}',
        '08:04:50 CP1 < DataTransfer {"data": "BootNotification"}',
    ],
)
def test_what_only_looks_like_evidence_is_none(said: str) -> None:
    text = f"08:00:00 CP1 > Heartbeat#a-b\n08:05:00 CP1 > BootNotification#c-d {{}}\n{said}"
    ordered = "\n".join(sorted(text.splitlines()))
    assert kinds(ordered)[0][0] == "unknown"

from __future__ import annotations

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

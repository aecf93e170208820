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

from __future__ import annotations

from tests.manuals import workspace


def calls(text: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = workspace(text).table("calls").to_pylist()
    return rows


def test_an_answer_belongs_to_the_call_with_its_id_of_the_other_side() -> None:
    rows = calls(
        """
        08:00:00 CP1 > Heartbeat#7 {}
        08:00:01 CP1 < Reset#7 {"type":"Soft"}
        08:00:02 CP1 < =#7 {"currentTime":"2026-01-01T08:00:02Z"}
        08:00:03 CP1 > =#7 {"status":"Accepted"}
        """
    )
    assert [(row["action"], row["latency"], row["status"]) for row in rows] == [
        ("Heartbeat", 2.0, "answered"),
        ("Reset", 2.0, "answered"),
    ]


def test_an_id_that_is_used_again_after_a_reboot_is_another_call() -> None:
    rows = calls(
        """
        08:00:00 CP1 > Heartbeat#100 {}
        08:00:01 CP1 < =#100 {}
        08:05:00 CP1 > BootNotification#100 {}
        08:05:03 CP1 < =#100 {}
        """
    )
    assert [row["latency"] for row in rows] == [1.0, 3.0]


def test_a_call_that_is_repeated_with_its_id_is_answered_at_its_last_repeat() -> None:
    rows = calls(
        """
        08:00:00 CP1 > StartTransaction#1 {}
        08:01:00 CP1 > StartTransaction#1 {}
        08:01:01 CP1 < =#1 {}
        """
    )
    assert [row["status"] for row in rows] == ["unanswered", "answered"]


def test_an_answer_on_another_connection_is_no_answer() -> None:
    rows = calls(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > Heartbeat#1 {}
        08:02:00 CP1 - 1006
        08:02:05 CP1 + ocpp1.6
        08:02:06 CP1 < =#1 {}
        """
    )
    assert [row["status"] for row in rows] == ["unanswered"]


def test_a_call_is_interrupted_when_the_connection_ends_before_an_answer_was_due() -> None:
    rows = calls(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > Heartbeat
        08:00:05 CP1 - 1006
        08:09:00 CP1 + ocpp1.6
        """
    )
    assert [row["status"] for row in rows] == ["interrupted"]


def test_a_call_at_the_edge_of_the_input_is_pending() -> None:
    rows = calls("08:00:01 CP1 > Heartbeat\n08:00:05 CP1 > StatusNotification")
    assert [row["status"] for row in rows] == ["pending", "pending"]


def test_an_error_is_an_answer_with_its_code() -> None:
    rows = calls('08:00:01 CP1 < Reset {}\n08:00:02 CP1 > ! NotSupported "no" {}')
    assert [(row["status"], row["error_code"], row["error_description"]) for row in rows] == [
        ("error", "NotSupported", "no")
    ]


def test_a_send_awaits_no_answer() -> None:
    assert [row["status"] for row in calls("08:00:01 CP1 > ~NotifyPeriodicEventStream {}")] == ["send"]

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer.sources.events import Connected, Control, Disconnected, Event, Ignored, Message
from analyzer.sources.orientation import ENOUGH, oriented


def call(action: str, direction: str | None = "up") -> Message:
    return Message(1, "CP-7", direction, f'[2,"1","{action}",{{}}]', 1)


def test_a_log_of_a_csms_stays_as_it_is() -> None:
    events: list[Event] = [call("Heartbeat"), call("Reset", "down"), Ignored(2)]
    assert list(oriented(events)) == events


def test_a_log_of_a_charger_is_turned_round() -> None:
    events: list[Event] = [
        Connected(0, "CP-7", 1),
        call("Heartbeat", "down"),
        Control(2, "CP-7", "up", "ping", 3),
        Disconnected(3, "CP-7", 4, "close", "csms", 1000),
        Disconnected(3, "CP-7", 5, "lost", "middle"),
    ]
    assert list(oriented(events)) == [
        Connected(0, "CP-7", 1),
        call("Heartbeat", "up"),
        Control(2, "CP-7", "down", "ping", 3),
        Disconnected(3, "CP-7", 4, "close", "station", 1000),
        Disconnected(3, "CP-7", 5, "lost", "middle"),
    ]


def test_the_majority_decides() -> None:
    events = [call("Heartbeat", "down"), call("Heartbeat", "down"), call("Reset", "down")]
    assert [event.direction for event in oriented(events) if isinstance(event, Message)] == ["up"] * 3


@pytest.mark.parametrize("action", ["DataTransfer", "MyOwnAction"])
def test_what_either_side_may_request_decides_nothing(action: str) -> None:
    events = [call(action, "down")]
    assert list(oriented(events)) == events


def test_a_message_whose_direction_is_not_told_stays_so() -> None:
    assert list(oriented([call("Heartbeat", None), call("Heartbeat", "down")])) == [
        call("Heartbeat", None),
        call("Heartbeat", "up"),
    ]


@given(st.lists(st.sampled_from(["Heartbeat", "Reset", "DataTransfer"]), max_size=4 * ENOUGH))
def test_no_event_is_lost_or_doubled(actions: list[str]) -> None:
    events = [call(action)._replace(origin=number) for number, action in enumerate(actions)]
    assert [event.origin for event in oriented(events)] == [event.origin for event in events]

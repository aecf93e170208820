from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, strategies as st

from analyzer.sources import early
from analyzer.sources.early import answers_after_calls
from analyzer.sources.events import Disconnected, Event, Ignored, Message

if TYPE_CHECKING:
    import pytest

CALL = Message(5, "CP-7", "down", '[2,"7","Reset",{}]', 2)
ANSWER = Message(5, "CP-7", "up", '[3,"7",{}]', 1)


def origins(*events: Event) -> list[int]:
    return [event.origin for event in answers_after_calls(events)]


def test_an_answer_before_its_call_comes_behind_it() -> None:
    assert list(answers_after_calls([ANSWER, CALL])) == [CALL, ANSWER._replace(ts=6)]


def test_an_answer_behind_its_call_stays_as_it_is() -> None:
    assert list(answers_after_calls([CALL, ANSWER])) == [CALL, ANSWER]


def test_what_comes_between_stays_where_it_is() -> None:
    assert origins(ANSWER, Ignored(8), CALL._replace(station="CP-8", origin=9), CALL) == [8, 9, 2, 1]


def test_an_answer_stays_on_its_side_of_a_connection_s_beginning_and_end() -> None:
    assert origins(ANSWER, Disconnected(5, "CP-7", 8), CALL) == [1, 8, 2]


def test_an_answer_waits_no_longer_than_its_second() -> None:
    later = CALL._replace(ts=6)
    assert list(answers_after_calls([ANSWER, later])) == [ANSWER, later]


def test_another_charger_s_call_and_one_in_the_same_direction_are_not_its_call() -> None:
    assert origins(ANSWER, CALL._replace(station="CP-8"), CALL._replace(direction="up", origin=3)) == [2, 3, 1]


def test_an_answer_that_was_given_twice_is_kept_twice() -> None:
    assert origins(ANSWER, ANSWER._replace(origin=3)) == [3, 1]


@given(
    st.lists(
        st.builds(
            lambda ts, station, direction, kind, identity, origin: Message(
                ts, station, direction, f'[{kind},"{identity}",{{}}]', origin
            ),
            st.integers(0, 2) | st.none(),
            st.sampled_from("ab"),
            st.sampled_from(["up", "down", None]),
            st.sampled_from("2346"),
            st.sampled_from("12"),
            st.integers(1, 1_000),
        )
    )
)
def test_nothing_is_lost_and_nothing_doubled(events: list[Message]) -> None:
    assert sorted(origins(*events)) == sorted(event.origin for event in events)


def test_the_calls_that_wait_for_an_answer_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "MAX_OPEN", 1)
    other = CALL._replace(text='[2,"8","Reset",{}]', origin=3)
    # The answer to the call that was forgotten waits as one that came before its call.
    assert origins(CALL, other, ANSWER, Ignored(4)) == [2, 3, 4, 1]

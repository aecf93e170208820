from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.wire import backlog
from analyzer.wire.backlog import Backlog
from analyzer.wire.items import WireTransport
from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    import pytest


def event(number: int, kind: str = "syn") -> WireTransport:
    return WireTransport(1, kind, True, number, number)


def test_what_waits_is_given_once_in_its_order() -> None:
    waiting = Backlog(1)
    for number in range(3):
        waiting.keep(event(number), encrypted=False)
    assert list(waiting.release()) == [event(number) for number in range(3)]
    assert list(waiting.release()) == []


def test_what_there_is_no_room_for_is_told_with_the_place_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MAX_QUEUED", 2)
    waiting = Backlog(7)
    for number in range(5):
        waiting.keep(event(number), encrypted=False)
    assert waiting.full
    *given, problem = waiting.release()
    assert given == [event(0), event(1)]
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.ts, problem.count, problem.connection) == ("events_left_out", 2, 3, 7)


def test_of_what_is_encrypted_only_what_tells_of_its_course_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MAX_QUEUED", 4)
    waiting = Backlog(1)
    for number, kind in enumerate(["keep_alive", "retransmission", "syn", "retransmission", "fin"]):
        waiting.keep(event(number, kind), encrypted=True)
    assert [item.kind for item in waiting.release() if isinstance(item, WireTransport)] == [
        "retransmission",
        "syn",
        "fin",
    ]

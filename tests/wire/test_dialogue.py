from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.dialogue import MAX_WAITING, Dialogue, Piece, Said
from analyzer.wire.http import MAX_HEAD, Response
from analyzer.wire.messages import Message
from tests.wire.packets import frame

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = b"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
ANSWER = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
FIRST, SECOND, THIRD = (f'[2,"{number}","Heartbeat",{{}}]' for number in (1, 2, 3))


def up(data: bytes) -> Piece:
    return Piece(True, data, 1, 1)


def down(data: bytes) -> Piece:
    return Piece(False, data, 1, 1)


def texts(said: list[Said]) -> list[str | None]:
    return [each.what.text for each in said if isinstance(each.what, Message)]


def masked(text: str) -> bytes:
    return frame(text, mask=b"abcd")


@given(st.integers(0, 56), st.integers(1, 70))
def test_what_is_lost_of_frames_that_wait_for_the_answer_costs_only_the_frames_it_touches(
    begin: int, lost: int
) -> None:
    stream = masked(FIRST) + masked(SECOND) + masked(THIRD)
    length = len(masked(FIRST))
    dialogue = Dialogue()
    said = [*dialogue.feed(up(REQUEST)), *dialogue.feed(up(stream[:begin]))]
    said += [*dialogue.lose(lost, up(b"")), *dialogue.feed(up(stream[begin + lost :]))]
    said += dialogue.feed(down(ANSWER))
    touched = range(begin // length, (begin + lost - 1) // length + 1)
    assert texts(said) == [text for number, text in enumerate((FIRST, SECOND, THIRD)) if number not in touched]


def test_fragments_around_a_lost_one_are_not_joined_while_they_wait_for_the_answer() -> None:
    dialogue = Dialogue()
    said = [*dialogue.feed(up(REQUEST)), *dialogue.feed(up(frame('[2,"1",', fin=False, mask=b"abcd")))]
    said += [*dialogue.lose(20, up(b"")), *dialogue.feed(up(frame("{}]", opcode=0, mask=b"abcd")))]
    said += dialogue.feed(down(ANSWER))
    assert texts(said) == []


def test_an_answer_whose_middle_is_lost_before_the_request_is_whole_is_none() -> None:
    dialogue = Dialogue()
    list(dialogue.feed(up(REQUEST[:20])))
    list(dialogue.feed(down(ANSWER[:15])))
    list(dialogue.lose(10, down(b"")))
    said = [*dialogue.feed(down(ANSWER[25:])), *dialogue.feed(up(REQUEST[20:]))]
    assert [type(each.what).__name__ for each in said] == ["Request"]
    assert texts([*dialogue.feed(up(masked(FIRST)))]) == [FIRST]


@pytest.mark.parametrize(
    ("before", "head", "say"),
    [
        ([], b"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\nCookie: ", up),
        ([up(REQUEST)], b"HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: ", down),
    ],
)
def test_a_request_or_an_answer_longer_than_any_is_none(
    before: list[Piece], head: bytes, say: Callable[[bytes], Piece]
) -> None:
    dialogue = Dialogue()
    for piece in [*before, say(head.ljust(MAX_HEAD, b"x"))]:
        list(dialogue.feed(piece))
    assert dialogue.stage == "http"
    list(dialogue.feed(say(b"x")))
    assert dialogue.stage == "dull"


def test_frames_wait_for_the_answer_up_to_a_limit_and_are_read_without_it_then() -> None:
    dialogue = Dialogue()
    list(dialogue.feed(up(REQUEST)))
    message = masked(FIRST)
    count = MAX_WAITING // len(message)
    waiting = [said for _ in range(count) for said in dialogue.feed(up(message))]
    assert waiting == []
    assert dialogue.held == count * len(message)
    assert texts([*dialogue.feed(up(message))]) == [FIRST] * (count + 1)
    assert dialogue.held == 0


def test_an_answer_that_says_to_go_on_is_not_the_one_to_the_upgrade() -> None:
    dialogue = Dialogue()
    said = [*dialogue.feed(up(REQUEST)), *dialogue.feed(down(b"HTTP/1.1 100 Continue\r\n\r\n" + ANSWER))]
    assert [each.what.status for each in said if isinstance(each.what, Response)] == [101]
    assert texts([*dialogue.feed(up(masked(FIRST)))]) == [FIRST]

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire.dialogue import MAX_WAITING, Dialogue
from analyzer.wire.http import MAX_HEAD, Response
from analyzer.wire.messages import Message
from analyzer.wire.problems import Problem
from analyzer.wire.side import Said, Stretch
from tests.wire.packets import Deflater, frame

if TYPE_CHECKING:
    from collections.abc import Callable

REQUEST = b"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
ANSWER = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
FIRST, SECOND, THIRD = (f'[2,"{number}","Heartbeat",{{}}]' for number in (1, 2, 3))


def up(data: bytes) -> Stretch:
    return Stretch(True, data, 1, 1)


def down(data: bytes) -> Stretch:
    return Stretch(False, data, 1, 1)


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
    before: list[Stretch], head: bytes, say: Callable[[bytes], Stretch]
) -> None:
    dialogue = Dialogue()
    for stretch in [*before, say(head.ljust(MAX_HEAD, b"x"))]:
        list(dialogue.feed(stretch))
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


def pieces(from_client: bool, data: bytes, size: int) -> list[Stretch]:
    return [Stretch(from_client, data[at : at + size], 1, 1) for at in range(0, len(data), size)]


def hear(dialogue: Dialogue, said: list[Stretch]) -> list[Said]:
    return [each for stretch in said for each in dialogue.feed(stretch)]


def kinds(said: list[Said]) -> list[str]:
    return [each.what.kind for each in said if isinstance(each.what, Problem)]


@pytest.mark.parametrize("size", [1, 7, 1400])
@pytest.mark.parametrize("first", [True, False])
def test_frames_without_an_upgrade_are_read_from_the_first_one_on_and_that_is_said(*, first: bool, size: int) -> None:
    dialogue = Dialogue(whole=True)
    own, other = (masked(FIRST), frame(SECOND)) if first else (frame(FIRST), masked(SECOND))
    said = hear(dialogue, pieces(first, own, size) + pieces(not first, other, size) + pieces(first, own, size))
    assert (texts(said), kinds(said)) == ([FIRST, SECOND, FIRST], ["no_upgrade"])


def test_a_ping_may_be_the_first_of_the_frames_without_an_upgrade() -> None:
    said = hear(Dialogue(whole=True), [up(frame(b"", opcode=9, mask=b"abcd")), up(masked(FIRST)), down(frame(SECOND))])
    assert (texts(said), kinds(said)) == ([FIRST, SECOND], ["no_upgrade"])


def test_where_the_beginning_was_not_seen_no_upgrade_is_missed() -> None:
    assert kinds(hear(Dialogue(), [up(masked(FIRST))])) == []
    dialogue = Dialogue(whole=True)
    said = [*dialogue.lose(300, up(b"")), *hear(dialogue, [up(masked(FIRST)), down(frame(SECOND))])]
    assert (texts(said), kinds(said)) == ([FIRST, SECOND], [])


def test_a_few_bytes_without_an_upgrade_are_read_at_the_end() -> None:
    dialogue = Dialogue(whole=True)
    assert hear(dialogue, [up(frame(b"", opcode=9, mask=b"abcd"))]) == []
    assert [type(each.what).__name__ for each in dialogue.finish()] == ["Problem", "Control"]


REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 16\r\n\r\nHTTP/1.1 101 no\r\n"


@pytest.mark.parametrize("size", [1, 3, 7, 1400])
def test_a_second_request_after_a_refusal_is_read_in_pieces_of_any_size(size: int) -> None:
    dialogue = Dialogue()
    said = hear(dialogue, pieces(True, REQUEST, size) + pieces(False, REFUSAL, size))
    said += hear(dialogue, pieces(True, REQUEST, size) + pieces(False, ANSWER + frame(SECOND), size))
    said += hear(dialogue, pieces(True, masked(FIRST), size))
    assert [each.what.status for each in said if isinstance(each.what, Response)] == [401, 101]
    assert texts(said) == [SECOND, FIRST]


def test_the_body_of_a_refusal_ends_with_the_next_answer_whatever_length_was_told() -> None:
    dialogue = Dialogue()
    hear(dialogue, [up(REQUEST), down(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 9999\r\n\r\n")])
    said = hear(dialogue, [up(REQUEST), down(ANSWER), down(frame(FIRST))])
    assert texts(said) == [FIRST]


def test_bytes_lost_in_the_body_of_a_refusal_cost_nothing() -> None:
    dialogue = Dialogue()
    hear(dialogue, [up(REQUEST), down(REFUSAL[:-10])])
    said = [*dialogue.lose(9, down(b"")), *hear(dialogue, [down(REFUSAL[-1:]), up(REQUEST), down(ANSWER)])]
    assert [each.what.status for each in said if isinstance(each.what, Response)] == [101]
    assert texts(hear(dialogue, [up(masked(FIRST))])) == [FIRST]


@pytest.mark.parametrize("size", [1, 7, 1400])
@pytest.mark.parametrize("begin", range(0, len(REQUEST), 5))
def test_an_upgrade_whose_request_was_lost_from_somewhere_on_loses_no_message(begin: int, size: int) -> None:
    dialogue = Dialogue(whole=True)
    said = hear(dialogue, pieces(True, REQUEST[:begin], size))
    said += dialogue.lose(len(REQUEST) - begin, up(b""))
    said += hear(dialogue, pieces(False, ANSWER + frame(SECOND), size) + pieces(True, masked(FIRST), size))
    assert [each.what.status for each in said if isinstance(each.what, Response)] == [101]
    assert texts(said) == [SECOND, FIRST]


@pytest.mark.parametrize("size", [1, 7, 1400])
@pytest.mark.parametrize("begin", range(0, len(ANSWER), 5))
def test_an_upgrade_whose_answer_was_lost_from_somewhere_on_loses_no_message(begin: int, size: int) -> None:
    dialogue = Dialogue(whole=True)
    said = hear(dialogue, pieces(True, REQUEST, size) + pieces(False, ANSWER[:begin], size))
    said += dialogue.lose(len(ANSWER) - begin, down(b""))
    said += hear(dialogue, pieces(False, frame(SECOND), size) + pieces(True, masked(FIRST), size))
    assert (texts(said), kinds(said)) == ([SECOND, FIRST], [])


def test_a_request_that_a_proxy_took_the_upgrade_off_is_one() -> None:
    request = b"GET /ocpp/CP1 HTTP/1.1\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\n\r\n"
    said = hear(Dialogue(), [up(request), down(b"HTTP/1.1 426 Upgrade Required\r\n\r\n")])
    assert [type(each.what).__name__ for each in said] == ["Request", "Response"]


SAYABLE = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [REQUEST, ANSWER, REFUSAL, ANSWER[:-4] + b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"]
    ),
    st.builds(
        frame,
        st.sampled_from([b"", FIRST.encode(), b"\x03\xed", Deflater().deflate(FIRST), Deflater().deflate(FIRST)[:5]]),
        opcode=st.integers(0, 15),
        fin=st.booleans(),
        rsv1=st.booleans(),
        mask=st.sampled_from([None, b"abcd"]),
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    said=st.lists(st.tuples(st.booleans(), st.one_of(SAYABLE, st.integers(1, 2000))), max_size=12), whole=st.booleans()
)
def test_whatever_is_said_and_lost_raises_nothing_and_holds_no_more_than_was_said(
    *, said: list[tuple[bool, bytes | int]], whole: bool
) -> None:
    dialogue, size = Dialogue(whole=whole), 0
    for number, (side, what) in enumerate(said):
        if isinstance(what, int):
            size += what
            list(dialogue.lose(what, Stretch(side, b"", number, number)))
        elif what:
            size += len(what)
            list(dialogue.feed(Stretch(side, what, number, number)))
        assert dialogue.held <= size
    list(dialogue.finish())

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire.deflate import agreement
from analyzer.wire.frames import Frame, FrameReader, Interruption
from analyzer.wire.messages import MAX_MESSAGE, Control, Message, MessageReader
from analyzer.wire.problems import Problem
from tests.wire.packets import Deflater, frame
from tests.wire.spoken import MANNERS, Manner, speak

if TYPE_CHECKING:
    from collections.abc import Iterable

Found = list[Message | Control | Problem]


def read(
    data: bytes, *, from_client: bool = False, deflate: bool | None = False, forgets: bool = False, lost: bool = False
) -> Found:
    frames = FrameReader(from_client=from_client)
    return collect(
        MessageReader(from_client=from_client, deflate=deflate, forgets=forgets, lost=lost), frames.feed(data, 1, 1)
    )


def collect(reader: MessageReader, frames: Iterable[Frame | Interruption | Problem]) -> Found:
    return [found for each in frames if not isinstance(each, Problem) for found in reader.feed(each)]


def texts(found: Found) -> list[str | None]:
    return [each.text for each in found if isinstance(each, Message)]


def kinds(found: Found) -> list[str]:
    return [each.kind for each in found if isinstance(each, Problem)]


def test_fragments_are_joined_around_a_ping() -> None:
    data = (
        frame("one ", fin=False) + frame(b"?", opcode=9) + frame("two ", opcode=0, fin=False) + frame("three", opcode=0)
    )
    ping, message = read(data)
    assert ping == Control("ping", b"?", None, None, 1, 1)
    assert isinstance(message, Message)
    assert (message.text, message.frames) == ("one two three", 3)


@pytest.mark.parametrize("forgets", [True, False])
@given(said=st.lists(st.text(max_size=200), max_size=6))
def test_compressed_messages_are_inflated(*, forgets: bool, said: list[str]) -> None:
    deflater = Deflater(forgets=forgets)
    data = b"".join(frame(deflater.deflate(each), rsv1=True) for each in said)
    for told in (forgets, False):
        assert texts(read(data, deflate=True, forgets=told)) == said


def test_a_compressed_message_in_fragments_is_inflated() -> None:
    data = Deflater().deflate("hello, hello, hello")
    parts = frame(data[:4], fin=False, rsv1=True) + frame(data[4:], opcode=0)
    (message,) = read(parts, deflate=True)
    assert isinstance(message, Message)
    assert (message.text, message.compressed) == ("hello, hello, hello", True)


@pytest.mark.parametrize(
    ("data", "from_client", "kind"),
    [
        (frame("x"), True, "unmasked_client"),
        (frame("x", mask=b"abcd"), False, "masked_server"),
        (frame("x", opcode=3), False, "reserved_opcode"),
        (b"\xa1\x01x", False, "reserved_bits"),
        (frame(Deflater().deflate("x"), rsv1=True), False, "reserved_bits"),
        (frame("x", opcode=9, fin=False), False, "bad_control"),
        (frame("x" * 126, opcode=10), False, "bad_control"),
        (frame("x", opcode=0), False, "bad_fragment"),
        (frame("x", fin=False) + frame("y"), False, "bad_fragment"),
        (frame(b"\xff\xfe"), False, "invalid_utf8"),
    ],
)
def test_a_violation_is_named_and_reading_goes_on(*, data: bytes, from_client: bool, kind: str) -> None:
    found = read(data + frame("after", mask=b"abcd" if from_client else None), from_client=from_client)
    assert kinds(found) == [kind]
    assert texts(found)[-1] == "after"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", []),
        (b"\x03", ["bad_control"]),
        (b"\x03\xe8", []),
        (b"\x03\xe7", ["bad_close_code"]),
        (b"\x03\xec", ["bad_close_code"]),
        (b"\x03\xed", ["bad_close_code"]),
        (b"\x03\xee", ["bad_close_code"]),
        (b"\x03\xf6", []),
        (b"\x03\xf7", ["bad_close_code"]),
        (b"\x0f\xa0", []),
        (b"\x13\x87", []),
        (b"\x13\x88", ["bad_close_code"]),
        (b"\x03\xe8\xff", ["invalid_utf8"]),
    ],
)
def test_a_close_frame_that_may_not_be_sent_is_named_and_read(payload: bytes, expected: list[str]) -> None:
    found = read(frame(payload, opcode=8))
    assert kinds(found) == expected
    assert [each.payload for each in found if isinstance(each, Control)] == [payload]


def test_a_message_behind_the_close_frame_of_its_side_is_named_and_read() -> None:
    found = read(frame(b"", opcode=8) + frame(b"", opcode=9) + frame("late"))
    assert (texts(found), kinds(found)) == (["late"], ["data_after_close"])


def test_a_compressed_message_that_was_given_up_makes_no_later_one_wrong() -> None:
    deflater = Deflater()
    first, second, third = (deflater.deflate(f"{text} and more of it") for text in ("hello", "other", "hello"))
    begun = frame(second, fin=False, rsv1=True)
    found = read(frame(first, rsv1=True) + begun + frame(third, rsv1=True), deflate=True)
    assert (texts(found), kinds(found)) == (["hello and more of it"], ["bad_fragment", "compressed_midstream"])


def test_compression_that_was_not_seen_negotiated_is_tried() -> None:
    found = read(frame(Deflater().deflate("hello"), rsv1=True), deflate=None)
    assert (texts(found), kinds(found)) == (["hello"], [])


def test_a_stream_joined_in_the_middle_gives_nothing_wrong() -> None:
    deflater = Deflater()
    said = [f'[2,"{number}","Heartbeat",{{}}]' for number in range(5)]
    frames = [frame(deflater.deflate(each), rsv1=True) for each in said]
    found = read(b"".join(frames[2:]), deflate=True, lost=True)
    assert texts(found) == []
    assert set(kinds(found)) == {"compressed_midstream"}


def test_after_a_loss_messages_that_stand_alone_are_read() -> None:
    reader = MessageReader(from_client=False, deflate=True)
    list(reader.feed(Interruption(1, 1)))
    frames = FrameReader(from_client=False).feed(frame(Deflater().deflate("alone"), rsv1=True), 1, 1)
    assert texts(collect(reader, frames)) == ["alone"]


def test_a_loss_inside_a_message_loses_its_fragments() -> None:
    reader, frames = MessageReader(from_client=False), FrameReader(from_client=False)
    found = collect(reader, frames.feed(frame("lost ", fin=False), 1, 1))
    found += reader.feed(Interruption(1, 1))
    found += collect(reader, frames.feed(frame("rest", opcode=0) + frame("whole"), 1, 1))
    assert (texts(found), kinds(found)) == (["whole"], [])


def test_a_message_that_inflates_without_end_is_refused() -> None:
    found = read(frame(Deflater().deflate("0" * (MAX_MESSAGE + 1)), rsv1=True), deflate=True)
    assert (texts(found), kinds(found)) == ([], ["bad_deflate"])


def test_a_message_too_long_is_refused_and_the_next_is_read() -> None:
    part = frame(b"0" * (MAX_MESSAGE // 2 + 1), opcode=0, fin=False)
    found = read(frame("", fin=False) + part + part + frame("", opcode=0) + frame("after"))
    assert (texts(found), kinds(found)) == (["after"], ["message_too_long"])


def test_a_close_frame_tells_code_and_reason() -> None:
    (close,) = read(frame(b"\x03\xe8bye", opcode=8))
    assert isinstance(close, Control)
    assert (close.kind, close.code, close.reason) == ("close", 1000, "bye")
    (empty,) = read(frame(b"", opcode=8))
    assert isinstance(empty, Control)
    assert (empty.code, empty.reason) == (None, None)


@settings(max_examples=200, deadline=None)
@given(
    said=st.lists(st.text(max_size=300), max_size=8), manner=MANNERS, cut=st.integers(1, 2000), seed=st.integers(0, 99)
)
def test_what_another_implementation_says_is_read_the_same(
    *, said: list[str], manner: Manner, cut: int, seed: int
) -> None:
    speech = speak(said, manner, random.Random(seed))
    data = b"".join(speech.messages)
    frames, agreed = FrameReader(from_client=manner.masked), agreement(manner.extensions)
    forgets = agreed.client_forgets if manner.masked else agreed.server_forgets
    assert (agreed.deflate, forgets) == (manner.bits > 0, manner.bits > 0 and manner.forgets)
    reader = MessageReader(from_client=manner.masked, deflate=agreed.deflate, forgets=forgets)
    pieces = [data[at : at + cut] for at in range(0, len(data), cut)]
    found = [each for piece in pieces for each in collect(reader, frames.feed(piece, 1, 1))]
    messages = [each for each in found if isinstance(each, Message)]
    assert ([each.text for each in messages], kinds(found)) == (said, [])
    assert [each.payload for each in found if isinstance(each, Control)] == speech.controls
    assert {each.frames for each in messages} <= {manner.fragments}
    assert {each.compressed for each in messages} <= {manner.bits > 0}


def test_it_is_told_how_much_compression_saved() -> None:
    text = "hello, " * 40
    data = Deflater().deflate(text)
    (message,) = read(frame(data, rsv1=True), deflate=True)
    (plain,) = read(frame(text))
    assert isinstance(message, Message)
    assert isinstance(plain, Message)
    assert (message.saved, plain.saved) == (len(text) - len(data), 0)


def test_sixty_thousand_fragments_each_in_its_own_segment_are_joined() -> None:
    frames, reader = FrameReader(from_client=False), MessageReader(from_client=False)
    found: Found = []
    for number in range(60_000):
        piece = frame("x", opcode=0 if number else 1, fin=number == 59_999)
        found += collect(reader, frames.feed(piece, number, number))
    assert texts(found) == ["x" * 60_000]


def test_behind_a_loss_a_rule_is_broken_only_where_it_is_sure_that_there_are_frames() -> None:
    call = '[2,"1","Heartbeat",{}]'
    data = frame("x", opcode=0) + frame(b"", opcode=9, mask=b"abcd") + frame("hello")
    reader = MessageReader(from_client=False, lost=True)
    frames = FrameReader(from_client=False)
    found = collect(reader, frames.feed(data + frame(call) + frame("hello") + frame(b"", opcode=9, mask=b"abcd"), 1, 1))
    assert kinds(found) == ["masked_server"]
    assert [(each.text, each.doubtful) for each in found if isinstance(each, Message)] == [
        ("hello", True), (call, False), ("hello", False),
    ]  # fmt: skip

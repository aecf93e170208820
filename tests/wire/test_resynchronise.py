from __future__ import annotations

import itertools
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings, strategies as st

from analyzer.wire.dialogue import Dialogue
from analyzer.wire.frames import FrameReader
from analyzer.wire.messages import Control, Message
from analyzer.wire.resynchronise import MAX_LENGTH, Place, Start, search
from analyzer.wire.side import Said, Stretch
from tests.wire.packets import Deflater, dialogue, frame
from tests.wire.spoken import MANNERS, Manner, speak

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUEST = b"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
CALL = b'[2,"1","Heartbeat",{}]'
PACKED = Deflater().deflate(CALL.decode())


def referring() -> bytes:
    """A compressed message that begins as the one before it."""
    deflater = Deflater()
    deflater.deflate(CALL.decode())
    return deflater.deflate(CALL.decode().replace("1", "2"))


REFERRING = referring()


def hear(manner: Manner, segments: list[bytes], lost: set[int]) -> list[Said]:
    """What is heard of one side whose segments are lost in part, behind an upgrade."""
    heard = Dialogue()
    answer = f"HTTP/1.1 101 OK\r\nSec-WebSocket-Extensions: {manner.extensions}\r\n\r\n".encode()
    said = [*heard.feed(Stretch(True, REQUEST, 0, 0)), *heard.feed(Stretch(False, answer, 0, 0))]
    missing = 0
    for number, segment in enumerate(segments, 1):
        if number in lost:
            missing += len(segment)
            continue
        if missing:
            said += heard.lose(missing, Stretch(manner.masked, b"", number, number))
            missing = 0
        said += heard.feed(Stretch(manner.masked, segment, number, number))
    return said


def texts(said: list[Said]) -> list[str | None]:
    return [each.what.text for each in said if isinstance(each.what, Message) and not each.what.doubtful]


def in_order(some: Iterable[object], all_of_them: Iterable[object]) -> bool:
    rest = iter(all_of_them)
    return all(each in rest for each in some)


@settings(max_examples=300, deadline=None)
@given(
    manner=MANNERS,
    size=st.sampled_from([7, 50, 1400]),
    seed=st.integers(0, 2**32),
    share=st.sampled_from([0.0, 0.02, 0.1, 0.3]),
)
@example(manner=Manner(True, 15, False, 1, False), size=1400, seed=1, share=0.1)
def test_whatever_is_lost_nothing_is_heard_that_was_not_said(
    *, manner: Manner, size: int, seed: int, share: float
) -> None:
    rng = random.Random(seed)
    told = [text for side, text in dialogue(60, seed) if side == manner.masked]
    speech = speak(told, manner, rng)
    segments = [message[at : at + size] for message in speech.messages for at in range(0, len(message), size)]
    lost = {number for number in range(1, len(segments) + 1) if rng.random() < share}
    said = hear(manner, segments, lost)
    assert in_order(texts(said), told)
    controls = [each.what.payload for each in said if isinstance(each.what, Control)]
    # The few bytes of the smallest segments are those of a control frame by chance, once in ten thousand holes.
    assert size < 50 or not Counter(controls) - Counter(speech.controls)
    if not lost:
        assert (texts(said), controls) == (told, speech.controls)


@settings(max_examples=100, deadline=None)
@given(masked=st.booleans(), forgets=st.booleans(), size=st.sampled_from([50, 1400]), seed=st.integers(0, 2**32))
def test_a_lost_segment_costs_only_the_messages_that_it_touches(
    *, masked: bool, forgets: bool, size: int, seed: int
) -> None:
    rng = random.Random(seed)
    told = [text for side, text in dialogue(40, seed) if side == masked]
    manner = Manner(masked, 15 if forgets else 0, forgets, 1, False)
    of_each = [
        [message[at : at + size] for at in range(0, len(message), size)]
        for message in speak(told, manner, rng).messages
    ]
    segments = [segment for message in of_each for segment in message]
    lost = rng.randrange(1, len(segments) + 1)
    ends = list(itertools.accumulate(len(message) for message in of_each))
    touched = next(number for number, end in enumerate(ends) if lost <= end)
    expected = [text for number, text in enumerate(told) if number != touched]
    assert texts(hear(manner, segments, {lost})) == expected[: len(expected) if lost < len(segments) else None]


def look(data: bytes, *starts: int, from_client: bool = False, deflate: bool | None = True) -> int | None:
    segments = [Start(*ends) for ends in itertools.pairwise([*starts, len(data)])]
    return search(bytearray(data), segments, 0, from_client=from_client, deflate=deflate).found


def test_a_frame_that_holds_ocpp_is_found_anywhere() -> None:
    assert look(b"\x7f" * 9 + frame(CALL), 0) == 9
    assert look(b"\x7f" * 9 + frame(CALL, mask=b"abcd"), 0, from_client=True) == 9
    assert look(b"\x7f" * 9 + frame(Deflater().deflate(CALL.decode()), rsv1=True), 0) == 9


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (frame(b"hi", opcode=9), 0),
        (frame(b"hi", opcode=9, mask=b"abcd"), None),
        (frame(b"hi", opcode=9) + b"\x7f", None),
        (frame(b"hi", opcode=0), None),
        (frame(b"hi"), None),
        (frame(b"[3"), None),
        (frame(b"[3", fin=False), 0),
        (frame(b"", fin=False), 0),
        (frame(b"hi", fin=False), None),
        (frame(PACKED[:3], rsv1=True, fin=False), 0),
        (frame(Deflater().deflate("hi"), rsv1=True), None),
        (frame(Deflater().deflate("hi"), rsv1=True, fin=False), None),
        (frame(Deflater().deflate(""), rsv1=True), None),
        (frame(REFERRING, rsv1=True), 0),
        (frame(REFERRING[:-1], rsv1=True), None),
        (frame(b"\x07", rsv1=True, fin=False), None),
    ],
)
def test_a_frame_that_tells_nothing_is_believed_at_the_start_of_a_segment_if_it_fits(
    data: bytes, found: int | None
) -> None:
    assert look(data, 0) == found
    assert look(b"\x7f" + data, 0) is None


def test_a_control_frame_in_two_segments_is_not_believed() -> None:
    ping = frame(b"hello", opcode=9)
    assert look(ping, 0) == 0
    assert look(ping, 0, 6) is None


def test_a_compressed_frame_is_not_believed_where_no_compression_was_agreed_on() -> None:
    for payload in (REFERRING, PACKED):
        assert look(frame(payload, rsv1=True), 0, deflate=None) == 0
        assert look(frame(payload, rsv1=True), 0, deflate=False) is None


def test_a_frame_that_is_not_whole_is_waited_for_up_to_a_length() -> None:
    start = Start(0, 300)
    for length, keep, undecided in ((MAX_LENGTH, 0, [start]), (MAX_LENGTH + 1, 300, [])):
        data = bytearray(b"\xc2\x7f" + length.to_bytes(8)).ljust(300, b"\x7f")
        assert search(data, [start], 0, from_client=False, deflate=True) == Place(None, keep, 300, undecided)


def test_looking_for_a_frame_in_many_tiny_segments_takes_no_time_that_grows_with_them() -> None:
    reader = FrameReader(from_client=False, lost=True)
    list(reader.feed(b"\x42\x7f" + (1 << 20).to_bytes(8), 0, 0))
    for number in range(60_000):
        list(reader.feed(b"\x7f", number, number))
    assert reader.held == 60_010


def test_a_compressed_message_in_tiny_segments_is_waited_for_until_its_beginning_shows() -> None:
    text = f'[2,"1","DataTransfer",{{"data":"{random.Random(1).randbytes(200).hex()}"}}]'
    data = b"\x7f" * 9 + frame(Deflater().deflate(text), rsv1=True)
    reader = FrameReader(from_client=False, deflate=True, lost=True)
    found = [each for at in range(0, len(data), 7) for each in reader.feed(data[at : at + 7], at, at)]
    assert len(found) == 1

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire import flows
from analyzer.wire.frames import Frame, FrameReader
from analyzer.wire.headers import Segments
from analyzer.wire.messages import Message, MessageReader
from analyzer.wire.runs import text_at, texts_of
from tests.wire.packets import frame

TEXT = '[2,"1","Heartbeat",{}]'
MASKS = st.sampled_from([None, b"abcd", bytes(4)])
FRAMES = st.builds(
    frame,
    st.text(max_size=200).map(str.encode) | st.binary(max_size=40) | st.integers(100, 140).map(bytes),
    opcode=st.sampled_from([1, 1, 1, 1, 0, 2, 8, 9, 15]),
    fin=st.sampled_from([True, True, True, False]),
    rsv1=st.sampled_from([False, False, False, True]),
    mask=MASKS,
)


def assert_same_texts(data: bytes, start: int, *, masked: bool) -> None:
    """Assert that the texts that are read at once are those that the reader of frames gives, and nothing but them."""
    found = texts_of(data, start, len(data), masked=masked)
    if found is None:
        return
    texts, at = found
    assert start <= at <= len(data)
    frames, messages = FrameReader(from_client=masked), MessageReader(from_client=masked)
    said = []
    for frame_ in frames.feed(data[start:at], 1, 1):
        assert isinstance(frame_, Frame)
        said += list(messages.feed(frame_))
    assert [each.text if isinstance(each, Message) else each for each in said] == texts


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(FRAMES | st.binary(max_size=20), max_size=5), masked=st.booleans(), start=st.integers(0, 5))
def test_texts_of_any_bytes_are_those_that_the_reader_of_frames_gives(
    *, parts: list[bytes], masked: bool, start: int
) -> None:
    assert_same_texts(bytes(start) + b"".join(parts), start, masked=masked)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535])
def test_texts_of_any_size_are_read_at_once_and_the_cut_one_waits(*, size: int, masked: bool) -> None:
    one = frame("x" * size, mask=b"abcd" if masked else None)
    for cut in range(1, min(len(one), 9)):
        data = one + one[:-cut]
        assert texts_of(data, 0, len(data), masked=masked) == (["x" * size], len(one))


@pytest.mark.parametrize(
    "data",
    [
        frame(TEXT, mask=None),
        frame(TEXT, fin=False, mask=b"abcd"),
        frame(TEXT, rsv1=True, mask=b"abcd"),
        frame(TEXT, opcode=2, mask=b"abcd"),
        frame(b"\xff", mask=b"abcd"),
        b"\x81\xfe\0\x7dabcd" + bytes(125),
        frame("x" * 70_000, mask=b"abcd"),
    ],
    ids=["unmasked", "a fragment", "compressed", "binary", "no text", "a length that is not the shortest", "long"],
)
def test_what_is_no_plain_text_is_left_to_the_reader_of_frames(data: bytes) -> None:
    behind = frame(TEXT, mask=b"abcd") + data
    assert texts_of(behind, 0, len(behind), masked=True) is None


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAMES, min_size=1, max_size=2), st.integers(0, 3))
def test_a_text_that_fills_a_segment_is_found_with_its_batch(frames: list[bytes], cut: int) -> None:
    sent = b"".join(frames)
    sent = sent[: len(sent) - cut] if cut < len(sent) else sent
    data = b"....." + sent + bytes(64)
    columns = dict.fromkeys(Segments._fields, np.zeros(1, dtype=np.int64))
    columns |= {"begin": np.array([5]), "length": np.array([len(sent)]), "source": np.array([1])}
    made, _ = flows.sort(Segments(**columns), np.zeros(1, dtype=np.int64), 1, data)
    at, end = made.text[0], 5 + len(sent)
    found = texts_of(data, 5, end, masked=bool(sent[1:2] >= b"\x80"))
    alone = found is not None and len(found[0]) == 1 and found[1] == end
    assert text_at(data, at, end) == (found[0][0] if alone and found is not None else None)

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings, strategies as st
from websockets.frames import Frame as OracleFrame, Opcode

from analyzer.wire.frames import MAX_SEARCH, Frame, FrameReader, Interruption
from analyzer.wire.problems import Problem
from analyzer.wire.websocket import MAX_FRAME
from tests.wire.packets import frame

CALL = '[2,"1","Heartbeat",{}]'
OTHER = '[3,"2",{}]'


def read(*pieces: bytes, from_client: bool = False, lost: bool = False) -> list[Frame | Interruption | Problem]:
    reader = FrameReader(from_client=from_client, lost=lost)
    return [found for number, piece in enumerate(pieces, 1) for found in reader.feed(piece, number * 10, number)]


def payloads(found: list[Frame | Interruption | Problem]) -> list[bytes]:
    return [each.payload for each in found if isinstance(each, Frame)]


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY, Opcode.CONT, Opcode.PING, Opcode.PONG])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("fin", [True, False])
def test_frames_of_another_implementation_are_read(*, opcode: Opcode, size: int, masked: bool, fin: bool) -> None:
    is_control = opcode in {Opcode.PING, Opcode.PONG}
    payload = random.Random(size).randbytes(min(size, 125) if is_control else size)
    data = OracleFrame(opcode, payload, fin=fin or is_control).serialize(mask=masked)
    (found,) = read(data, from_client=masked)
    assert found == Frame(fin or is_control, False, False, int(opcode), masked, payload, 10, 10, 1, 1)


@given(st.lists(st.binary(max_size=200), max_size=5), st.data())
def test_no_segmentation_changes_the_frames(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(frame(each, mask=b"abcd") for each in messages)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)) | {0, len(stream)})
    pieces = [stream[start:end] for start, end in itertools.pairwise(cuts)]
    assert payloads(read(*pieces, from_client=True)) == messages


def test_a_frame_knows_the_packets_of_its_first_and_last_byte() -> None:
    data = frame(CALL)
    (found, *_) = read(b"", data[:1], data[1:9], data[9:] + data[:5])
    assert isinstance(found, Frame)
    assert (found.packet_first, found.packet, found.ts_first, found.ts) == (2, 4, 20, 40)


def test_bytes_lost_inside_a_frame_cost_this_frame_alone() -> None:
    data = frame(CALL)
    reader = FrameReader(from_client=False)
    assert list(reader.feed(data[:6], 1, 1)) == []
    assert list(reader.lose(10, 2, 2)) == []
    assert list(reader.feed(data[16:] + frame(OTHER), 3, 3)) == [
        Interruption(3, 3),
        Frame(True, False, False, 1, False, OTHER.encode(), 3, 3, 3, 3),
    ]


def test_bytes_lost_across_frames_are_got_over_at_the_next_frame() -> None:
    reader = FrameReader(from_client=False)
    list(reader.feed(frame(CALL)[:6], 1, 1))
    assert list(reader.lose(1000, 2, 2)) == [Interruption(2, 2)]
    found = list(reader.feed(CALL.encode()[5:] + frame(OTHER), 3, 3))
    assert payloads(found) == [OTHER.encode()]


@pytest.mark.parametrize("from_client", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_the_middle_of_a_stream_gives_all_frames_that_begin_in_it(*, from_client: bool, seed: int) -> None:
    rng = random.Random(seed)
    texts = [f'[2,"{number}","DataTransfer",{{"data":"{"y" * rng.randrange(300)}"}}]' for number in range(20)]
    frames = [frame(each, mask=rng.randbytes(4) if from_client else None) for each in texts]
    start = rng.randrange(1, len(frames[0]))
    stream = b"".join(frames)[start:]
    size = rng.randrange(1, 100)
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert payloads(read(*pieces, from_client=from_client, lost=True)) == [each.encode() for each in texts[1:]]


def test_a_ping_at_the_start_of_a_segment_is_believed_and_one_inside_noise_is_not() -> None:
    assert payloads(read(frame(b"hi", opcode=9), lost=True)) == [b"hi"]
    assert payloads(read(b"\x7f" * 20 + frame(b"hi", opcode=9), lost=True)) == []


@settings(deadline=None)
@given(pieces=st.lists(st.binary(max_size=100), max_size=10), lost=st.booleans())
def test_any_bytes_raise_nothing(*, pieces: list[bytes], lost: bool) -> None:
    read(*pieces, lost=lost)


def test_an_absurd_length_is_reported() -> None:
    found = read(b"\x82\x7f" + (2**63).to_bytes(8), frame(OTHER))
    assert isinstance(found[0], Problem)
    assert found[0].kind == "frame_too_long"
    assert payloads(found) == [OTHER.encode()]


def test_what_is_kept_while_searching_is_bounded() -> None:
    reader = FrameReader(from_client=True, lost=True)
    for number in range(200):
        list(reader.feed(random.Random(number).randbytes(4096), number, number))
    assert len(reader._data) < MAX_FRAME // 100


def test_a_frame_may_be_as_long_as_the_limit_and_no_longer() -> None:
    for length, kinds in ((MAX_FRAME, []), (MAX_FRAME + 1, [Problem, Interruption])):
        assert [type(each) for each in read(b"\x82\x7f" + length.to_bytes(8))] == kinds


def test_bytes_that_may_begin_a_frame_are_kept_up_to_a_limit() -> None:
    reader = FrameReader(from_client=False, lost=True)
    list(reader.feed(b"\x42\x7f" + (1 << 20).to_bytes(8), 1, 1))
    for number in range(6):
        list(reader.feed(b"\x7f" * 10_000, 2, number))
    assert reader.held == 60_010
    list(reader.feed(b"\x7f" * 10_000, 2, 9))
    assert reader.held == MAX_SEARCH


def test_many_frames_that_follow_each_other_are_believed_before_the_last_is_whole() -> None:
    pings = frame(b"", opcode=9) * 100
    assert len(payloads(read(pings + b"\x00\x7f" + (1 << 20).to_bytes(8), lost=True))) == 100


def test_after_a_loss_what_cannot_be_a_frame_is_told_as_a_way_that_was_lost() -> None:
    reader = FrameReader(from_client=False, lost=True)
    assert payloads(list(reader.feed(frame(CALL), 1, 1))) == [CALL.encode()]
    problem, interruption = reader.feed(b"\x83\x05", 2, 2)
    assert isinstance(problem, Problem)
    assert (problem.kind, interruption) == ("lost_frames", Interruption(2, 2))

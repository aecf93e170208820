from __future__ import annotations

import pytest

from analyzer.wire.conversation import FRAMES_TELL, MAX_SNIFFED
from analyzer.wire.conversations import WireControl
from tests.wire.packets import (
    CLIENT,
    PSH,
    SERVER,
    Packet,
    Talk,
    capture,
    frame,
)
from tests.wire.reading import connections, read, read_packets, texts
from tests.wire.test_conversations import HEARTBEAT, opened


def test_an_endless_hole_does_not_hold_everything_back() -> None:
    talk = opened()
    packets = list(talk.packets)
    for number in range(3):
        payload = frame(HEARTBEAT, mask=b"abcd")
        place = talk.next[True] + 100 + number * len(payload)
        packets.append(Packet(talk.ts + number * 4_000_000, CLIENT, SERVER, place, 0, PSH, payload))
    items = read_packets(packets)
    assert texts(items) == [(True, HEARTBEAT)] * 3
    assert connections(items)[0].lost_bytes == 100


def test_the_first_close_frame_tells_why_whatever_the_second_says() -> None:
    talk = opened()
    talk.say(False, frame(b"\x03\xe9going away", opcode=8))
    talk.say(True, frame(b"\x03\xe8bye", opcode=8, mask=b"abcd"))
    items = read_packets(talk.packets)
    (ended,) = connections(items)
    assert (ended.close_code, ended.close_reason, ended.close_side) == (1001, "going away", "csms")
    assert (ended.end_side, ended.end_packet) == ("csms", len(talk.packets) - 3)
    assert [item.code for item in items if isinstance(item, WireControl)] == [1001, 1000]


def noise(size: int) -> Talk:
    """Bytes of an unknown protocol before a message of OCPP."""
    talk = Talk()
    talk.handshake()
    talk.say(True, b"\x7f" * size)
    talk.text(True, HEARTBEAT)
    return talk


def test_a_connection_without_upgrade_is_looked_at_for_ocpp_up_to_a_limit() -> None:
    assert texts(read_packets(noise(MAX_SNIFFED - 2000).packets)) == [(True, HEARTBEAT)]
    assert read_packets(noise(MAX_SNIFFED + 2000).packets)[:-1] == []


def test_a_connection_to_a_port_that_the_user_named_is_looked_at_without_end() -> None:
    items = read(capture(noise(3 * MAX_SNIFFED).packets), ports=frozenset({SERVER[1]}))
    assert texts(items) == [(True, HEARTBEAT)]


@pytest.mark.parametrize(("count", "told"), [(FRAMES_TELL - 1, 0), (FRAMES_TELL, 1)])
def test_a_few_frames_make_no_websocket_of_bytes_without_upgrade(count: int, told: int) -> None:
    talk = Talk()
    talk.handshake()
    for _ in range(count):
        talk.say(True, frame(b"", opcode=9, mask=b"abcd"))
    assert len(connections(read_packets(talk.packets))) == told


def test_a_control_frame_that_is_too_long_is_cut() -> None:
    talk = opened()
    talk.say(False, frame(b"x" * 5000, opcode=9))
    (ping,) = [item for item in read_packets(talk.packets) if isinstance(item, WireControl)]
    assert len(ping.payload) == 125


def test_behind_a_hole_a_text_that_is_no_ocpp_is_not_given_until_one_is() -> None:
    talk = opened()
    talk.text(True, HEARTBEAT)
    talk.next[True] += 100
    talk.say(True, frame(b"?", opcode=9, mask=b"abcd") + frame("hello", mask=b"abcd"))
    talk.text(True, HEARTBEAT)
    talk.text(True, "hello")
    assert texts(read_packets(talk.packets)) == [(True, HEARTBEAT), (True, HEARTBEAT), (True, "hello")]

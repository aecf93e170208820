"""What is recovered of damaged captures: nothing invented, nothing twice, and only what was lost is missing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from analyzer.wire.conversations import WireMessage
from tests.wire.packets import CLIENT, START, Deflater, Packet, Talk, conversation, frame
from tests.wire.reading import connections, invented, problems, read_packets, texts
from tests.wire.spoken import Manner, speak

if TYPE_CHECKING:
    from analyzer.wire.items import Item

TAKEOVER = {"deflater": Deflater}
FORGETS = {
    "deflater": Deflater,
    "forgets": True,
    "extensions": "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
}


def with_data(packets: list[Packet]) -> list[int]:
    return [at for at, packet in enumerate(packets) if packet.payload]


def without_switching(talk: Talk) -> list[Packet]:
    return [packet for packet in talk.packets if not packet.payload.startswith(b"HTTP/1.1 101")]


def assert_all(items: list[Item], said: list[tuple[bool, str]]) -> None:
    assert invented(items, said) == 0
    assert texts(items) == said


@pytest.mark.parametrize(
    "shape",
    [{}, {"join": 3}, {"fragmented": True}, TAKEOVER, FORGETS, {"size": 50}, {"size": 1, "count": 40}, {"size": 50, **TAKEOVER}],
)  # fmt: skip
def test_every_message_of_a_whole_capture_is_read_in_its_order(shape: dict[str, object]) -> None:
    talk = conversation(**shape)  # type: ignore[arg-type]
    items = read_packets(talk.packets)
    assert invented(items, talk.texts) == 0
    for side in (True, False):
        assert [text for text in texts(items) if text[0] == side] == [text for text in talk.texts if text[0] == side]


def test_swapped_segments_lose_nothing() -> None:
    talk = conversation(size=50)
    swapped: list[Packet] = []
    for packet in talk.packets:
        before = swapped[-1] if swapped else None
        if before and before.payload and packet.payload and before.source == packet.source and len(swapped) % 2:
            swapped[-1:] = [packet._replace(ts=before.ts), before._replace(ts=packet.ts)]
        else:
            swapped.append(packet)
    assert swapped != talk.packets
    assert_all(read_packets(swapped), talk.texts)


def test_retransmissions_are_counted_and_add_nothing() -> None:
    talk = conversation()
    repeated = [packet._replace(ts=packet.ts + 300_000) for packet in talk.packets[::5] if packet.payload]
    items = read_packets(sorted(talk.packets + repeated))
    assert_all(items, talk.texts)
    assert connections(items)[0].retransmissions == len(repeated) > 50


def test_a_lost_segment_of_one_message_loses_that_message_alone() -> None:
    talk = conversation()
    lost = with_data(talk.packets)[100]
    items = read_packets(talk.packets[:lost] + talk.packets[lost + 1 :])
    assert invented(items, talk.texts) == 0
    assert len(texts(items)) == 399
    assert connections(items)[0].lost_bytes == len(talk.packets[lost].payload)
    assert problems(items) == {"hole"}


@pytest.mark.parametrize("seed", range(8))
def test_a_lost_short_segment_loses_only_the_messages_it_touches(seed: int) -> None:
    talk = conversation(size=50)
    lost = random.Random(seed).choice(with_data(talk.packets)[20:])
    items = read_packets(talk.packets[:lost] + talk.packets[lost + 1 :])
    assert invented(items, talk.texts) == 0
    assert len(texts(items)) >= 399


def test_many_losses_invent_nothing() -> None:
    talk = conversation(size=50)
    rng = random.Random(3)
    items = read_packets([packet for packet in talk.packets if rng.random() > 0.1])
    assert invented(items, talk.texts) == 0
    assert len(texts(items)) > 100


@pytest.mark.parametrize("shape", [{}, {"size": 50}, FORGETS])
def test_a_capture_that_starts_in_the_middle_gives_every_later_message(shape: dict[str, object]) -> None:
    talk = conversation(**shape)  # type: ignore[arg-type]
    start = with_data(talk.packets)[40]
    items = read_packets(talk.packets[start:])
    read = texts(items)
    assert len(read) > 300
    assert talk.texts[-len(read) + 1 :] == read[1:]
    (connection,) = connections(items)
    assert not connection.start_observed
    assert (connection.client, connection.client_port) == CLIENT


@pytest.mark.parametrize("shape", [{}, TAKEOVER, FORGETS])
def test_an_upgrade_whose_answer_was_not_captured_loses_no_message(shape: dict[str, object]) -> None:
    talk = conversation(**shape)  # type: ignore[arg-type]
    items = read_packets(without_switching(talk))
    assert_all(items, talk.texts)
    (connection,) = connections(items)
    assert connection.upgraded is None
    assert connection.path == "/ocpp/CP1"


@pytest.mark.parametrize("size", [7, 1400])
@pytest.mark.parametrize("missing", ["GET", "HTTP/1.1 101"])
@pytest.mark.parametrize("shape", [{}, TAKEOVER, FORGETS])
def test_an_upgrade_of_which_one_half_was_not_captured_loses_no_message(
    *, size: int, missing: str, shape: dict[str, object]
) -> None:
    talk, other = conversation(60, size=size, **shape), conversation(0, **shape)  # type: ignore[arg-type]
    half = next(packet for packet in other.packets if packet.payload.startswith(missing.encode()))
    lost = range(half.sequence, half.sequence + len(half.payload))
    captured = [packet for packet in talk.packets if packet.source != half.source or packet.sequence not in lost]
    assert_all(read_packets([each for each in captured if each.payload or each in talk.packets[:3]]), talk.texts)


@pytest.mark.parametrize("size", [7, 1400])
def test_a_charger_that_speaks_frames_without_an_upgrade_is_read_from_its_first_frame_on(size: int) -> None:
    talk = Talk(size=size)
    talk.handshake()
    for side, text in conversation(10).texts:
        talk.text(side, text)
    items = read_packets(talk.packets)
    assert_all(items, talk.texts)
    assert problems(items) == {"no_upgrade"}


def test_a_compressed_stream_joined_in_the_middle_says_why_nothing_is_read() -> None:
    talk = conversation(deflater=Deflater)
    items = read_packets(talk.packets[60:])
    assert texts(items) == []
    assert problems(items) == {"compressed_midstream"}
    assert len(connections(items)) == 1


@pytest.mark.parametrize("lost", [range(60), range(3, 60), range(59, 60)])
def test_a_compressed_stream_is_read_again_where_it_refers_to_nothing_that_is_missing(lost: range) -> None:
    rng, manner = random.Random(1), Manner(masked=False, bits=9, forgets=False, fragments=1, controls=False)
    talk = Talk()
    talk.handshake()
    talk.upgrade(extensions=manner.extensions)
    talk.texts = [
        (False, f'[2,"{number}","DataTransfer",{{"data":"{rng.randbytes(400).hex()}"}}]') for number in range(60)
    ]
    for message in speak([text for _, text in talk.texts], manner, rng).messages:
        talk.say(False, message)
    items = read_packets([packet for number, packet in enumerate(talk.packets) if number not in lost])
    assert invented(items, talk.texts) == 0
    # What comes first behind the loss refers to what is missing; what comes after needs nothing of it.
    assert texts(items)[-20:] == talk.texts[-20:]
    assert "compressed_midstream" in problems(items)


def test_after_a_loss_in_a_compressed_stream_nothing_wrong_is_read() -> None:
    talk = conversation(deflater=Deflater)
    lost = with_data(talk.packets)[50]
    items = read_packets(talk.packets[:lost] + talk.packets[lost + 1 :])
    assert invented(items, talk.texts) == 0
    assert len([text for text in texts(items) if text[0] != (talk.packets[lost].source == CLIENT)]) == 200
    assert "compressed_midstream" in problems(items)


def test_two_chargers_with_the_same_message_ids_are_kept_apart() -> None:
    first, second = conversation(), conversation(client=("10.0.0.8", 40_000))
    items = read_packets(sorted(first.packets + second.packets))
    for connection in connections(items):
        number = connection.number
        read = [
            (item.from_station, item.text)
            for item in items
            if isinstance(item, WireMessage) and item.connection == number
        ]
        assert read == first.texts == second.texts
    assert len(connections(items)) == 2


@pytest.mark.parametrize("side", [True, False])
def test_one_direction_alone_is_read(*, side: bool) -> None:
    talk = conversation()
    items = read_packets([packet for packet in talk.packets if (packet.source == CLIENT) == side])
    assert texts(items) == [text for text in talk.texts if text[0] == side]


def test_the_time_of_a_message_is_that_of_the_packet_with_its_last_byte() -> None:
    talk = Talk(size=10)
    talk.handshake()
    talk.upgrade()
    talk.text(True, '[2,"1","Heartbeat",{}]')
    items = read_packets(talk.packets)
    (message,) = [item for item in items if isinstance(item, WireMessage)]
    last = max(at for at, packet in enumerate(talk.packets) if packet.payload)
    assert (message.packet, message.ts) == (last + 1, talk.packets[last].ts)
    assert message.ts > START


def test_a_charger_that_forgets_to_mask_is_read_and_reported() -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade()
    talk.texts.append((True, '[2,"1","Heartbeat",{}]'))
    talk.say(True, frame(talk.texts[0][1]))
    items = read_packets(talk.packets)
    assert texts(items) == talk.texts
    assert problems(items) == {"unmasked_client"}
    assert texts(read_packets(talk.packets[7:])) == talk.texts

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.wire import flow, ordering, streams
from analyzer.wire.events import Data, Ended, Event, Fault, Hole, Opened, Transport
from analyzer.wire.link import Segment
from analyzer.wire.streams import Streams
from tests.wire.packets import ACK, CLIENT, FIN, PSH, RST, SERVER, START, SYN, Packet, Talk, frame

if TYPE_CHECKING:
    from collections.abc import Iterable


def segments(packets: Iterable[Packet], missing: int = 0) -> list[Segment]:
    return [
        Segment(
            number, each.ts, 0, *each.source, *each.destination, each.sequence % 2**32, each.acknowledgement % 2**32,
            each.flags, each.window, each.payload, missing if each.payload else 0, each.ttl,
        )
        for number, each in enumerate(packets, 1)
    ]  # fmt: skip


def follow(packets: Iterable[Packet], ports: frozenset[int] = frozenset()) -> list[Event]:
    return follow_segments(segments(packets), ports)


def follow_segments(found: Iterable[Segment], ports: frozenset[int] = frozenset()) -> list[Event]:
    followed = Streams(ports)
    events = [event for each in found for event in followed.feed(each)]
    return events + list(followed.finish())


def stream(events: list[Event], *, from_client: bool = True) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Data) and event.from_client == from_client)


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events if isinstance(event, Transport)]


def begun() -> Talk:
    talk = Talk()
    talk.handshake()
    return talk


def at(talk: Talk, offset: int, payload: bytes, *, after: int = 0, flags: int = ACK | PSH) -> Packet:
    """A packet of the client somewhere in its stream, some microseconds after the last."""
    return Packet(talk.ts + after, CLIENT, SERVER, talk.next[True] + offset, talk.next[False], flags, payload)


def test_a_whole_connection_opens_speaks_and_ends() -> None:
    talk = begun()
    talk.say(True, b"hello")
    talk.say(False, b"world")
    talk.close()
    events = follow(talk.packets)
    assert events[0] == Opened(1, talk.packets[0].ts, 1, *CLIENT, *SERVER, handshake_seen=True)
    assert (stream(events), stream(events, from_client=False)) == (b"hello", b"world")
    assert kinds(events) == ["syn", "syn_ack", "fin", "fin"]
    assert events[-1] == Ended(1, talk.packets[-3].ts, 8, "fin", from_client=True)


def test_sequence_numbers_may_wrap() -> None:
    talk = Talk(size=10, next={True: 2**32 - 25, False: 2**32 - 5})
    talk.handshake()
    talk.say(True, bytes(range(100)))
    assert stream(follow(talk.packets)) == bytes(range(100))


def test_segments_in_any_order_come_out_in_theirs() -> None:
    talk = begun()
    late = [at(talk, offset, b"abcdef"[offset : offset + 2]) for offset in (4, 2, 0)]
    events = follow(talk.packets + late)
    assert stream(events) == b"abcdef"
    assert [event.packet for event in events if isinstance(event, Data)] == [6, 5, 4]


@pytest.mark.parametrize(("after", "kind"), [(500, "duplicate"), (250_000, "retransmission")])
def test_a_repetition_is_a_duplicate_at_once_and_a_retransmission_later(after: int, kind: str) -> None:
    talk = begun()
    events = follow([*talk.packets, at(talk, 0, b"data"), at(talk, 0, b"data", after=after)])
    assert stream(events) == b"data"
    assert kinds(events)[2:] == [kind]


def test_overlaps_with_other_bounds_are_trimmed() -> None:
    talk = begun()
    pieces = [(0, b"abcd"), (2, b"cdef"), (9, b"jk"), (8, b"ijkl"), (5, b"fghij")]
    events = follow(
        [*talk.packets, *(at(talk, place, data, after=number * 9_000) for number, (place, data) in enumerate(pieces))]
    )
    assert stream(events) == b"abcdefghijkl"


def test_of_contradictory_bytes_the_first_count_and_it_is_reported() -> None:
    talk = begun()
    events = follow([*talk.packets, at(talk, 0, b"abcd"), at(talk, 2, b"XYef", after=9_000)])
    assert stream(events) == b"abcdef"
    assert [event.kind for event in events if isinstance(event, Fault)] == ["contradictory_overlap"]


def test_other_bytes_at_the_same_place_are_no_duplicate_however_soon_they_come() -> None:
    talk = begun()
    talk.say(True, b"data")
    talk.packets.insert(4, talk.packets[3]._replace(ts=talk.packets[3].ts + 100, payload=b"dada"))
    events = follow(talk.packets)
    assert stream(events) == b"data"
    assert [event.kind for event in events if isinstance(event, Fault)] == ["contradictory_overlap"]
    assert "duplicate" not in kinds(events)


def test_a_keep_alive_is_neither_data_nor_a_retransmission() -> None:
    talk = begun()
    packets = [
        at(talk, 0, b"data"),
        at(talk, 3, b"\0", after=9_000_000, flags=ACK),
        at(talk, 3, b"", after=18_000_000, flags=ACK),
    ]
    events = follow([*talk.packets, *packets])
    assert stream(events) == b"data"
    assert kinds(events)[2:] == ["keep_alive", "keep_alive"]


def test_a_closed_window_is_noted_once() -> None:
    talk = begun()
    closed = [at(talk, 0, b"", after=number)._replace(window=0, flags=ACK) for number in (1, 2)]
    assert kinds(follow([*talk.packets, *closed]))[2:] == ["zero_window"]


def test_missing_bytes_are_a_hole_once_acknowledged_and_waited_for() -> None:
    talk = begun()
    beyond = at(talk, 10, b"data")
    answer = Packet(talk.ts + 1, SERVER, CLIENT, talk.next[False], talk.next[True] + 14, ACK)
    followed = Streams()
    events = [event for each in segments([*talk.packets, beyond, answer]) for event in followed.feed(each)]
    assert stream(events) == b""
    events += followed.feed(segments([answer._replace(ts=talk.ts + 300_000)])[0])
    (hole,) = [event for event in events if isinstance(event, Hole)]
    assert (hole.bytes, stream(events)) == (10, b"data")


@pytest.mark.parametrize("count", [1, 1100])
def test_missing_bytes_are_a_hole_at_the_end_and_behind_much_data(count: int) -> None:
    talk = begun()
    events = follow([*talk.packets, *(at(talk, 10 + 4 * number, b"data") for number in range(count))])
    assert [event.bytes for event in events if isinstance(event, Hole)] == [10]
    assert stream(events) == b"data" * count


def test_bytes_cut_off_by_the_snap_length_are_a_hole() -> None:
    talk = begun()
    found = segments(talk.packets) + segments([at(talk, 0, b"abc")], missing=5) + segments([at(talk, 8, b"def")])
    events = follow_segments(found)
    assert [type(event) for event in events if isinstance(event, Data | Hole)] == [Data, Hole, Data]


def test_ports_used_again_are_another_connection() -> None:
    first, second = begun(), Talk(next={True: 900_000_000, False: 7})
    first.say(True, b"one")
    second.handshake()
    second.say(True, b"two")
    events = follow(first.packets + second.packets)
    assert [event.kind for event in events if isinstance(event, Ended)] == ["replaced", "open"]
    assert [event.flow for event in events if isinstance(event, Data)] == [1, 2]


def test_ports_used_again_without_a_syn_are_another_connection() -> None:
    first, second = begun(), Talk(next={True: 900_000_000, False: 2_000_000_000}, size=3)
    first.say(True, b"one")
    second.say(True, b"GET two")
    events = follow(first.packets + second.packets)
    assert [event.kind for event in events if isinstance(event, Ended)] == ["replaced", "open"]
    assert stream([event for event in events if event.flow == 2]) == b"GET two"


def test_a_stray_segment_does_not_end_a_connection() -> None:
    talk = begun()
    talk.say(True, b"one ")
    talk.packets.append(at(talk, 2**30, b"stray"))
    talk.say(True, b"two")
    events = follow(talk.packets)
    assert (stream(events), len([event for event in events if isinstance(event, Opened)])) == (b"one two", 1)


def test_a_syn_without_answer_is_repeated_on_the_same_connection() -> None:
    syns = [Packet(START + second * 1_000_000, CLIENT, SERVER, 77, 0, SYN) for second in (0, 1, 3)]
    events = follow(syns)
    assert kinds(events) == ["syn", "syn", "syn"]
    assert events[-1] == Ended(1, syns[-1].ts, 3, "open", None)


def test_a_syn_captured_after_its_answer_belongs_to_it() -> None:
    talk = begun()
    talk.say(True, b"data")
    talk.packets[:2] = [talk.packets[1], talk.packets[0]]
    events = follow(talk.packets)
    assert len([event for event in events if isinstance(event, Opened)]) == 1
    assert stream(events) == b"data"


@pytest.mark.parametrize(
    ("payload", "from_client"),
    [
        (b"GET / HTTP/1.1\r\n", True),
        (b"HTTP/1.1 101 \r\n", False),
        (b"\x16\x03\x01\x00\x20\x01" + bytes(40), True),
        (b"\x16\x03\x03\x00\x20\x02" + bytes(40), False),
        (frame('[2,"1","Heartbeat",{}]', mask=b"mask"), True),
        (frame('[3,"1",{}]'), False),
    ],
)  # fmt: skip
def test_the_first_bytes_tell_who_is_the_client_whatever_the_ports(*, payload: bytes, from_client: bool) -> None:
    client, server = ("10.0.0.7", 33_000), ("10.0.0.1", 50_000)
    ends = (client, server) if from_client else (server, client)
    events = follow([Packet(START, *ends, 1, 1, ACK, b"\xf0?"), Packet(START + 1, *ends, 3, 1, ACK, payload)])
    assert isinstance(events[0], Opened)
    assert (events[0].client, events[0].handshake_seen) == (client[0], False)
    assert stream(events, from_client=from_client) == b"\xf0?" + payload


def test_where_nothing_tells_the_lower_port_is_the_server() -> None:
    (event, *_) = follow([Packet(START, SERVER, CLIENT, 1, 1, ACK, b"\xf0noise")])
    assert isinstance(event, Opened)
    assert event.server_port == SERVER[1]


def test_late_packets_of_an_ended_connection_are_no_new_one() -> None:
    talk = begun()
    talk.say(True, b"data")
    data = talk.packets[3]
    talk.send(False, flags=RST)
    events = follow([*talk.packets, data._replace(ts=talk.ts + 9_000_000)])
    assert len([event for event in events if isinstance(event, Opened)]) == 1
    assert events[-1] == Ended(1, talk.ts, len(talk.packets), "rst", from_client=False)


def test_bytes_after_a_fin_are_reported_and_not_given() -> None:
    talk = begun()
    talk.send(True, flags=FIN | ACK)
    talk.packets.append(at(talk, 0, b"more"))
    events = follow(talk.packets)
    assert stream(events) == b""
    assert [event.kind for event in events if isinstance(event, Fault)] == ["data_after_end"]


def test_a_fin_captured_before_the_last_bytes_does_not_cut_them_off() -> None:
    talk = begun()
    talk.say(True, b"data")
    talk.close()
    talk.packets.insert(len(talk.packets) - 1, talk.packets.pop(3))
    events = follow(talk.packets)
    assert stream(events) == b"data"
    assert isinstance(events[-1], Ended)


def test_a_flow_that_is_ignored_gives_nothing_more() -> None:
    talk = begun()
    followed = Streams()
    for each in segments(talk.packets):
        list(followed.feed(each))
    followed.ignore(1)
    talk.packets.clear()
    talk.say(True, b"data")
    talk.close()
    assert [event for each in segments(talk.packets) for event in followed.feed(each)] == []
    assert list(followed.finish()) == []
    assert not followed._flows


def test_beyond_the_limit_the_connection_silent_longest_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_FLOWS", 3)
    followed = Streams()
    events: list[Event] = []
    for number in range(6):
        talk = Talk(client=("10.0.0.7", 40_000 + number))
        talk.handshake()
        events += [event for each in segments(talk.packets) for event in followed.feed(each)]
    assert [event.flow for event in events if isinstance(event, Ended)] == [1, 2, 3]
    assert followed.forgotten == 3


def released(packets: list[Packet]) -> bytes:
    """What is given of the client's bytes while the capture goes on."""
    followed = Streams()
    return stream([event for each in segments(packets) for event in followed.feed(each)])


@pytest.mark.parametrize(("after", "given"), [(59_900_000, b""), (60_100_000, b"datax")])
def test_missing_bytes_that_nobody_acknowledged_are_waited_for_a_minute(after: int, given: bytes) -> None:
    talk = begun()
    assert released([*talk.packets, at(talk, 10, b"data"), at(talk, 14, b"x", after=after)]) == given


@pytest.mark.parametrize(("after", "given"), [(150_000, b""), (250_000, b"datax")])
def test_missing_bytes_that_were_acknowledged_are_waited_for_a_fifth_of_that_second(after: int, given: bytes) -> None:
    talk = begun()
    answer = Packet(talk.ts + 1, SERVER, CLIENT, talk.next[False], talk.next[True] + 14, ACK)
    packets = [*talk.packets, at(talk, 10, b"data"), answer, at(talk, 14, b"x", after=after)]
    assert released(packets) == given


@pytest.mark.parametrize(("limit", "size", "count"), [("MAX_HELD_BYTES", 1000, 6), ("MAX_HELD_SEGMENTS", 1, 5000)])
def test_bytes_wait_for_those_before_them_up_to_a_limit(
    limit: str, size: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, limit, 5000 if size > 1 else 4999)
    talk = begun()
    ahead = [at(talk, 10 + size * number, b"x" * size) for number in range(count)]
    assert released([*talk.packets, *ahead[:-1]]) == b""
    assert released([*talk.packets, *ahead]) == b"x" * size * count


def test_what_waits_for_the_other_side_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MAX_DEFERRED", 10)
    talk = begun()
    ahead = at(talk, 10, b"data")
    answers = [
        Packet(talk.ts + number, SERVER, CLIENT, talk.next[False] + number, 0, PSH, b"y") for number in range(11)
    ]
    followed = Streams()
    events = [event for each in segments([*talk.packets, ahead, *answers[:10]]) for event in followed.feed(each)]
    assert stream(events, from_client=False) == b""
    events += followed.feed(segments([answers[10]])[0])
    assert stream(events, from_client=False) == b"y" * 11


def test_only_the_last_ended_connections_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_ENDED", 2)
    packets: list[Packet] = []
    for number in range(4):
        talk = Talk(client=("10.0.0.7", 40_000 + number))
        talk.handshake()
        talk.say(True, b"data")
        talk.send(True, flags=RST)
        packets += talk.packets
    late = [packet for packet in packets if packet.payload]
    opened = [event.client_port for event in follow([*packets, *late]) if isinstance(event, Opened)]
    assert opened == [40_000, 40_001, 40_002, 40_003, 40_000, 40_001]


@pytest.mark.parametrize(("count", "client"), [(streams.UNDECIDED - 1, CLIENT), (streams.UNDECIDED, SERVER)])
def test_a_few_segments_are_waited_for_to_tell_who_is_the_client(count: int, client: tuple[str, int]) -> None:
    ends = ("10.0.0.7", 9_000), ("10.0.0.1", 50_000)
    noise = [Packet(START + number, *ends, 1 + number, 1, ACK, b"\xf0") for number in range(count)]
    telling = Packet(START + count, *ends, 1 + count, 1, ACK, b"GET / HTTP/1.1\r\n")
    event = follow([*noise, telling])[0]
    assert isinstance(event, Opened)
    assert event.client == ("10.0.0.7" if client == CLIENT else "10.0.0.1")


def test_a_flow_that_is_given_up_lets_go_what_it_holds() -> None:
    talk = begun()
    followed = Streams()
    for each in segments([*talk.packets, at(talk, 10, b"data")]):
        list(followed.feed(each))
    assert followed.held()[1] > 4
    events = list(followed.give_up(1))
    assert stream(events) == b"data"
    assert isinstance(events[-1], Ended)
    assert (followed.held(), list(followed.give_up(1))) == ({}, [])


@pytest.mark.parametrize(("acknowledged", "missing"), [(1010, [2]), (1012, []), (1020, [4]), (900_000_000, [])])
def test_a_stream_joined_in_the_middle_begins_where_the_other_side_has_acknowledged(
    acknowledged: int, missing: list[int]
) -> None:
    answer = Packet(START, SERVER, CLIENT, 5000, acknowledged, ACK | PSH, frame('[3,"1",{}]'))
    call = Packet(START + 1, CLIENT, SERVER, 1012, 5000, ACK | PSH, b"data")
    events = follow([answer, call])
    assert [event.bytes for event in events if isinstance(event, Hole) and event.from_client] == missing
    assert stream(events) == b"data"


@pytest.mark.parametrize(("offset", "count"), [(1000, 1), (ordering.WINDOW + 1000, 2)])
def test_only_packets_near_to_an_ended_connection_are_late(offset: int, count: int) -> None:
    talk = begun()
    talk.say(True, b"data")
    talk.send(False, flags=RST)
    events = follow([*talk.packets, at(talk, offset, b"later", after=9_000_000)])
    assert len([event for event in events if isinstance(event, Opened)]) == count


def goes_on_behind_a_reset() -> tuple[list[Packet], int]:
    """What two sides say that do not heed a RST, and the place of the RST."""
    talk = begun()
    talk.say(True, b"one")
    reset = Packet(talk.ts + 1, SERVER, CLIENT, talk.next[False] + 500, 0, RST)
    place = len(talk.packets)
    talk.say(True, b"two")
    talk.say(False, b"three")
    talk.say(True, b"four")
    return [*talk.packets[:place], reset, *talk.packets[place:]], place


def test_a_reset_that_nobody_heeds_loses_nothing_of_what_comes_behind_it() -> None:
    packets, place = goes_on_behind_a_reset()
    events = follow(packets)
    assert stream(events) == b"onetwofour"
    assert stream(events, from_client=False) == b"three"
    assert [(event.packet, event.client) for event in events if isinstance(event, Opened)] == [
        (1, CLIENT[0]),
        (place + 2, CLIENT[0]),
    ]
    assert [event.kind for event in events if isinstance(event, Fault)] == ["reset_ignored"]


def test_what_was_under_way_when_a_reset_came_does_not_go_on() -> None:
    packets, place = goes_on_behind_a_reset()
    events = follow(packets[: place + 2])
    assert [event.kind for event in events if isinstance(event, Ended)] == ["rst"]
    assert len([event for event in events if isinstance(event, Opened)]) == 1


def test_what_is_kept_behind_a_reset_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_LATE", 1)
    packets, place = goes_on_behind_a_reset()
    flood = [packets[place + 1]._replace(ts=packets[place].ts + again) for again in range(1, 50)]
    followed = Streams()
    for each in segments([*packets[: place + 1], *flood]):
        list(followed.feed(each))
    (ended,) = followed._ended.values()
    assert len(ended.late) == 1

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.wire import loss, ordering
from analyzer.wire.events import Event, Fault, Hole, Measured, Transport
from tests.wire.packets import ACK, CLIENT, RST, SERVER, Packet, Talk
from tests.wire.test_streams import at, begun, follow, follow_segments, kinds, segments, stream

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND = 1_000_000


def holes(events: Iterable[Event]) -> list[tuple[str, bool]]:
    return [(event.why, event.lost) for event in events if isinstance(event, Hole)]


def acknowledged(talk: Talk, offset: int, *, after: int) -> Packet:
    """What the server acknowledges of the client's stream."""
    return Packet(talk.ts + after, SERVER, CLIENT, talk.next[False], talk.next[True] + offset, ACK)


def test_bytes_that_were_acknowledged_and_never_seen_were_lost_by_the_capture() -> None:
    talk = begun()
    for offset in (10, 14):
        events = follow([*talk.packets, at(talk, 10, b"data"), acknowledged(talk, offset, after=5)])
        assert holes(events) == [(loss.CAPTURE, True)]


def test_bytes_that_were_asked_for_again_and_never_acknowledged_were_lost_by_the_network() -> None:
    talk = begun()
    asks = [acknowledged(talk, 0, after=number) for number in (10, 20, 30)]
    ending = at(talk, 14, b"", after=SECOND, flags=RST)
    assert holes(follow([*talk.packets, at(talk, 10, b"data"), *asks, ending])) == [(loss.NETWORK, False)]
    late = acknowledged(talk, 0, after=2 * SECOND)
    assert holes(follow([*talk.packets, at(talk, 10, b"data"), late])) == [(loss.NETWORK, False)]


def test_who_lost_bytes_cannot_be_told_where_nobody_acknowledges_anything() -> None:
    talk = begun()
    on_its_way = acknowledged(talk, 0, after=10)
    ending = at(talk, 14, b"", after=SECOND, flags=RST)
    for heard in ([], [on_its_way]):
        assert holes(follow([*talk.packets, at(talk, 10, b"data"), *heard, ending])) == [(loss.UNKNOWN, True)]


def test_bytes_that_are_not_waited_for_any_longer_may_still_come_and_are_damage() -> None:
    talk = begun()
    asks = [acknowledged(talk, 0, after=number) for number in (10, 20, 30)]
    events = follow([*talk.packets, at(talk, 10, b"data"), *asks, at(talk, 14, b"x", after=ordering.PATIENCE + 1)])
    assert holes(events) == [(loss.NETWORK, True)]


def test_bytes_that_the_snap_length_cut_off_were_lost_by_the_capture() -> None:
    talk = begun()
    events = follow_segments(segments(talk.packets) + segments([at(talk, 0, b"abc")], missing=5))
    assert holes(events) == [(loss.SNAPPED, True)]


@pytest.mark.parametrize(("after", "kind"), [(2_000, []), (30_000, ["retransmission"])])
def test_what_fills_a_hole_late_was_sent_again_and_what_comes_soon_was_reordered(after: int, kind: list[str]) -> None:
    talk = Talk(step=1_000)
    talk.handshake()
    events = follow([*talk.packets, at(talk, 4, b"data"), at(talk, 0, b"call", after=after)])
    assert stream(events) == b"calldata"
    assert kinds(events)[2:] == kind
    assert [event.bytes for event in events if isinstance(event, Transport)][2:] == [4] * len(kind)


@pytest.mark.parametrize(("after", "kind"), [(2_000, []), (30_000, ["retransmission"])])
def test_what_comes_after_an_acknowledgement_that_stood_behind_it_was_sent_again(after: int, kind: list[str]) -> None:
    talk = Talk(step=1_000)
    talk.handshake()
    behind = at(talk, 4, b"", flags=ACK)
    events = follow([*talk.packets, behind, at(talk, 0, b"call", after=after), at(talk, 4, b"more", after=after + 1)])
    assert stream(events) == b"callmore"
    assert kinds(events)[2:] == kind


@pytest.mark.parametrize(("after", "kind"), [(180_000, []), (220_000, ["retransmission"])])
def test_on_a_slow_path_segments_are_reordered_by_half_of_its_round_trip(after: int, kind: list[str]) -> None:
    talk = Talk(step=200_000)
    talk.handshake()
    assert kinds(follow([*talk.packets, at(talk, 4, b"data"), at(talk, 0, b"call", after=after)]))[2:] == kind


def counted(packets: list[Packet]) -> tuple[int, int]:
    """Segments with data, and those that were sent again."""
    events = follow(packets)
    (measured,) = [event.segments for event in events if isinstance(event, Measured)]
    return measured, kinds(events).count("retransmission")


def test_segments_with_data_are_counted_and_those_sent_again() -> None:
    talk = begun()
    talk.say(True, b"one")
    talk.say(False, b"two")
    before = at(talk, -3, b"one", after=SECOND)
    assert counted(talk.packets) == (2, 0)
    assert counted([*talk.packets, before]) == (3, 1)
    assert counted([*talk.packets, before, before._replace(ts=before.ts + 30)]) == (3, 1)
    assert counted([*talk.packets, at(talk, -1, b"\0", after=SECOND)]) == (2, 0)


def test_each_packet_captured_twice_is_counted_once() -> None:
    talk = begun()
    talk.say(True, b"one")
    talk.say(False, b"two")
    twice = [packet._replace(ts=packet.ts + later) for packet in talk.packets for later in (0, 40)]
    assert counted(twice) == (2, 0)


def test_contradictory_bytes_are_reported_with_both_packets() -> None:
    talk = begun()
    events = follow([*talk.packets, at(talk, 0, b"abcd"), at(talk, 2, b"XYef", after=9_000)])
    assert [event.detail for event in events if isinstance(event, Fault)] == [
        "packet 5 repeats 2 bytes of packet 4 with other content"
    ]


def windows(events: Iterable[Event]) -> list[tuple[int, float | None]]:
    return [
        (event.ts, event.duration) for event in events if isinstance(event, Transport) and event.kind == "zero_window"
    ]


def test_a_window_of_zero_lasts_until_it_opens() -> None:
    talk = begun()
    closed = [at(talk, 0, b"", after=after, flags=ACK)._replace(window=0) for after in (10, SECOND)]
    opens = at(talk, 0, b"", after=6 * SECOND + 10, flags=ACK)
    assert windows(follow([*talk.packets, *closed, opens])) == [(talk.ts + 10, 6.0)]
    assert windows(follow([*talk.packets, *closed])) == [(talk.ts + 10, 0.99999)]


def test_the_window_of_a_reset_tells_nothing() -> None:
    talk = begun()
    assert windows(follow([*talk.packets, at(talk, 0, b"", after=10, flags=RST | ACK)._replace(window=0)])) == []


def test_a_reset_before_the_next_byte_is_no_keep_alive() -> None:
    talk = begun()
    talk.say(True, b"x")
    assert kinds(follow([*talk.packets, at(talk, -1, b"", flags=RST | ACK)]))[2:] == ["rst"]


@pytest.mark.parametrize(("ttl", "middle"), [(61, True), (114, False), (50, False)])
def test_a_reset_that_came_another_way_was_sent_by_neither_side(*, ttl: int, middle: bool) -> None:
    talk = begun()
    talk.say(False, b"data")
    heard = [packet if packet.source == CLIENT else packet._replace(ttl=50) for packet in talk.packets]
    reset = Packet(talk.ts + 9, SERVER, CLIENT, talk.next[False], talk.next[True], RST, ttl=ttl)
    events = follow([*heard, reset])
    end, told = events[-1], [event for event in events if isinstance(event, Transport)][-1]
    assert getattr(end, "middle", None) == middle
    assert told.detail == (
        "something between sent it: it came with TTL 61, its sender's packets before with 50" if middle else None
    )

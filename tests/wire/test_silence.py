from __future__ import annotations

import pytest

from analyzer.wire.events import Ended, Event, Fault
from analyzer.wire.silence import LONG, REPEATS, WATCHED_ON
from analyzer.wire.streams import Streams
from tests.wire.packets import ACK, CLIENT, FIN, PSH, RST, SYN, Packet, Talk
from tests.wire.test_streams import begun, follow, segments

SECOND = 1_000_000


def repeated(talk: Talk, *after: float) -> list[Packet]:
    """The last packet of a talk again, so many seconds after it."""
    return [talk.packets[-1]._replace(ts=talk.packets[-1].ts + round(each * SECOND)) for each in after]


def unanswered(from_client: bool, *after: float) -> Talk:
    """A talk whose last bytes are sent again and again."""
    talk = begun()
    talk.say(True, b"call")
    talk.say(False, b"answer")
    talk.ts += 60 * SECOND
    talk.send(from_client, b"lost", ACK | PSH)
    talk.packets += repeated(talk, *after)
    return talk


def last(packets: list[Packet], watched: int = WATCHED_ON + 1) -> Ended:
    followed = Streams()
    events = [event for each in segments(packets) for event in followed.feed(each)]
    events += followed.finish(packets[-1].ts + watched)
    end = events[-1]
    assert isinstance(end, Ended)
    return end


@pytest.mark.parametrize("from_client", [True, False])
def test_what_is_sent_again_and_again_without_answer_ends_a_connection_when_it_was_first_sent(
    *, from_client: bool
) -> None:
    talk = unanswered(from_client, 0.3, 0.9, 2, 4, 8)
    first = len(talk.packets) - REPEATS
    assert last(talk.packets) == Ended(1, talk.packets[first - 1].ts, first, "timeout", None)


@pytest.mark.parametrize(
    ("after", "kind"), [((1, 2, 3, 4), "open"), ((1, 2, 3, 4, 5), "timeout"), ((1, LONG / SECOND + 1), "timeout")]
)
def test_a_few_repetitions_are_none(after: tuple[float, ...], kind: str) -> None:
    assert last(unanswered(True, *after).packets).kind == kind


@pytest.mark.parametrize(("watched", "kind"), [(WATCHED_ON, "open"), (WATCHED_ON + 1, "timeout")])
def test_the_answer_may_come_after_the_end_of_the_capture(watched: int, kind: str) -> None:
    assert last(unanswered(True, 1, 2, 3, 4, 5).packets, watched).kind == kind


def test_an_answer_at_last_keeps_a_connection_alive() -> None:
    talk = unanswered(True, 1, 2, 3, 4, 5)
    talk.ts += 6 * SECOND
    talk.send(False)
    assert last(talk.packets).kind == "open"


def test_repetitions_before_and_after_an_answer_are_not_counted_together() -> None:
    talk = unanswered(True, 1, 2, 3)
    talk.ts += 4 * SECOND
    talk.send(False)
    talk.send(True, b"more", ACK | PSH)
    talk.packets += repeated(talk, 1, 2, 3)
    assert last(talk.packets).kind == "open"


@pytest.mark.parametrize("flags", [RST, FIN | ACK])
def test_an_end_that_was_seen_counts_more(flags: int) -> None:
    talk = unanswered(False, 1, 2, 3, 4, 5)
    talk.ts += 6 * SECOND
    talk.send(True, flags=flags)
    assert last(talk.packets).kind in {"rst", "fin"}


@pytest.mark.parametrize(("port", "after"), [(40_001, -SECOND // 2), (40_001, SECOND), (CLIENT[1], SECOND)])
def test_a_client_that_connects_anew_had_given_up_what_was_never_answered(port: int, after: int) -> None:
    talk = unanswered(False, 1, 2, 3, 4, 5)
    anew = Talk(client=(CLIENT[0], port), ts=talk.packets[-1].ts + after, next={True: 900_000_000, False: 70_000})
    anew.handshake()
    events = follow(sorted([*talk.packets, *anew.packets]))
    assert [event.kind for event in events if isinstance(event, Ended) and event.flow == 1] == ["timeout"]


def test_keep_alives_that_are_never_answered_end_a_connection_too() -> None:
    talk = begun()
    talk.say(False, b"x")
    talk.ts += 7200 * SECOND
    probe = Packet(talk.ts, talk.server, talk.client, talk.next[False] - 1, talk.next[True], ACK)
    talk.packets += [probe._replace(ts=talk.ts + number * 75 * SECOND) for number in range(6)]
    assert last(talk.packets).kind == "timeout"


def test_one_side_alone_sends_without_answer_and_is_no_timeout() -> None:
    talk = unanswered(True, 1, 2, 3, 4, 5)
    assert last([packet for packet in talk.packets if packet.source == CLIENT]).kind == "open"


def one_sided(events: list[Event]) -> list[str]:
    return [event.detail for event in events if isinstance(event, Fault) and event.kind == "one_sided"]


@pytest.mark.parametrize(("from_client", "begin"), [(True, 0), (True, 3), (False, 0), (False, 3)])
def test_a_connection_of_which_one_side_was_captured_is_told_once(*, from_client: bool, begin: int) -> None:
    talk = begun()
    for _ in range(3):
        talk.say(True, b"call")
        talk.say(False, b"answer")
    source = talk.client if from_client else talk.server
    (detail,) = one_sided(follow([packet for packet in talk.packets[begin:] if packet.source == source]))
    size = {(True, 0): 18, (True, 3): 18, (False, 0): 12, (False, 3): 8}[from_client, begin]
    name, other = ("station", "csms") if from_client else ("csms", "station")
    assert detail == (
        f"only what the {name} sent was captured: {size} bytes of the {other} were acknowledged, and never seen"
    )


def test_a_side_of_which_something_was_captured_is_not_missing() -> None:
    talk = begun()
    talk.say(True, b"call")
    talk.say(False, b"answer")
    talk.say(True, b"call")
    answers = [packet for packet in talk.packets if packet.source == talk.server and packet.payload]
    assert one_sided(follow([packet for packet in talk.packets if packet not in answers])) == []


def test_a_server_that_never_says_anything_is_not_missing() -> None:
    talk = begun()
    for _ in range(3):
        talk.say(True, b"call")
    assert one_sided(follow([packet for packet in talk.packets if packet.source == talk.client])) == []
    assert one_sided(follow([Packet(talk.ts, CLIENT, talk.server, 1, 0, SYN)])) == []

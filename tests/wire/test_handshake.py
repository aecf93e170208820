from __future__ import annotations

import pytest

from analyzer.wire.events import Ended, Event, Measured
from analyzer.wire.handshake import UNANSWERED
from analyzer.wire.icmp import report
from analyzer.wire.link import Datagram
from analyzer.wire.streams import Streams
from tests.wire.packets import ACK, CLIENT, FIN, RST, SERVER, START, SYN, Packet, Talk, icmp
from tests.wire.test_streams import begun, follow, kinds, segments

SECOND = 1_000_000
LATER = Packet(START + 60 * SECOND, ("10.9.9.9", 5), ("10.9.9.8", 6), 1, 0, SYN)
"""Something else, by which the capture goes on."""


def syn(at: float, *, sequence: int = 77, port: int = CLIENT[1]) -> Packet:
    return Packet(START + round(at * SECOND), (CLIENT[0], port), SERVER, sequence, 0, SYN)


def refusal(at: float, port: int = CLIENT[1]) -> Packet:
    return Packet(START + round(at * SECOND), SERVER, (CLIENT[0], port), 0, 78, RST | ACK)


def ends(events: list[Event]) -> list[tuple[int, str, bool | None]]:
    return [(event.flow, event.kind, event.from_client) for event in events if isinstance(event, Ended)]


def ended(packets: list[Packet], until: float = 60) -> list[tuple[int, str, bool | None]]:
    followed = Streams()
    events = [event for each in segments(packets) for event in followed.feed(each)]
    return ends([*events, *followed.finish(START + round(until * SECOND))])


def round_trip(packets: list[Packet]) -> float | None:
    (found,) = [event.round_trip for event in follow(packets) if isinstance(event, Measured)]
    return found


def test_a_syn_that_is_never_answered_is_one_attempt_however_often_it_is_sent() -> None:
    tries = [syn(0), syn(1), syn(3), syn(7)]
    assert ended(tries) == [(1, "unreachable", None)]
    assert kinds(follow(tries)) == ["syn"] * 4


def test_an_attempt_ends_with_its_last_syn() -> None:
    followed = Streams()
    for each in segments([syn(0), syn(3)]):
        list(followed.feed(each))
    *_, last = followed.finish(START + 60 * SECOND)
    assert last == Ended(1, START + 3 * SECOND, 2, "unreachable", None)


@pytest.mark.parametrize(("until", "kind"), [(UNANSWERED / SECOND - 0.1, "open"), (UNANSWERED / SECOND, "unreachable")])
def test_an_attempt_that_the_end_of_the_capture_cuts_off_may_still_be_answered(until: float, kind: str) -> None:
    assert ended([syn(0), syn(1)], until) == [(1, kind, None)]


def test_a_new_attempt_from_the_same_port_tells_that_the_one_before_failed() -> None:
    assert ended([syn(0), syn(2, sequence=900_000)], 3) == [(1, "unreachable", None), (2, "open", None)]


def test_a_syn_that_a_reset_answers_met_a_closed_port() -> None:
    assert ended([syn(0), refusal(0.01)]) == [(1, "port_closed", False)]


def test_a_syn_that_is_refused_again_and_again_is_one_attempt() -> None:
    packets = [each for at in (0, 0.5, 1) for each in (syn(at), refusal(at + 0.01))]
    assert ended(packets) == [(1, "port_closed", False)]


def test_attempts_from_other_ports_are_others() -> None:
    packets = [each for port in (41_000, 41_001) for each in (syn(port % 2, port=port), refusal(port % 2 + 0.01, port))]
    assert ended(packets) == [(1, "port_closed", False), (2, "port_closed", False)]


def test_a_client_that_gives_up_an_unanswered_syn_was_never_answered() -> None:
    given_up = Packet(START + SECOND, CLIENT, SERVER, 78, 0, RST)
    assert ended([syn(0), given_up]) == [(1, "unreachable", None)]


@pytest.mark.parametrize("flags", [RST | ACK, FIN | ACK])
def test_the_end_of_a_connection_that_was_answered_is_no_failed_attempt(flags: int) -> None:
    talk = begun()
    talk.send(False, flags=flags)
    assert ended(talk.packets)[0][1] in {"rst", "open", "fin"}
    assert "port_closed" not in str(ended(talk.packets))


@pytest.mark.parametrize("seen", [True, False])
def test_a_connection_of_which_one_side_was_captured_was_answered(*, seen: bool) -> None:
    source = CLIENT if seen else SERVER
    assert ended([packet for packet in begun().packets if packet.source == source], 90) == [(1, "open", None)]


@pytest.mark.parametrize(("reporter", "side", "middle"), [("10.0.0.254", None, True), (SERVER[0], False, False)])
def test_who_reports_that_the_server_cannot_be_reached_ends_the_attempt(
    *, reporter: str, side: bool | None, middle: bool
) -> None:
    followed = Streams()
    list(followed.feed(segments([syn(0)])[0]))
    error = report(Datagram(2, START + 9, 1, reporter, CLIENT[0], icmp(3, 3, syn(0))))
    assert error is not None
    assert kinds(list(followed.report(error))) == ["icmp"]
    assert list(followed.finish())[-1] == Ended(1, START, 1, "unreachable", side, middle)


def test_the_round_trip_is_from_the_syn_to_the_acknowledgement_of_its_answer() -> None:
    talk = Talk(step=40_000)
    talk.handshake()
    talk.say(True, b"data")
    assert round_trip(talk.packets) == 0.08
    assert round_trip([talk.packets[0], talk.packets[1], *talk.packets[3:]]) is None


def test_a_syn_or_an_answer_that_was_sent_again_measures_nothing() -> None:
    first, answer, *rest = begun().packets
    for again in (first, answer):
        later = [first, answer, again._replace(ts=answer.ts + 2_000), *rest]
        assert round_trip(later) is None
    assert round_trip([first, first._replace(ts=first.ts + 40), answer, *rest]) == 0.02


def test_a_connection_joined_in_the_middle_has_no_round_trip() -> None:
    talk = begun()
    talk.say(True, b"data")
    assert round_trip(talk.packets[3:]) is None
    assert round_trip(talk.packets[1:]) is None

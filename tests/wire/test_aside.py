from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analyzer.wire import aside, backlog, conversations
from analyzer.wire.conversation import Conversation
from analyzer.wire.conversations import Item, Problem, WireControl, WireTransport
from analyzer.wire.events import Data, Opened
from analyzer.wire.tls.handshake import MAX_MESSAGE
from tests.wire.packets import ACK, PSH, RST, START, SYN, Packet, Talk, capture, conversation as dialogue_of, frame
from tests.wire.reading import connections, problems, read, read_packets, texts

if TYPE_CHECKING:
    from collections.abc import Callable

HELLO = b"\x16\3\1\0\x20\1" + bytes(31)
CSMS, OTHER = ("10.0.0.1", 9000), ("10.9.9.9", 443)


def attempt(number: int, server: tuple[str, int], client: str = "10.0.0.7") -> list[Packet]:
    """A SYN that is refused."""
    talk = Talk(client=(client, 50_000 + number), server=server, ts=START + number * 1_000_000)
    talk.send(True, flags=SYN)
    talk.send(False, flags=RST | ACK)
    return talk.packets


def encrypted(number: int, client: str = "10.0.0.8", server: tuple[str, int] = OTHER) -> list[Packet]:
    talk = Talk(client=(client, 51_000 + number), server=server, ts=START + number * 1_000_000)
    talk.handshake()
    talk.say(True, HELLO)
    talk.close()
    return talk.packets


def websocket(number: int) -> list[Packet]:
    talk = Talk(client=("10.0.0.9", 52_000 + number), server=("10.9.9.8", 80), ts=START + number * 1_000_000)
    talk.handshake()
    talk.upgrade("/graphql", subprotocol="graphql-ws")
    talk.text(True, '{"type":"connection_init"}')
    talk.close()
    return talk.packets


def told(items: list[Item]) -> list[tuple[int, str]]:
    return [
        (item.count, item.detail) for item in items if isinstance(item, Problem) and item.kind == "connections_not_kept"
    ]


def clients(items: list[Item]) -> list[str]:
    return [each.client for each in connections(items)]


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> int:
    """Room for three connections of each sort."""
    monkeypatch.setattr(aside, "MAX_ASIDE", 3)
    return 3


@pytest.mark.parametrize(
    ("packets", "sort"),
    [
        (lambda number: attempt(number, OTHER), "attempts to connect without a byte"),
        (encrypted, "TLS connections"),
        (websocket, "WebSockets without OCPP"),
    ],
)
def test_connections_without_ocpp_beyond_the_limit_are_counted_and_not_kept(
    packets: Callable[[int], list[Packet]], sort: str, room: int
) -> None:
    items = read_packets([packet for number in range(20) for packet in packets(number)])
    ((count, detail),) = told(items)
    assert detail.startswith(f"{count} more {sort} ")
    assert count == 20 - room
    assert len(connections(items)) in {0, room}
    assert len(items) < 9 * room
    # What is encrypted may be a charger's.
    assert [item.damage for item in items if isinstance(item, Problem) and item.count == count] == [
        sort == "TLS connections"
    ]


def test_the_limit_of_one_sort_leaves_room_for_the_others(room: int) -> None:
    assert room
    packets = [packet for number in range(20) for packet in attempt(number, OTHER)]
    items = read_packets([*packets, *encrypted(1)])
    assert clients(items) == ["10.0.0.7", "10.0.0.7", "10.0.0.7", "10.0.0.8"]


def test_attempts_at_a_server_that_speaks_ocpp_are_all_kept(room: int) -> None:
    packets = [packet for number in range(20) for packet in attempt(number, CSMS)]
    later = [packet for number in range(20, 40) for packet in attempt(number, CSMS)]
    items = read_packets([*dialogue_of(4).packets, *packets, *later])
    assert len(connections(items)) == 41 > room
    assert told(items) == []


def test_attempts_before_a_server_is_known_to_speak_ocpp_are_kept() -> None:
    items = read_packets([*attempt(0, CSMS), *attempt(1, OTHER), *dialogue_of(4).packets])
    assert sorted(each.server for each in connections(items)) == ["10.0.0.1", "10.0.0.1"]


def test_attempts_at_a_port_that_the_user_named_are_all_kept(room: int) -> None:
    packets = [packet for number in range(20) for packet in attempt(number, OTHER)]
    items = read(capture(packets), ports=frozenset({OTHER[1]}))
    assert len(connections(items)) == 20 > room


def test_what_a_charger_does_at_another_port_of_its_server_is_kept_beyond_the_limit(room: int) -> None:
    strangers = [packet for number in range(20) for packet in encrypted(number)]
    own = [packet for number in range(20) for packet in encrypted(100 + number, "10.0.0.7", ("10.0.0.1", 443))]
    items = read_packets([*dialogue_of(4).packets, *strangers, *own])
    assert clients(items).count("10.0.0.7") == 21 > room
    assert clients(items).count("10.0.0.8") == 20 - told(items)[0][0]


def graphql() -> Talk:
    """A connection of another protocol that is kept alive by 50 pings."""
    talk = Talk()
    talk.handshake()
    talk.upgrade("/graphql", subprotocol="graphql-ws")
    for _ in range(50):
        talk.say(True, frame(b"", opcode=9, mask=b"abcd"))
    return talk


def test_what_a_connection_without_ocpp_does_is_limited_and_what_is_left_out_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backlog, "MAX_QUEUED", 10)
    talk = graphql()
    items = read_packets(talk.packets)
    (problem,) = [item for item in items if isinstance(item, Problem) and item.kind == "events_left_out"]
    assert (problem.count, problem.connection) == (42, 1)


def test_what_is_left_out_of_a_connection_that_speaks_another_protocol_is_no_damage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backlog, "MAX_QUEUED", 10)
    talk = graphql()
    (other,) = [item for item in read_packets(talk.packets) if isinstance(item, Problem)]
    talk.text(True, '[2,"1","Heartbeat",{}]')
    (spoke,) = [item for item in read_packets(talk.packets) if isinstance(item, Problem)]
    assert (other.damage, spoke.damage) == (False, True)
    # Its time is that of the first ping that is left out.
    pings = [packet.ts for packet in talk.packets if len(packet.payload) == 6]
    assert spoke.ts == other.ts == pings[8]


def test_a_websocket_joined_in_the_middle_that_may_speak_ocpp_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MAX_QUEUED", 10)
    talk = Talk()
    for _ in range(50):
        talk.say(True, frame(b"", opcode=9, mask=b"abcd"))
        talk.say(False, frame(b"", opcode=10))
    for number in range(3):
        talk.text(True, f'[2,"{number}","Heartbeat",{{}}]')
    items = read_packets(talk.packets)
    assert len([item for item in items if isinstance(item, WireControl)]) == 100
    assert texts(items) == talk.texts
    assert problems(items) == set()


def keeping_alive(number: int, times: int) -> list[Packet]:
    """A TLS connection that is long for its keep-alives, and ends with an alert and a FIN."""
    talk = Talk(client=(f"10.1.0.{number}", 50_000), server=OTHER, ts=START + number)
    talk.handshake()
    talk.say(True, HELLO)
    for _ in range(times):
        talk.next[True] -= 1
        talk.send(True)
        talk.next[True] += 1
        talk.send(False)
    talk.say(False, b"\x15\3\3\0\2\2\x28")
    talk.close()
    return talk.packets


def test_tls_connections_are_kept_however_long_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "MAX_ITEMS", 150)
    monkeypatch.setattr(backlog, "MAX_QUEUED", 20)
    items = read_packets([packet for number in range(20) for packet in keeping_alive(number, 60)])
    assert len(connections(items)) == 20
    assert problems(items) == set()
    kinds = [item.kind for item in items if isinstance(item, WireTransport)]
    assert kinds == ["syn", "syn_ack", "tls", "fin", "fin"] * 20


def test_what_the_connections_of_one_sort_do_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "MAX_ITEMS", 9)
    items = read_packets([packet for number in range(20) for packet in websocket(number)])
    assert told(items)[0][0] >= 17


def test_what_was_kept_back_is_given_once_a_connection_speaks_ocpp() -> None:
    talk = Talk()
    talk.handshake()
    for _ in range(8):
        talk.say(True, frame(b"", opcode=9, mask=b"abcd"))
    talk.text(True, '[2,"1","Heartbeat",{}]')
    items = read_packets(talk.packets)
    assert texts(items) == talk.texts
    assert [item.kind for item in items if isinstance(item, WireTransport | WireControl)] == [
        "syn",
        "syn_ack",
        *["ping"] * 8,
    ]


def unfinished(number: int, size: int) -> list[Packet]:
    """A connection whose message never ends."""
    talk = Talk(client=("10.0.0.7", 40_000 + number), ts=START + number)
    talk.handshake()
    talk.upgrade()
    talk.say(True, frame(b"x" * (1 << 20), mask=b"abcd")[:size])
    return talk.packets


def ahead(number: int, size: int) -> list[Packet]:
    """A connection whose bytes wait for one that never comes."""
    talk = Talk(client=("10.0.0.7", 40_000 + number), ts=START + number)
    talk.handshake()
    talk.next[True] += 1
    for _ in range(size // 1000):
        talk.send(True, bytes(1000), ACK | PSH)
    return [packet._replace(ts=START) for packet in talk.packets]


@pytest.mark.parametrize("hostile", [unfinished, ahead])
def test_what_all_connections_hold_together_is_limited_and_that_is_told(
    hostile: Callable[[int, int], list[Packet]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "WEIGHED_EVERY", 10_000)
    monkeypatch.setattr(conversations, "MAX_HELD", 100_000)
    honest = dialogue_of(40, client=("10.0.0.8", 40_000))
    half = len(honest.packets) // 2
    bad = [packet for number in range(30) for packet in hostile(number, 20_000)]
    items = read_packets([*honest.packets[:half], *bad, *honest.packets[half:]])
    (problem,) = [item for item in items if isinstance(item, Problem) and item.kind == "too_much_held"]
    assert 20 <= problem.count < 30
    assert texts(items) == honest.texts


def test_a_capture_that_holds_little_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "WEIGHED_EVERY", 1000)
    talk = dialogue_of(400, size=50)
    items = read_packets(talk.packets)
    assert texts(items) == talk.texts
    assert problems(items) == set()


def test_what_happens_below_a_connection_without_ocpp_is_given_with_it() -> None:
    items = read_packets(encrypted(1))
    assert [item.kind for item in items if isinstance(item, WireTransport)] == ["syn", "syn_ack", "fin", "fin"]
    (connection,) = connections(items)
    assert (connection.tls, connection.end_kind, connection.end_side) == (True, "fin", "station")


def test_what_is_held_within_the_limit_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "WEIGHED_EVERY", 1000)
    monkeypatch.setattr(conversations, "MAX_HELD", 30_000)
    assert "too_much_held" not in problems(read_packets(unfinished(1, 20_000)))
    assert "too_much_held" in problems(read_packets([*unfinished(1, 20_000), *unfinished(2, 20_000)]))


def test_what_is_held_of_a_client_hello_is_limited() -> None:
    followed = Conversation(Opened(1, 0, 1, "10.0.0.7", 40_000, "10.0.0.1", 443, handshake_seen=True))
    endless = b"\x16\3\1\x40\0\1\1\xff\xf0"
    for number in range(40):
        list(followed.take(Data(1, True, endless.ljust(5 + (16 << 10), b"\0"), number, number)))
        assert followed.held <= MAX_MESSAGE


@pytest.mark.parametrize(
    ("path", "subprotocol", "damage"), [("/graphql", "graphql-ws", False), ("/ocpp/CP1", "", True)]
)
def test_a_hole_in_what_another_protocol_said_is_no_damage(path: str, subprotocol: str, *, damage: bool) -> None:
    talk = Talk()
    talk.handshake()
    talk.upgrade(path, subprotocol=subprotocol)
    for _ in range(5):
        talk.say(True, frame(b"", opcode=9, mask=b"abcd"))
    items = read_packets([*talk.packets[:9], *talk.packets[10:]])
    assert [item.damage for item in items if isinstance(item, Problem)] == [damage]


def test_holes_in_what_is_encrypted_are_counted_and_no_damage() -> None:
    talk = Talk()
    talk.handshake()
    talk.say(True, HELLO)
    for _ in range(50):
        talk.say(True, b"\x17\3\3\0\4abcd")
    items = read_packets([packet for number, packet in enumerate(talk.packets) if number < 6 or number % 4 != 1])
    holes = [item for item in items if isinstance(item, Problem)]
    assert [(hole.kind, hole.damage) for hole in holes] == [("hole", False)] * 2
    assert sum(hole.count for hole in holes) >= 20

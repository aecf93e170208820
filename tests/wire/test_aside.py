from __future__ import annotations

import pytest

from analyzer.wire import aside, conversation, conversations
from analyzer.wire.conversations import Item, Problem, WireControl, WireTransport
from analyzer.wire.events import Data, Opened
from tests.wire.packets import ACK, PSH, RST, START, SYN, Packet, Talk, capture, conversation as dialogue_of, frame
from tests.wire.reading import connections, problems, read, read_packets, texts

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
    """Room for three connections or so of each sort."""
    monkeypatch.setattr(aside, "MAX_ASIDE", 9)
    return 9


@pytest.mark.parametrize(
    ("packets", "sort"),
    [
        (lambda number: attempt(number, OTHER), "attempts to connect without a byte"),
        (encrypted, "TLS connections"),
        (websocket, "WebSockets without OCPP"),
    ],
)
def test_connections_without_ocpp_beyond_the_limit_are_counted_and_not_kept(
    packets: object, sort: str, room: int
) -> None:
    items = read_packets([packet for number in range(20) for packet in packets(number)])  # type: ignore[operator]
    ((count, detail),) = told(items)
    assert detail.startswith(f"{count} more {sort} ")
    assert 14 <= count <= 18
    assert len(connections(items)) in {0, 20 - count}
    assert len(items) < 3 * room


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


def test_what_a_connection_without_ocpp_does_is_limited_and_what_is_left_out_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversation, "MAX_QUEUED", 10)
    talk = Talk()
    talk.handshake()
    talk.upgrade("/graphql", subprotocol="graphql-ws")
    for _ in range(50):
        talk.say(True, frame(b"", opcode=9, mask=b"abcd"))
    items = read_packets(talk.packets)
    (problem,) = [item for item in items if isinstance(item, Problem) and item.kind == "events_left_out"]
    assert (problem.count, problem.connection) == (42, 1)


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
    hostile: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "WEIGHED_EVERY", 10_000)
    monkeypatch.setattr(conversations, "MAX_HELD", 100_000)
    honest = dialogue_of(40, client=("10.0.0.8", 40_000))
    half = len(honest.packets) // 2
    bad = [packet for number in range(30) for packet in hostile(number, 20_000)]  # type: ignore[operator]
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
    followed = conversation.Conversation(Opened(1, 0, 1, "10.0.0.7", 40_000, "10.0.0.1", 443, handshake_seen=True))
    for number in range(10):
        list(followed.take(Data(1, True, HELLO.ljust(conversation.MAX_HELLO // 4, b"\0"), number, number)))
        assert followed.held <= conversation.MAX_HELLO + 8 * conversation.ITEM
    assert followed.held < conversation.MAX_HELLO // 4

from __future__ import annotations

from analyzer.sources.events import Connected, Control, Disconnected, Event, Ignored, Trouble
from analyzer.sources.python_websockets import MAX_WAITING, Frames

OPEN, CLOSED = "= connection is OPEN", "= connection is CLOSED"


def told(*lines: str) -> list[Event]:
    """What lines tell; `@CP-7` is a message of a charger elsewhere in the log."""
    frames = Frames()
    found: list[Event] = []
    for number, line in enumerate(lines, 1):
        speaks = line.startswith("@")
        found += frames.speaks(line[1:]) if speaks else frames.events(line, number, number)
    return [event for event in [*found, *frames.end()] if not isinstance(event, Ignored)]


def test_a_connection_belongs_to_the_charger_that_speaks_next() -> None:
    assert told("server listening on :9000", OPEN, "@CP-7", CLOSED) == [
        Connected(2, "CP-7", 2),
        Disconnected(4, "CP-7", 4),
    ]


def test_the_first_close_frame_tells_who_closed() -> None:
    found = told(
        OPEN, "@CP-7", "< CLOSE 1001 (going away) bye [5 bytes]", "> CLOSE 1001 (going away) bye [5 bytes]", CLOSED
    )
    assert found[-1] == Disconnected(5, "CP-7", 5, "close", "station", 1001, "bye")


def test_a_close_frame_need_not_give_a_reason() -> None:
    assert told(OPEN, "@CP-7", "> CLOSE 1000 (OK) [2 bytes]", CLOSED)[-1] == Disconnected(
        4, "CP-7", 4, "close", "csms", 1000, None
    )


def test_while_two_chargers_are_connected_nothing_is_guessed() -> None:
    assert told("server listening on :9000", OPEN, "@A", OPEN, "@B", "< PING '' [0 bytes]", CLOSED) == [
        Connected(2, "A", 2)
    ]


def test_when_one_of_two_chargers_is_left_it_is_known_again() -> None:
    found = told("server listening on :9000", OPEN, "@A", OPEN, "@B", CLOSED, "@B", "< PING '' [0 bytes]", CLOSED)
    assert found[1:] == [Control(8, "B", "up", "ping", 8, "''"), Disconnected(9, "B", 9)]


def test_in_a_log_that_begins_in_the_middle_other_chargers_may_be_connected() -> None:
    assert told("@A", "@B", CLOSED, "@A", CLOSED) == []
    assert told("@A", CLOSED) == [Disconnected(2, "A", 2)]


def test_a_connection_without_a_word_is_nobody_s() -> None:
    assert told("server listening on :9000", OPEN, CLOSED, OPEN, OPEN, CLOSED) == []


def test_what_is_said_at_both_levels_is_counted_once() -> None:
    assert told(OPEN, "connection open", "@CP-7", CLOSED, "connection closed") == [
        Connected(1, "CP-7", 1),
        Disconnected(4, "CP-7", 4),
    ]


def test_messages_count_only_where_the_log_has_them_nowhere_else() -> None:
    assert told("< TEXT '[2,...]' [9 bytes]", "@CP-7", "> TEXT '[3,...]' [9 bytes]") == []
    assert told("< TEXT '[2,...]' [9 bytes]") == [Trouble(1, "elided", "< TEXT '[2,...]' [9 bytes]", 1)]


def test_no_more_lines_wait_than_memory_allows() -> None:
    frames = Frames()
    found = [event for number in range(MAX_WAITING + 2) for event in frames.events("< TEXT '' [0 bytes]", 0, number)]
    assert len(found) > MAX_WAITING
    assert len([*found, *frames.end()]) == MAX_WAITING + 2

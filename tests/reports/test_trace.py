from __future__ import annotations

import itertools
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import analyzer as oa
from analyzer import schema
from analyzer.reports.trace import render
from analyzer.sources import reading, trace
from analyzer.sources.conversation import Conversation
from analyzer.sources.events import Connected, Control, Disconnected, Event, Failed, Line, Message, Refused
from tests.manuals import tables
from tests.reports.strangers import STRINGS, harmful
from tests.wire.packets import START, Talk, capture, conversation

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

Tables = dict[str, "pa.Table"]
Thing = Message | Control | Connected | Failed | Refused | Disconnected
EIGHT = 1_767_254_400_000_000
COMPARED = ("messages", "controls", "connections")
OF_THE_INPUT = {"source", "origin", "connection", "bytes"}
"""Columns that tell where a row was read: they are of the input and not of the conversation."""
SPECIAL = st.sampled_from(
    ["$(now)", "$(1+1)", "#1", "=", "\u2028", "\x85", "\x00", "\\", '"', "\ud800", "ß", " ", "🔌"]
)
TEXT = st.lists(st.one_of(st.text(max_size=5), SPECIAL), max_size=4).map("".join)
STATIONS = st.sampled_from(["CP1", "Hof 1/Säule", "a%20b", "-", "\x1b[31m", "充电桩", "x=y"])


def encodable(text: str) -> bool:
    """Whether the text can come out of a decoder: no lone surrogate, which is only ever written as an escape."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


IDS = st.one_of(st.sampled_from(["1", "2", "", "a b", "#", "$(i)", "-"]), TEXT.filter(lambda text: len(text) <= 36))
ACTIONS = st.sampled_from(["Heartbeat", "BootNotification", "Vendor.Own_1", "1st", "two words", "raw", "ping"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, width=32), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
PAYLOADS = st.dictionaries(TEXT, VALUES, max_size=3)
ATTRIBUTES = st.fixed_dictionaries(
    {
        "offered": st.sampled_from(["", "ocpp1.6", "ocpp2.0.1,ocpp1.6"]),
        "subprotocol": st.sampled_from([None, "ocpp1.6"]),
    },
    optional={
        "path": st.sampled_from(["/ocpp/CP1", "/a b?c=d&e=%20"]),
        "client": st.just("10.0.0.7"),
        "client_port": st.integers(1, 65_535),
        "agent": st.sampled_from(["Example/1.0 (x; y)", 'a="b"']),
        "scheme": st.sampled_from(["ws", "wss"]),
    },
)
ENDS = st.one_of(
    st.tuples(st.just("close"), st.sampled_from([1000, 1001, 1005, 3000, 4999])),
    st.tuples(st.sampled_from(["fin", "rst", "timeout", "lost"]), st.none()),
    st.tuples(st.just("lost"), st.just(1006)),
)
REASONS = st.one_of(st.none(), st.sampled_from(["server error", "a b's", "$(now)", "grüße"]))


ERRORS = st.tuples(st.sampled_from([4, 5]), IDS, ACTIONS, TEXT, PAYLOADS)
PARTS = st.one_of(
    st.tuples(st.sampled_from([2, 6]), IDS, ACTIONS, PAYLOADS), st.tuples(st.just(3), IDS, PAYLOADS), ERRORS
)
TEXTS = st.builds(lambda parts, plain: json.dumps(parts, ensure_ascii=plain), PARTS, st.booleans()).filter(encodable)
SIDES = st.sampled_from(["up", "down"])
THINGS: st.SearchStrategy[Thing] = st.one_of(
    st.builds(lambda side, text: Message(0, "", side, text, 0), SIDES, TEXTS),
    st.builds(lambda side, kind: Control(0, "", side, kind, 0), SIDES, st.sampled_from(["ping", "pong"])),
    st.builds(lambda attributes: Connected(0, "", 0, attributes), ATTRIBUTES),
    st.builds(
        lambda how, attributes: Failed(0, "", 0, how, attributes),
        st.sampled_from(["unreachable", "port_closed", "tls"]),
        st.fixed_dictionaries({"client": st.just("10.0.0.7")}),
    ),
    st.builds(lambda status: Refused(0, "", 0, status), st.sampled_from([401, 404, 503])),
    st.builds(
        lambda end, by, why: Disconnected(0, "", 0, end[0], by, end[1], why),
        ENDS,
        st.sampled_from([None, "station", "csms", "middle"]),
        REASONS,
    ),
)
PAUSES = st.sampled_from([1, 1000, 1_000_000, 59_999_999, 3_600_000_000, 40 * 86_400_000_000])


def life(steps: list[tuple[int, str, str, Thing]]) -> list[Event]:
    """Things one after another, each at a time of its own; an end is told once."""
    times = itertools.accumulate((pause for pause, *_ in steps), initial=EIGHT)
    ended: set[tuple[str, str]] = set()
    made: list[Event] = []
    for ts, (_, station, beside, thing) in zip(times, steps, strict=False):
        if isinstance(thing, Disconnected) and (station, beside) in ended:
            continue
        placed = thing._replace(ts=ts, station=station, origin=len(made) + 1)
        if isinstance(placed, Failed):
            ended.add((station, ""))
        elif not isinstance(placed, Refused):
            (ended.add if isinstance(placed, Disconnected) else ended.discard)((station, beside))
            placed = placed._replace(beside=beside)
        made.append(placed)
    return made


LIVES = st.lists(st.tuples(PAUSES, STATIONS, st.sampled_from(["", "", "2", "x"]), THINGS), min_size=1, max_size=12).map(
    life
)


def taken(events: list[Event]) -> Tables:
    conversation = Conversation("made", "1")
    conversation.take(iter(events))
    return conversation.tables("trace", "UTC", size=0)


def shown(base: Tables) -> list[str]:
    return list(render(base["messages"], base["controls"], base["connections"]))


def read_back(lines: list[str]) -> Tables:
    return taken(list(trace.read((Line(number, line) for number, line in enumerate(lines, 1)), UTC)))


def told(base: Tables, name: str) -> list[dict[str, Any]]:
    """The rows of a table with the meaning of their JSON, without where they were read."""
    table = base[name].select([column for column in base[name].column_names if column not in OF_THE_INPUT])
    rows = table.to_pylist()
    for row in rows:
        if row.get("payload"):
            row["payload"] = json.loads(row["payload"])
    return sorted(rows, key=lambda row: (row["station"], row["ts"], str(row)))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(LIVES)
def test_what_is_shown_reads_back_as_the_same_messages_controls_and_connections(events: list[Event]) -> None:
    base = taken(events)
    lines = shown(base)
    again = read_back(lines)
    for name in COMPARED:
        assert told(again, name) == told(base, name), lines


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(LIVES)
def test_what_is_shown_is_one_line_each_of_characters_that_can_be_seen(events: list[Event]) -> None:
    for line in shown(taken(events)):
        assert not harmful(line)
        assert "\n" not in line


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(LIVES)
def test_showing_what_was_shown_changes_nothing(events: list[Event]) -> None:
    lines = shown(taken(events))
    assert shown(read_back(lines)) == lines


@pytest.mark.parametrize("text", STRINGS)
def test_a_string_of_a_stranger_stays_in_its_line(text: str) -> None:
    payload = json.dumps([2, text, text, {text: text}], ensure_ascii=False)
    base = taken(
        [Message(EIGHT, text, "up", payload, 1), Disconnected(EIGHT + 1, text, 2, "close", "csms", 1000, text)]
    )
    for line in shown(base):
        assert not harmful(line)
        assert len(line.splitlines()) == 1
    assert told(read_back(shown(base)), "messages") == told(base, "messages")


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-01 08:00:00 CP1 + ocpp1.6 client=10.0.0.7",
        '2026-01-01 08:00:00 CP1 > Heartbeat#7 {"a":[1,2.50,"x"]}',
        '2026-01-01 08:00:00.250 CP1 < =#7 {"interval": 60}',
        '2026-01-01 08:00:00.000001 CP1 > !#7 NotSupported "no" {}'.replace("!#7 NotSupported", "! NotSupported#7"),
        "2026-01-01 08:00:00 CP1 > ~NotifyPeriodicEventStream#7 {}",
        '2026-01-01 08:00:00 CP1 > raw [2,"a b","Heartbeat",{}]',
        "2026-01-01 08:00:00 CP1 < ping",
        '2026-01-01 08:00:00 CP1 - 1011 by csms "server error"',
        "2026-01-01 08:00:00 CP1 - rst",
        "2026-01-01 08:00:00 CP1 x 401",
        "2026-01-01 08:00:00 CP1 x unreachable client=10.0.0.7",
        "2026-01-01 08:00:00 Hof%201%2FSäule > ping",
    ],
)
def test_a_line_is_shown_as_it_was_written(line: str) -> None:
    assert shown(tables(line)) == [line]


def test_a_date_is_written_where_the_day_changes() -> None:
    lines = ["2026-01-01 23:59:59 CP1 > ping", "23:59:59.500 CP1 < pong", "2026-01-02 00:00:00 CP1 > ping"]
    assert shown(tables("\n".join(lines))) == lines


def test_what_has_no_time_follows_as_a_comment() -> None:
    base = taken([Control(None, "CP1", "up", "ping", 1), Control(EIGHT, "CP1", "down", "pong", 2)])
    assert shown(base) == ["2026-01-01 08:00:00 CP1 < pong", "# no time: CP1 > ping"]


def test_nothing_is_shown_of_nothing() -> None:
    assert shown({name: schema.empty(name) for name in COMPARED}) == []


def test_a_real_night_that_is_shown_gives_the_same_outages(corpus: Path, tmp_path: Path) -> None:
    capture = oa.read(corpus / "captures" / "growatt_1218.pcap")
    path = tmp_path / "night.trace"
    path.write_text("\n".join(shown({name: capture.tables[name] for name in COMPARED})) + "\n")
    again = oa.read(path)
    columns = ["station", "start", "end", "end_kind", "idle_up", "idle_down", "boot"]
    assert again.tables["outages"].select(columns).to_pylist() == capture.tables["outages"].select(columns).to_pylist()
    assert again.stations == capture.stations
    assert again.tables["messages"].num_rows == 2628


def test_a_capture_that_is_shown_reads_back(samples: Path, tmp_path: Path) -> None:
    base = reading.read(str(samples / "healthy.pcap"))
    written = tmp_path / "healthy.trace"
    written.write_text("\n".join(shown(base)) + "\n", encoding="utf-8")
    again = reading.read(str(written))
    columns = {
        "messages": ("station", "ts", "direction", "type", "id", "action", "payload"),
        "controls": ("station", "ts", "direction", "kind"),
        "connections": ("station", "upgraded", "subprotocol", "path", "client", "end_kind", "end_side", "close_code"),
    }
    for name, chosen in columns.items():
        # Close frames are told by the line of the connection's end, where their code and side stand.
        before, after = ([row for row in told(of, name) if row.get("kind") != "close"] for of in (base, again))
        assert [[row[column] for column in chosen] for row in after] == [
            [row[column] for column in chosen] for row in before
        ]


def test_an_attempt_that_was_answered_by_tcp_alone_is_not_said_to_be_unanswered(tmp_path: Path) -> None:
    attempt = Talk(client=("10.0.0.7", 41_000), ts=START + 60_000_000)
    attempt.handshake()
    (tmp_path / "a.pcap").write_bytes(capture([*conversation(4).packets, *attempt.packets]))
    lines = shown(reading.read(str(tmp_path / "a.pcap")))
    assert [line.split("CP1 ")[1].split(" client=")[0] for line in lines if line.startswith("#")] == [
        "an attempt to connect that came to nothing"
    ]


@pytest.mark.parametrize(("line", "offered"), [("+ ?", None), ("+", ""), ("+ ocpp1.6", "ocpp1.6")])
def test_a_subprotocol_that_is_not_known_is_another_thing_than_none(line: str, offered: str | None) -> None:
    base = tables(f"08:00:00 CP1 {line}\n08:00:01 CP1 > Heartbeat")
    for made in (base, read_back(shown(base))):
        assert made["connections"]["offered"].to_pylist() == [offered]


def test_connections_beside_each_other_are_told_apart() -> None:
    lines = [
        "2026-01-01 08:00:00 CP1 + ocpp1.6",
        "08:00:01 CP1/2 + ocpp1.6",
        "08:00:02 CP1 > ping",
        "08:00:03 CP1/2 > ping",
        "08:00:04 CP1 - rst by station",
        "08:00:05 CP1 + ocpp1.6",
        "08:00:06 CP1/2 - fin by csms",
    ]
    assert shown(tables("\n".join(lines))) == lines


def test_the_time_of_the_first_sight_is_told_where_the_upgrade_came_later() -> None:
    line = "2026-01-01 08:00:09 CP1 + ocpp1.6 ts=2026-01-01T08:00:00.000250"
    base = tables(line)
    assert shown(base) == [line]
    assert base["connections"]["ts"].cast("int64").to_pylist() == [EIGHT + 250]
    assert base["connections"]["upgraded"].cast("int64").to_pylist() == [EIGHT + 9_000_000]

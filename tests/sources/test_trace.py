from __future__ import annotations

from collections import Counter
from datetime import UTC

import pytest

from analyzer.sources import trace, trace_repeats
from analyzer.sources.events import Connected, Control, Disconnected, Event, Ignored, Line, Message, Refused, Trouble
from analyzer.sources.trace_repeats import compute
from tests.sources.texts import tables

EIGHT = 1_767_254_400_000_000


def events(text: str) -> list[Event]:
    return list(trace.read((Line(number, line) for number, line in enumerate(text.splitlines(), 1)), UTC))


def test_a_call_becomes_its_message() -> None:
    assert events('08:00:00 CP1 > Heartbeat {"a": 1}') == [
        Message(EIGHT, "CP1", "up", '[2,"1_","Heartbeat",{"a": 1}]', 1)
    ]


def test_an_answer_belongs_to_the_oldest_open_call_of_the_other_side() -> None:
    found = events("08:00:00 CP1 > Heartbeat#a\n08:00:01 CP1 < Reset#b\n08:00:02 CP1 < = {}\n08:00:03 CP1 > = {}")
    assert [event.text for event in found if isinstance(event, Message)][2:] == ['[3,"a",{}]', '[3,"b",{}]']


def test_an_answer_may_name_its_call() -> None:
    found = events("08:00:00 CP1 > Heartbeat#a\n08:00:01 CP1 > Heartbeat#b\n08:00:02 CP1 < =#b {}\n08:00:03 CP1 < = {}")
    assert [event.text for event in found if isinstance(event, Message)][2:] == ['[3,"b",{}]', '[3,"a",{}]']


def test_an_error_may_name_its_call() -> None:
    found = events('08:00:00 CP1 < Reset#a\n08:00:01 CP1 < Reset#b\n08:00:02 CP1 > !#b NotSupported "no" {}')
    assert found[2] == Message(EIGHT + 2_000_000, "CP1", "up", '[4,"b","NotSupported","no",{}]', 3)


def test_an_error_has_a_code_a_text_and_details() -> None:
    found = events('08:00:00 CP1 < Reset#a\n08:00:01 CP1 > ! NotSupported "not \\"here\\"" {"x":1}')
    assert found[1] == Message(EIGHT + 1_000_000, "CP1", "up", '[4,"a","NotSupported","not \\"here\\"",{"x":1}]', 2)


@pytest.mark.parametrize(
    ("line", "kind", "side", "code"),
    [
        ("- 1001 by csms", "close", "csms", 1001),
        ("- 1006", "lost", None, 1006),
        ("- fin by station", "fin", "station", None),
        ("- rst by middle", "rst", "middle", None),
        ("- timeout", "timeout", None, None),
    ],
)
def test_an_end_tells_how_and_by_whom(line: str, kind: str, side: str | None, code: int | None) -> None:
    (event,) = events(f"08:00:00 CP1 {line}")
    assert event == Disconnected(EIGHT, "CP1", 1, kind, side, code, None)


def test_a_connection_has_attributes() -> None:
    (event,) = events("08:00:00 CP1 + ocpp1.6 client=10.0.0.7 client_port=4711")
    assert isinstance(event, Connected)
    assert event.attributes == {
        "offered": "ocpp1.6",
        "subprotocol": "ocpp1.6",
        "client": "10.0.0.7",
        "client_port": 4711,
    }


def test_a_refused_upgrade_has_its_status() -> None:
    assert events("08:00:00 CP1 x 401") == [Refused(EIGHT, "CP1", 1, 401, {})]


def test_ping_and_pong_are_lower_case_words() -> None:
    assert events("08:00:00 CP1 > ping") == [Control(EIGHT, "CP1", "up", "ping", 1)]


def test_a_station_may_hold_anything_when_it_is_percent_encoded() -> None:
    (event,) = events("08:00:00 a%20b%2Fc > ping")
    assert isinstance(event, Control)
    assert event.station == "a b/c"


def test_a_time_that_goes_back_by_half_a_day_is_the_next_day() -> None:
    found = events("2026-01-01 23:59:59 CP1 > ping\n00:00:01 CP1 > ping\n00:00:00 CP1 > ping")
    times = [event.ts for event in found if isinstance(event, Control)]
    assert [later - times[0] for later in times if later and times[0]] == [0, 2_000_000, 1_000_000]


def test_an_indented_line_continues_the_one_before() -> None:
    found = events('08:00:00 CP1 > Heartbeat {"a":\n    1}')
    assert next(event for event in found if isinstance(event, Message)).text == '[2,"1_","Heartbeat",{"a":1}]'
    assert len(found) == 2


def test_repeats_are_put_in_order_of_time_with_the_lines_around_them() -> None:
    found = events("08:00:00x3/60s CP1 > Heartbeat\n08:00:01x3/60s CP1 < = {}")
    assert [event.direction for event in found if isinstance(event, Message)] == ["up", "down"] * 3


def test_values_are_computed_from_the_repeat_and_the_time() -> None:
    assert compute('{"v":"$(1000+i*50)","t":"$(now+3600)"}', 0, 2) == '{"v":"1100","t":"1970-01-01T01:00:00.000Z"}'


@pytest.mark.parametrize(
    "text", ["$(__import__('os'))", "$(i**9)", "$(1/0)", "$(open)", "$(now+9e17)", "$(now+9e307*9)", "$(1if 1)"]
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_arithmetic_is_left_as_it_stands(text: str) -> None:
    assert compute(text, 0, 0) == text


@pytest.mark.parametrize(
    "line",
    [
        "08:00:00 CP1 + station=CP2",
        "08:00:00 CP1 + nonsense=1",
        "08:00:00 CP1 + ts=1",
        "08:00:00 CP1 + client_port=99999999999999999999",
        "08:00:00 CP1 + client_port=²",
        "08:00:00 CP1 x 401 origin=3",
        "08:00:00 CP1 x 401 http_status=403",
        "08:00:00 CP1 x ٤٠١",
        "2026-02-30 08:00:00 CP1 > Heartbeat",
        "0000-01-01 08:00:00 CP1 > Heartbeat",
        "hello",
        "25:00:00 CP1 > Heartbeat",
        "08:00:00 CP1 - never",
        "08:00:00 CP1 x no",
        "08:00:00 CP1 >",
    ],
)
def test_a_line_that_is_not_understood_is_told(line: str) -> None:
    (event,) = events(line)
    assert isinstance(event, Trouble)
    assert event.kind == "not_understood"


@pytest.mark.parametrize(
    "line",
    [
        "* issue",
        "* issue count=3",
        "* issue kind= count=3",
        "* issue by middle kind=hole",
        "* issue kind=hole damage=1",
    ],
)
def test_an_issue_without_a_kind_or_with_what_it_may_not_tell_is_not_understood(line: str) -> None:
    (event,) = events(f"08:00:00 CP1 {line}")
    assert isinstance(event, Trouble)


def test_an_issue_is_told_of_the_connection_that_is_open() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:00:01 CP1 * issue by station kind=unmasked_client count=3", "trace")
    (issue,) = made["issues"].to_pylist()
    assert issue["connection"] == made["connections"]["connection"][0].as_py()
    told = {name: issue[name] for name in ("station", "direction", "kind", "count", "damage", "origin")}
    assert told == {
        "station": "CP1", "direction": "up", "kind": "unmasked_client", "count": 3, "damage": False, "origin": 2,
    }  # fmt: skip


def test_what_is_told_after_an_attempt_that_failed_belongs_to_it() -> None:
    text = "08:00:00x2/60s CP1 x tls scheme=wss\n08:00:00.1x2/60s CP1 * certificate by csms subject=CN%3Da"
    made = tables(text, "trace")
    assert made["connections"].num_rows == 2
    assert made["certificates"]["connection"].to_pylist() == made["connections"]["connection"].to_pylist()


def test_comments_and_blank_lines_tell_nothing() -> None:
    assert events("# hello\n") == [Ignored(1)]


def test_its_sample_is_trace_notation() -> None:
    assert trace.sniff(trace.SAMPLE) == 1.0
    assert not [event for event in events(trace.SAMPLE) if isinstance(event, Trouble)]


def test_a_repeat_without_end_stays_within_a_year_and_what_is_left_out_is_told() -> None:
    *found, told = events("08:00:00x999999/999999999s CP1 > ping\n08:00:00x0/1s CP1 > ping")
    assert [event.origin for event in found] == [1, 2]
    assert isinstance(told, Trouble)
    assert (told.kind, told.origin, told.times) == ("repeats_left_out", 1, 999_998)
    assert "366 days after the first" in told.detail


def test_all_repeats_of_an_input_are_limited_and_what_is_left_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_repeats, "MAX_REPEATS", 10)
    *found, told = events(
        "08:00:00x8/1s CP1 > ping\n08:01:00x8/1s CP1 > ping\n08:02:00x8/1s CP2 > ping\n08:03:00 CP1 > ping"
    )
    assert [event.origin for event in found] == [1] * 8 + [2] * 2 + [4]
    assert isinstance(told, Trouble)
    assert (told.kind, told.origin, told.times) == ("repeats_left_out", 2, 14)
    assert told.detail.startswith(
        "14 repeats that lines ask for, from line 2 on, are left out: all repeats of an input"
    )


def test_a_long_line_may_be_repeated_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_repeats, "MAX_REPEATS", 10)
    *found, told = events(f'08:00:00x8/1s CP1 > Heartbeat {{"x": "{"y" * 1000}"}}')
    assert len(found) == 2
    assert isinstance(told, Trouble)
    assert told.times == 6


def test_repeats_within_the_limit_lose_nothing() -> None:
    found = events("08:00:00x3000/0.5s CP1 > ping\n08:00:00x3000/0s CP2 > ping\n08:00:01 CP1 > ping")
    assert Counter(event.origin for event in found) == {1: 3000, 2: 3000, 3: 1}
    times = [event.ts or 0 for event in found if isinstance(event, Control)]
    assert times == sorted(times)


def test_a_bomb_of_repeats_is_an_issue_of_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_repeats, "MAX_REPEATS", 5000)
    bomb = "\n".join(f"08:00:00x999999/1s CP{number} > ping" for number in range(1000))
    made = tables(bomb, "trace")
    (issue,) = [row for row in made["issues"].to_pylist() if row["kind"] == "repeats_left_out"]
    assert made["controls"].num_rows == 5000
    assert issue["damage"]
    assert made["sources"].select(["damaged", "records", "lifecycle"]).to_pylist() == [
        {"damaged": True, "records": 5000, "lifecycle": 5000}
    ]
    assert issue["count"] == 1000 * 999_999 - 5000


def test_a_connection_beside_the_first_is_named_behind_the_station() -> None:
    found = events("08:00:00 CP1/2 + ocpp1.6\n08:00:01 CP1/2 > ping\n08:00:02 Hof%2F1 > ping\n08:00:03 CP1/2 x 503")
    assert [(event.station, getattr(event, "beside", "")) for event in found if not isinstance(event, Ignored)] == [
        ("CP1", "2"),
        ("CP1", "2"),
        ("Hof/1", ""),
        ("CP1", ""),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "08:00:00 CP1 + ocpp1.6 ts=2026-01-01T08:00:01",
        "08:00:00 CP1 + ocpp1.6 ts=noon",
        "08:00:00 CP1 + ocpp1.6 ts=0001-01-01T00:00:00",
        "08:00:00 CP1 x 401 ts=2026-01-01T07:00:00",
        "08:00:00 CP1 x unreachable ts=2026-01-01T07:00:00",
    ],
)
def test_a_first_sight_that_cannot_be_one_is_not_understood(line: str) -> None:
    (event,) = events(line)
    assert isinstance(event, Trouble)

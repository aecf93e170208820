from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from analyzer.sources import reading, table_csv
from analyzer.sources.events import Event, Ignored, Line, Message, Trouble

if TYPE_CHECKING:
    from pathlib import Path

NINE = 1_770_109_200_000_000
AT = "2026-02-03T09:00:00Z"
HEARTBEAT = '[2, "19", "Heartbeat", {}]'
ANSWER = '[3, "19", {}]'
HEADER = "timestamp,id,action,msg"
EXPORT = (
    "timestamp",
    "charge_point_id",
    "direction",
    "message_type",
    "status",
    "correlation_id",
    "ocpp_message_type",
    "ocpp_message_id",
    "ocpp_action",
    "payload_json",
)


def events(text: str) -> list[Event]:
    return list(table_csv.read((Line(number, line) for number, line in enumerate(text.split("\n"), 1)), UTC))


def messages(text: str) -> list[Message]:
    return [event for event in events(text) if isinstance(event, Message)]


def table(*rows: tuple[str, ...], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().removesuffix("\n")


def test_a_row_is_a_message_and_the_header_is_none() -> None:
    assert events(f'{HEADER}\n{AT},CP-7,Heartbeat,"[2, ""19"", ""Heartbeat"", {{}}]"') == [
        Ignored(1),
        Message(NINE, "CP-7", None, HEARTBEAT, 2),
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_columns_are_found_by_their_names_in_any_order(delimiter: str) -> None:
    text = table(
        ("direction", "payload_json", "Charge Point ID", "ocpp_action", "Timestamp"),
        ("cp-to-csms", HEARTBEAT, "CP-7", "Heartbeat", AT),
        ("csms-to-cp", ANSWER, "CP-7", "", AT),
        delimiter=delimiter,
    )
    assert messages(text) == [
        Message(NINE, "CP-7", "up", HEARTBEAT, 2),
        Message(NINE, "CP-7", "down", ANSWER, 3),
    ]


def test_a_message_is_made_of_its_columns_where_only_the_payload_stands_there() -> None:
    text = table(
        EXPORT,
        (AT, "CP-7", "inbound", "ocpp", "ok", "c1", "CALL", "19", "Heartbeat", "{}"),
        (AT, "CP-7", "outbound", "ocpp", "ok", "c1", "CALLRESULT", "19", "Heartbeat", '{"a":1}'),
        (AT, "CP-7", "outbound", "ocpp", "ok", "c2", "CALLERROR", "20", "Reset", "{}"),
    )
    assert [(message.direction, message.text) for message in messages(text)] == [
        ("up", '[2,"19","Heartbeat",{}]'),
        ("down", '[3,"19",{"a":1}]'),
        ("down", '[4,"20","","",{}]'),
    ]


def test_a_charger_s_own_table_is_known_by_its_actions() -> None:
    text = table(
        ("time", "station", "direction", "message"),
        (AT, "CP-7", "sent", HEARTBEAT),
        (AT, "CP-7", "received", ANSWER),
        (AT, "CP-7", "received", '[2,"9","Reset",{"type":"Soft"}]'),
    )
    assert [message.direction for message in messages(text)] == ["up", "down", "down"]


def test_a_column_id_is_the_message_s_where_it_says_what_the_message_says() -> None:
    text = table(("timestamp", "id", "msg"), (AT, "19", HEARTBEAT), (AT, "19", ANSWER))
    assert [message.station for message in messages(text)] == ["", ""]


def test_a_column_id_is_no_charger_s_where_another_column_is() -> None:
    text = table(("id", "timestamp", "station", "msg"), ("1", AT, "CP-7", HEARTBEAT))
    assert [message.station for message in messages(text)] == ["CP-7"]


def test_line_ends_within_quotes_belong_to_the_row() -> None:
    body = '[2, "19",\n "Heartbeat",\n\n {}]'
    text = table(("timestamp", "id", "msg"), (AT, "CP-7", body), (AT, "CP-7", ANSWER))
    assert messages(text) == [Message(NINE, "CP-7", None, body, 2, 4), Message(NINE, "CP-7", None, ANSWER, 6)]


def test_a_row_that_is_cut_takes_nothing_of_the_next() -> None:
    text = f'{HEADER}\n{AT},CP-7,Heartbeat,"[2, ""19"", ""Hea\n{table((AT, "CP-7", "", ANSWER))}'
    assert messages(text) == [
        Message(NINE, "CP-7", None, '[2, "19", "Hea', 2),
        Message(NINE, "CP-7", None, ANSWER, 3),
    ]


def test_json_without_quotes_around_it_is_taken_whole_from_the_last_column() -> None:
    assert messages(f"{HEADER}\n{AT},CP-7,Heartbeat,{HEARTBEAT}") == [Message(NINE, "CP-7", None, HEARTBEAT, 2)]


def test_a_table_with_the_newest_row_first_is_turned_round() -> None:
    rows = [(f"2026-02-03T09:00:{9 - second:02d}Z", "CP-7", "", HEARTBEAT) for second in range(10)]
    found = messages(table(tuple(HEADER.split(",")), *rows))
    assert [message.ts for message in found] == [NINE + second * 1_000_000 for second in range(10)]
    assert found[0].origin == 11


def test_rows_out_of_order_keep_their_times() -> None:
    text = table(
        ("timestamp", "id", "msg"),
        *((f"2026-02-03T09:00:{second:02d}Z", "CP-7", HEARTBEAT) for second in (1, 2, 5, 4, 6)),
    )
    assert [(message.ts or 0) - NINE for message in messages(text)] == [
        1_000_000,
        2_000_000,
        5_000_000,
        4_000_000,
        6_000_000,
    ]


@pytest.mark.parametrize(
    ("time", "found"),
    [
        ("1770109200", NINE),
        ("1770109200.5", NINE + 500_000),
        ("1770109200000", NINE),
        ("1770109200000000", NINE),
        ("2026-02-03 09:00:00 UTC", NINE),
        ("2026/02/03 09:00:00,250", NINE + 250_000),
        ("2026-02-03T10:00:00+01:00", NINE),
        ("17701092001", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times_are_read_as_they_are_written(time: str, found: int | None) -> None:
    assert [message.ts for message in messages(table(tuple(HEADER.split(",")), (time, "CP-7", "", ANSWER)))] == [found]


@pytest.mark.parametrize("station", ["", "a b", 'say "hi"', "a,b;c\td", "two\nlines", "é/../[x]", "=cmd()"])
def test_a_charger_may_be_called_anything(station: str) -> None:
    found = messages(table(tuple(HEADER.split(",")), (AT, station, "Heartbeat", HEARTBEAT)))
    assert [message.station for message in found] == [station]


def test_a_row_without_a_message_is_told_and_a_blank_line_is_ignored() -> None:
    found = events(f"\n{HEADER}\n{AT},CP-7,,\nlorem\n")
    assert found == [
        Ignored(1),
        Ignored(2),
        Trouble(3, "not_understood", f"{AT},CP-7,,", NINE),
        Trouble(4, "not_understood", "lorem"),
        Ignored(5),
    ]


def test_without_a_header_nothing_is_understood() -> None:
    found = events(f"{AT},CP-7,x\n{AT},CP-7,y")
    assert [event.kind for event in found if isinstance(event, Trouble)] == ["not_understood"] * 2


def test_a_bad_payload_is_passed_on_to_be_complained_of() -> None:
    assert [message.text for message in messages(table(tuple(HEADER.split(",")), (AT, "CP-7", "", "hello")))] == [
        "hello"
    ]


def test_a_carriage_return_within_a_row_is_no_error() -> None:
    (_, found) = events(f"{HEADER}\n{AT},CP-7,x\ry,z")
    assert isinstance(found, Trouble)


def test_a_table_of_something_else_is_not_claimed() -> None:
    assert table_csv.sniff("timestamp,id,message\n2026-02-03T09:00:00Z,1,hello") < 0.3
    assert table_csv.sniff("a,b,c\n1,2,3") == 0
    assert table_csv.sniff("") == 0


@given(st.text(max_size=300))
def test_each_line_of_any_text_is_accounted_for_once(text: str) -> None:
    lines = f"{HEADER}\n{text}".split("\n")
    assert sum(event.lines if isinstance(event, Message) else 1 for event in events("\n".join(lines))) == len(lines)


def test_times_that_name_their_zone_are_not_corrected(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    wrong = '[3, "19", {"currentTime": "2026-02-03T10:00:00Z"}]'
    path.write_text(table(("timestamp", "id", "msg"), (AT, "CP-7", HEARTBEAT), (AT, "CP-7", wrong)) + "\n", "utf-8")
    tables = reading.read(str(path))
    assert tables["sources"]["zone"].to_pylist() == ["UTC, as the times say"]
    assert str(tables["messages"]["ts"][0].as_py()) == "2026-02-03 09:00:00+00:00"


def test_times_without_a_zone_are_corrected_by_what_the_csms_says(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    local, told = "2026-02-03 09:00:00", '[3, "19", {"currentTime": "2026-02-03T08:00:00Z"}]'
    path.write_text(
        table(("timestamp", "id", "msg"), (local, "CP-7", HEARTBEAT), (local, "CP-7", told)) + "\n", "utf-8"
    )
    assert str(reading.read(str(path))["messages"]["ts"][0].as_py()) == "2026-02-03 08:00:00+00:00"


def test_fourteen_days_of_a_warehouse_are_read_whole(corpus: Path) -> None:
    path = corpus / "logs" / "kwwhat_14d.csv"
    if not path.is_file():
        pytest.skip("no table of kwwhat in the corpus")
    tables = reading.read(str(path))
    (row,) = tables["sources"].to_pylist()
    assert (row["kind"], row["records"], row["messages"], row["ignored"], row["unknown"]) == (
        "table_csv",
        17_671,
        17_670,
        1,
        0,
    )
    assert tables["issues"].num_rows == 0
    rows = tables["messages"].select(["station", "type", "direction", "action"]).to_pylist()
    assert {row["station"] for row in rows} == {"CH-001", "CH-002"}
    counted = Counter((row["type"], row["direction"], row["action"]) for row in rows)
    assert counted["call", "up", "Heartbeat"] == counted["result", "down", "Heartbeat"] == 8_058
    assert counted["call", "down", "RemoteStartTransaction"] == counted["result", "up", "RemoteStartTransaction"] == 39
    assert not [key for key in counted if key[2] is None]

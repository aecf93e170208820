from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from analyzer.sources import log
from tests.sources.texts import account, tables

BEAT = '[2,"19","Heartbeat",{}]'


def lines(*times: str, station: str = "CP-7") -> str:
    return "".join(
        f'2026-02-03 {time} INFO:ocpp:{station}: receive message [2,"{number}","Heartbeat",{{}}]\n'
        for number, time in enumerate(times)
    )


def test_lines_end_as_on_unix_or_on_windows_or_not_at_all() -> None:
    text = lines("09:00:00", "09:00:01", "09:00:02")
    whole = tables(text, "mobilityhouse")["messages"]
    assert tables(text.replace("\n", "\r\n"), "mobilityhouse")["messages"] == whole
    assert tables(text.removesuffix("\n"), "mobilityhouse")["messages"] == whole


def test_a_mark_of_byte_order_is_no_part_of_the_text() -> None:
    text = lines("09:00:00", "09:00:01")
    whole = tables(text, "mobilityhouse")["messages"]
    for codec in ("utf-8-sig", "utf-16"):
        data = text.encode(codec)
        assert tables(data, "mobilityhouse")["messages"] == whole
        assert log.guess(data)[0].format.NAME == "mobilityhouse"


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    data = lines("09:00:00").encode().replace(b"CP-7", b"CP-\xff\xfe") + lines("09:00:01").encode()
    made = tables(data, "mobilityhouse")
    assert made["messages"]["station"].to_pylist() == ["CP-7", "CP-\ufffd\ufffd"]


def test_utf_16_that_is_cut_in_a_character_is_read() -> None:
    data = lines("09:00:00", "09:00:01").encode("utf-16")[:-1]
    assert tables(data, "mobilityhouse")["messages"].num_rows == 2


def test_a_line_that_is_longer_than_any_is_read_in_pieces() -> None:
    text = f"INFO:ocpp:CP-7: receive message {BEAT}" + " " * (log.MAX_LINE + 10) + "\n" + lines("09:00:01")
    made = tables(text, "mobilityhouse")
    assert made["messages"].num_rows == 2
    assert account(made) == (3, 3)


def test_lines_out_of_order_are_put_in_order_and_told() -> None:
    made = tables(lines("09:00:00", "09:00:02", "09:00:01", "09:00:03"), "mobilityhouse", UTC)
    assert made["messages"]["id"].to_pylist() == ["0", "2", "1", "3"]
    (issue,) = made["issues"].to_pylist()
    assert (issue["kind"], issue["count"], issue["origin"]) == ("out_of_order", 1, 3)


def test_an_answer_that_was_written_before_its_call_is_answered_all_the_same() -> None:
    text = (
        '2026-02-03 09:00:00,200 INFO:ocpp:CP-7: send [3,"19",{}]\n'
        f"2026-02-03 09:00:00,100 INFO:ocpp:CP-7: receive message {BEAT}\n"
    )
    assert tables(text, "mobilityhouse")["messages"]["action"].to_pylist() == ["Heartbeat", "Heartbeat"]


def test_a_clock_that_is_set_back_is_told() -> None:
    made = tables(lines("09:00:00", "08:00:00", "08:00:01"), "mobilityhouse", UTC)
    (issue,) = made["issues"].to_pylist()
    assert (issue["kind"], issue["count"], issue["origin"]) == ("time_goes_back", 1, 2)


def test_the_hour_that_autumn_repeats_is_no_clock_that_was_set_back() -> None:
    text = lines("02:30:00", "02:59:00", "02:01:00", "02:59:00", "03:00:00").replace("2026-02-03", "2026-10-25")
    made = tables(text, "mobilityhouse", ZoneInfo("Europe/Berlin"))
    assert made["issues"].num_rows == 0
    assert [f"{ts:%H:%M}" for ts in made["messages"]["ts"].to_pylist()] == ["00:30", "00:59", "01:01", "01:59", "02:00"]


def test_a_log_tells_from_when_to_when_it_goes() -> None:
    (source,) = tables(lines("09:00:00", "09:30:00"), "mobilityhouse", UTC)["sources"].to_pylist()
    assert source["start"] == datetime(2026, 2, 3, 9, tzinfo=UTC)
    assert source["end"] == datetime(2026, 2, 3, 9, 30, tzinfo=UTC)


def test_text_that_is_no_log_is_of_no_format() -> None:
    for data in (b"", b"\n\n\n", b"hello", b"\xff\xfe", b"\0" * 99, b"{}\n[]\n", b"a,b,c\n1,2,3\n", b"[2] [3]"):
        assert [guess for guess in log.guess(data) if guess.sure >= log.SURE_ENOUGH] == []

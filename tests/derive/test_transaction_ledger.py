from __future__ import annotations

from time import process_time

import pyarrow as pa
import pytest

from analyzer.derive import DERIVATIONS
from analyzer.derive.transaction_ledger import Ledger, Start
from tests.derive.sessions import GIVEN, SAMPLED, START, event, rows, start, stop
from tests.manuals import workspace


def test_a_start_that_is_sent_again_until_it_is_answered_is_one_transaction() -> None:
    connected = "08:00:00 CP1 + ocpp1.6\n{}08:05:00 CP1 - 1006\n08:06:00 CP1 + ocpp1.6\n{}"
    first, last = start("08:00:10", "", given=GIVEN), start("08:07:00", '{"transactionId": 7}', name="t", given=GIVEN)
    (row,) = rows(connected.format(first + start("08:01:10", "", name="u", given=GIVEN), last))
    assert (row["transaction"], row["stopped"], row["meter_start"]) == ("7", None, 100.0)
    assert [str(row[name])[11:19] for name in ("ts", "started")] == ["08:00:10", "08:07:00"]


def test_a_start_that_is_sent_again_with_its_message_id_is_one_transaction_though_its_time_is_another() -> None:
    text = start("08:00:10", "") + start("08:01:10", '{"transactionId": 7}')
    assert [row["transaction"] for row in rows(text)] == ["7"]
    assert len(rows(text.replace('"meterStart": 100', '"meterStart": 200', 1))) == 2
    assert len(rows(text.replace('"connectorId": 2', '"connectorId": 1', 1))) == 2
    assert len(rows(start("08:00:10", "") + start("08:01:10", '{"transactionId": 7}', name="t"))) == 2


def test_a_start_that_is_sent_again_after_its_answer_keeps_what_the_answer_told() -> None:
    text = start("08:00:10", '{"transactionId": 7}', given=GIVEN) + start("08:01:10", "", name="t", given=GIVEN)
    (row,) = rows(text)
    assert (row["transaction"], str(row["started"])[11:19]) == ("7", "08:00:10")


def test_a_start_that_is_answered_twice_with_two_ids_is_two_transactions_of_the_csms() -> None:
    again = start("08:01:10", '{"transactionId": 8}', name="t", given=GIVEN)
    assert [row["transaction"] for row in rows(start("08:00:10", '{"transactionId": 7}', given=GIVEN) + again)] == [
        "7",
        "8",
    ]


def test_two_starts_that_are_never_answered_are_two_transactions() -> None:
    assert len(rows(start("08:00:10", "") + start("09:00:10", "", name="t", meter=300))) == 2


@pytest.mark.parametrize("name", [-1, 0, 7])
def test_an_identity_that_is_given_again_is_another_transaction(name: int) -> None:
    answer = f'{{"transactionId": {name}}}'
    text = start("08:00:10", answer) + stop("08:30:00", name, 5000)
    text += start("09:00:10", answer, meter=5000) + stop("09:30:00", name, 5500)
    found = rows(text)
    assert [row["transaction"] for row in found] == [str(name)] * 2
    assert [row["energy"] for row in found] == [4900.0, 500.0]
    assert [str(row["stopped"])[11:16] for row in found] == ["08:30", "09:30"]


@pytest.mark.parametrize("name", [-1, 0, 7])
@pytest.mark.parametrize(
    ("stops", "ends"),
    [
        ([1_003_100, 8_100], [1_003_100.0, 8_100.0]),
        ([8_100, 1_003_100], [1_003_100.0, 8_100.0]),
        ([4_900], [None, None]),
        ([5_000], [None, 5_000.0]),
        (["null"], [None, None]),
    ],
)
def test_of_transactions_with_one_identity_that_is_stopped_which_began_highest_below_the_end(
    name: int, stops: list[object], ends: list[object]
) -> None:
    answer = f'{{"transactionId": {name}}}'
    text = start("08:00:10", answer, connector=1, meter=1_000_000) + start("08:10:10", answer, name="t", meter=5_000)
    found = rows(text + "".join(stop(f"08:3{i}:00", name, meter) for i, meter in enumerate(stops)))
    assert [row["meter_stop"] for row in found if row["connector"]] == ends


def test_an_end_that_none_of_several_transactions_can_have_is_kept_by_itself() -> None:
    answer = '{"transactionId": 7}'
    text = start("08:00:10", answer, connector=1) + start("08:10:10", answer, name="t") + stop("08:30:00", 7, 90)
    assert [(row["connector"], row["meter_stop"]) for row in rows(text)] == [(1, None), (2, None), (None, 90.0)]


def test_the_only_transaction_that_goes_on_is_stopped_though_its_register_fell() -> None:
    (row,) = rows(start("08:00:10", '{"transactionId": 0}') + stop("08:30:00", 0, 90))
    assert (row["meter_stop"], row["energy"]) == (90.0, -10.0)


def test_an_end_without_a_register_stops_what_began_highest() -> None:
    answer = '{"transactionId": 7}'
    text = start("08:00:10", answer, connector=1, meter=1_000_000) + start("08:10:10", answer, name="t", meter=5_000)
    found = rows(text + '08:30:00 CP1 > StopTransaction {"transactionId": 7}')
    assert [row["stopped"] is None for row in found] == [False, True]


@pytest.mark.parametrize("name", [-1, 0, "null"])
def test_an_end_without_an_identity_is_that_of_a_start_that_was_never_answered(name: object) -> None:
    (row,) = rows(start("08:00:10", "") + stop("08:30:00", name, 700))
    assert (row["energy"], str(row["stopped"])[11:16]) == (600.0, "08:30")
    assert len(rows(start("08:00:10", "") + stop("08:30:00", name, 90))) == 2
    assert len(rows(start("08:00:10", "") + stop("08:30:00", 7, 700))) == 2


def test_a_transaction_without_an_identity_ends_by_its_register_though_another_start_was_not_answered() -> None:
    text = start("08:00:10", '{"transactionId": -1}', connector=1, meter=1_000_000) + start("08:10:10", "", name="t")
    found = rows(text + stop("08:30:00", -1, 700) + stop("08:31:00", -1, 1_000_300))
    assert [row["energy"] for row in found] == [300.0, 600.0]


REFUSED = '{"transactionId": 0, "idTagInfo": {"status": "Invalid"}}'


def test_a_refused_start_is_marked_and_another_is_stopped_before_it() -> None:
    accepted = '{"transactionId": 0, "idTagInfo": {"status": "Accepted"}}'
    text = start("08:00:10", REFUSED, connector=1, meter=600) + start("08:10:10", accepted, name="t")
    found = rows(text + stop("08:30:00", 0, 700))
    assert [(row["refused"], row["meter_stop"]) for row in found] == [(True, None), (False, 700.0)]
    found = rows(text + stop("08:30:00", 0, 700) + stop("08:31:00", 0, 601))
    assert [row["energy"] for row in found] == [1.0, 600.0]


def test_a_refused_start_that_is_accepted_when_it_is_sent_again_is_one() -> None:
    again = start("08:01:10", REFUSED.replace("Invalid", "Accepted"), name="t", given=GIVEN)
    (row,) = rows(start("08:00:10", REFUSED, given=GIVEN) + again + stop("08:30:00", 0, 700))
    assert (row["refused"], row["energy"]) == (False, 600.0)


def test_a_session_that_is_sent_twice_with_one_identity_ends_twice() -> None:
    answer, ended = '{"transactionId": 1}', stop("08:30:00", 1).replace("$(now)", "2026-01-01T08:29:00Z")
    text = start("08:10:10", answer, given=GIVEN) + ended
    again = start("08:40:10", answer, given=GIVEN, name="t") + ended.replace("08:30:00 ", "08:41:00 ")
    found = rows(text + again)
    assert [str(row["stopped"])[11:16] for row in found] == ["08:30", "08:41"]


def test_an_end_that_is_sent_again_does_not_stop_a_later_transaction_with_its_identity() -> None:
    answer, ended = '{"transactionId": 1}', stop("08:30:00", 1).replace("$(now)", "2026-01-01T08:29:00Z")
    text = start("08:10:10", answer) + ended + start("08:40:10", answer, name="t", meter=5100)
    found = rows(text + ended.replace("08:30:00 ", "08:41:00 "))
    assert [row["stopped"] is None for row in found] == [False, True]


def test_starts_and_ends_that_cannot_be_read_are_each_their_own() -> None:
    made = workspace(start("08:00:10", "") + start("08:10:10", "") + stop("08:30:00", 7) + stop("08:31:00", 7))
    calls = made.table("calls")
    unread = pa.nulls(calls.num_rows, calls["payload"].type)
    found = DERIVATIONS["transactions"](
        calls.set_column(calls.column_names.index("payload"), "payload", unread), made.table("readings")
    )
    assert found.num_rows == 4 - 2  # each end without an identity is that of a start that was not answered
    assert found["stopped"].null_count == 0


def test_an_end_that_is_sent_again_does_not_end_the_next_transaction_of_2x_with_its_identity() -> None:
    ended = event("09:00:10", "Ended", 5100).replace("$(now-5)", "2026-01-01T09:00:00Z")
    text = "08:00:00 CP1 + ocpp2.0.1\n" + event("08:00:10", "Started", 100) + ended
    text += event("10:00:10", "Started", 5100) + event("11:00:10", "Ended", 6100)
    found = rows(text + ended.replace("09:00:10 CP1", "11:30:00 CP1"))
    assert [row["energy"] for row in found] == [5000.0, 1000.0]
    assert [str(row["end"])[11:19] for row in found] == ["09:00:00", "11:00:05"]


def test_a_transaction_of_2x_ends_though_the_clock_was_set_back_in_it() -> None:
    text = "08:00:00 CP1 + ocpp2.0.1\n" + event("08:00:10", "Started", 100)
    (row,) = rows(text + event("09:00:10", "Ended", 5100).replace("$(now-5)", "2026-01-01T07:00:00Z"))
    assert (row["stopped"] is None, row["energy"]) == (False, 5000.0)


def test_many_unanswered_starts_with_one_message_id_take_no_longer_than_others() -> None:
    ledger, count = Ledger(), 30_000
    call = {"station": "CP1", "ts": None, "connection": "c", "id": "1", "source": "s", "origin": 1}
    begun = process_time()
    for named in (False, True):
        for number in range(count):
            start = Start(str(number) if named else None, 0.0, refused=False, signs=((number,),))
            ledger.started({**call, "payload": str(number)}, start)
    assert len(ledger.rows()) == count
    assert not ledger.unanswered
    assert process_time() - begun < 3


def test_a_stop_that_is_sent_again_stops_nothing_else_and_no_later() -> None:
    sent = '{{}} CP1 > StopTransaction {{{{"transactionId": {}, "meterStop": 5, "timestamp": "{}"}}}}\n'
    once = sent.format(-1, GIVEN)
    text = start("08:00:10", '{"transactionId": -1}') + once.format("08:30:00")
    text += start("08:40:10", '{"transactionId": -1}', name="t", meter=5) + once.format("08:50:00")
    first, second = rows(text)
    assert (str(first["stopped"])[11:19], second["stopped"]) == ("08:30:00", None)


def test_two_ends_without_an_identity_are_two_transactions() -> None:
    assert len(rows(stop("08:30:00", "null", 1) + stop("09:30:00", "null", 2))) == 2
    assert len(rows(stop("08:30:00", -1, 1) + stop("09:30:00", -1, 2))) == 2


def test_two_ends_of_one_transaction_are_one_and_the_last_word_counts() -> None:
    (row,) = rows(START + stop("08:30:00", 7, 1000) + stop("08:31:00", 7, 2000))
    assert (row["meter_stop"], str(row["stopped"])[11:19]) == (2000.0, "08:30:00")


def test_a_start_answered_at_last_stands_where_it_began() -> None:
    unanswered, given = start("08:10:00", "", name="u", given=GIVEN), '{"transactionId": -1}'
    text = start("08:00:10", given) + unanswered + SAMPLED.format("08:15:00x2/60s")
    text += start("08:20:10", given, name="t", meter=3) + SAMPLED.format("08:25:00x3/60s")
    found = rows(text + start("08:30:10", given, name="v", given=GIVEN))
    assert [(row["transaction"], str(row["ts"])[11:16], row["samples"]) for row in found] == [
        ("-1", "08:00", 0),
        ("-1", "08:10", 2),
        ("-1", "08:20", 3),
    ]


def test_an_event_that_starts_a_transaction_after_its_end_starts_another() -> None:
    begin = "08:00:00 CP1 + ocpp2.0.1\n"
    first = event("08:00:10", "Started", 100) + event("09:00:10", "Ended", 5100)
    found = rows(begin + first + event("10:00:10", "Started", 5100) + event("11:00:10", "Ended", 6100))
    assert [row["energy"] for row in found] == [5000.0, 1000.0]


def test_events_of_a_transaction_that_are_sent_again_are_of_the_same() -> None:
    started = event("08:00:10", "Started", 100).replace("$(now-5)", GIVEN)
    ended = event("09:00:10", "Ended", 5100).replace("$(now-5)", "2026-01-01T09:00:00Z")
    again = (started + ended).replace("08:00:10", "10:00:10").replace("09:00:10", "10:00:20")
    (row,) = rows("08:00:00 CP1 + ocpp2.0.1\n" + started + ended + again)
    assert [str(row[name])[11:19] for name in ("started", "stopped")] == ["08:00:10", "09:00:10"]
    (row,) = rows("08:00:00 CP1 + ocpp2.0.1\n" + ended + again)
    assert [str(row[name])[11:19] for name in ("started", "stopped")] == ["10:00:10", "09:00:10"]


def test_the_same_start_answered_with_the_same_identity_is_one_transaction_until_it_is_stopped() -> None:
    again = [start(f"08:0{minute}:10", '{"transactionId": 7}', given=GIVEN, name=f"s{minute}") for minute in (0, 1)]
    assert len(rows("".join(again))) == 1
    # a clock that stands still: each start looks like the one before
    assert len(rows(again[0] + stop("08:00:30", 7) + again[1])) == 2


def test_a_transaction_that_ends_as_it_begins_and_is_sent_again_is_one() -> None:
    both = (event("08:00:10", "Started", 100) + event("08:00:20", "Ended", 100)).replace("$(now-5)", GIVEN)
    assert len(rows("08:00:00 CP1 + ocpp2.0.1\n" + both + both.replace("08:00:10 ", "08:10:10 "))) == 1


def test_transactions_without_times_are_told_apart_too() -> None:
    answer = '{"transactionId": -1}'
    text = start("08:00:10", answer) + start("08:10:00", "", name="u", given=GIVEN)
    made = workspace(text + start("08:30:10", answer, name="v", given=GIVEN))
    calls = made.table("calls")
    place = calls.column_names.index("ts")
    timeless = calls.set_column(place, "ts", pa.nulls(calls.num_rows, calls["ts"].type))
    found = DERIVATIONS["transactions"](timeless, made.table("readings"))
    assert found["transaction"].to_pylist() == ["-1", "-1"]

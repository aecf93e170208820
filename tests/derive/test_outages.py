from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analyzer import schema
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from tests.manuals import tables, workspace

if TYPE_CHECKING:
    import pyarrow as pa


def outages(text: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = workspace(text).table("outages").to_pylist()
    return rows


def test_an_outage_lasts_from_the_end_of_a_connection_to_the_next() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > Heartbeat
        08:00:11 CP1 < = {}
        08:01:11 CP1 - fin by csms
        08:01:41 CP1 + ocpp1.6
        """
    )
    assert (row["duration"], row["idle_up"], row["idle_down"], row["idle_any"], row["lifetime"]) == (
        30.0,
        61.0,
        60.0,
        60.0,
        71.0,
    )
    assert (row["end_kind"], row["end_side"]) == ("fin", "csms")


def test_an_end_that_nobody_saw_dates_from_the_last_sign_of_life() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > Heartbeat
        08:04:10 CP1 + ocpp1.6
        """
    )
    assert (row["duration"], row["end_kind"]) == (240.0, "replaced")


def test_what_the_csms_sends_to_a_charger_that_is_gone_does_not_put_off_the_outage() -> None:
    text = """
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > Heartbeat
        08:00:40 CP1 < Reset {"type": "Soft"}
        08:04:10 CP1 + ocpp1.6
        """
    assert outages(text)[0]["duration"] == 240.0


SILENT = """
07:55:00 CP1 + ocpp1.6
07:55:01 CP1 > BootNotification {"chargePointVendor": "V", "chargePointModel": "M"}
07:55:01.1 CP1 < = {"currentTime": "2026-01-01T07:55:01Z", "interval": 150, "status": "Accepted"}
07:55:10x3/150s CP1 > Heartbeat
"""


@pytest.mark.parametrize(
    ("end", "duration"),
    [
        ("08:07:39 CP1 - fin by csms", 31.0),  # three intervals: it may have lived until then
        ("08:07:41 CP1 - fin by csms", 480.0),
        ("08:07:41 CP1 - 1006", 480.0),
        ("08:07:41 CP1 - 1001 by csms", 29.0),
    ],
)
def test_a_silence_of_more_than_three_intervals_is_a_part_of_the_outage_unless_the_end_was_meant(
    end: str, duration: float
) -> None:
    (row,) = outages(f"{SILENT}{end}\n08:08:10 CP1 + ocpp1.6")
    assert row["duration"] == duration
    assert row["noticed"].strftime("%H:%M:%S") == end[:8]


@pytest.mark.parametrize(
    "life",
    [
        SILENT.replace("Heartbeat", "StatusNotification"),  # it beats never: pings may keep it alive
        SILENT.replace("07:55:10x3/150s", "07:55:40x2/270s"),  # too few beats to tell
        SILENT.replace("07:55:10x3/150s", "07:47:30x4/253.3s").replace("07:55:0", "07:40:0"),  # its own longer period
    ],
)
def test_a_charger_that_is_quiet_for_long_as_a_habit_was_not_offline_then(life: str) -> None:
    (row,) = outages(f"{life}08:07:41 CP1 - fin by csms\n08:08:10 CP1 + ocpp1.6")
    assert row["duration"] == 29.0


def test_what_is_sent_after_the_end_does_not_count_as_life_before_it() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > Heartbeat
        08:01:10 CP1 - fin by csms
        08:01:20 CP1 + ocpp1.6
        08:01:21 CP1 > Heartbeat
        """
    )
    assert row["idle_up"] == 60.0


def test_refused_attempts_belong_to_the_outage() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 - 1001 by csms
        08:01:10 CP1 x 503
        08:01:40 CP1 x 503
        08:02:40 CP1 + ocpp1.6
        """
    )
    assert (row["attempts"], row["duration"]) == (2, 100.0)


def test_connections_that_were_only_inferred_have_no_known_end() -> None:
    assert outages("08:00:00 CP1 > Heartbeat\n09:00:00 CP1 > Heartbeat") == []


def test_an_end_at_the_edge_of_the_input_is_no_outage() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - 1000 by station\n08:01:30 CP2 + ocpp1.6"
    assert [row for row in outages(text) if row["station"] == "CP1"] == []


def test_an_end_long_before_the_edge_is_an_outage_whose_end_was_not_seen() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - 1006\n08:30:00 CP2 + ocpp1.6"
    (row,) = [row for row in outages(text) if row["station"] == "CP1"]
    assert row["duration"] is None


def test_a_new_connection_before_the_old_one_ends_is_no_outage() -> None:
    rows = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:59 CP1 > Heartbeat
        08:01:00 CP1 + ocpp1.6
        """
    )
    assert [row["duration"] for row in rows] == [1.0]


def test_an_outage_inside_a_transaction_says_so() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > StartTransaction {"connectorId":1,"meterStart":0,"timestamp":"2026-01-01T08:00:01Z","idTag":"A"}
        08:00:02 CP1 < = {"transactionId":5,"idTagInfo":{"status":"Accepted"}}
        08:01:00 CP1 - 1006
        08:02:00 CP1 + ocpp1.6
        """
    )
    assert row["in_transaction"] is True


def test_a_dead_connection_that_is_only_noticed_after_the_charger_came_back_ended_at_its_last_sign_of_life() -> None:
    made = tables(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > Heartbeat
        08:04:10 CP1 + ocpp1.6
        """
    )
    rows = [dict(row) for row in made["connections"].to_pylist()]
    rows[0] |= {"end_kind": "rst", "end_side": "csms", "end": rows[1]["ts"] + timedelta(seconds=20)}
    (row,) = _outages_of(made, rows)
    assert (row["duration"], row["end_kind"], row["end_side"], row["idle_up"]) == (240.0, "replaced", None, 240.0)
    rows[0] |= {"end_kind": "close", "end_side": "station"}
    assert _outages_of(made, rows) == []
    rows[0] |= {"end_kind": "rst", "last_down": rows[1]["ts"] + timedelta(seconds=1)}
    assert _outages_of(made, rows) == []


def test_an_attempt_without_upgrade_is_no_connection() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin\n08:02:00 CP1 + ocpp1.6\n08:04:00 CP1 + ocpp1.6")
    rows = [dict(row) for row in made["connections"].to_pylist()]
    rows[1] |= {"upgraded": None}
    (row,) = _outages_of(made, rows)
    assert row["duration"] == 180.0
    rows[1] |= {"scheme": "wss"}
    assert [row["duration"] for row in _outages_of(made, rows)] == [60.0, 120.0]


def test_the_time_between_two_inputs_is_no_outage() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:00:10 CP1 > Heartbeat\n09:00:00 CP1 + ocpp1.6")
    rows = [dict(row) for row in made["connections"].to_pylist()]
    rows[0] |= {"end_kind": "open", "end": None}
    assert len(_outages_of(made, rows)) == 1
    rows[1] |= {"source": "another"}
    assert _outages_of(made, rows) == []


def test_a_refused_attempt_is_no_connection_though_it_was_encrypted() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin\n08:02:00 CP1 x 503\n08:04:00 CP1 + ocpp1.6")
    rows = [dict(row) | {"scheme": "wss"} for row in made["connections"].to_pylist()]
    assert [(row["duration"], row["attempts"]) for row in _outages_of(made, rows)] == [(180.0, 1)]


@pytest.mark.parametrize("how", ["unreachable", "port_closed", "tls"])
def test_an_attempt_that_failed_before_http_is_no_connection_and_counted(how: str) -> None:
    made = tables(f"08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin\n08:02:00 CP1 x {how}\n08:04:00 CP1 + ocpp1.6")
    rows = [dict(row) | {"scheme": "wss"} for row in made["connections"].to_pylist()]
    assert [(row["duration"], row["attempts"]) for row in _outages_of(made, rows)] == [(180.0, 1)]


def test_an_end_without_a_time_was_not_seen() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:00:10 CP1 > Heartbeat\n08:04:10 CP1 + ocpp1.6")
    rows = [dict(row) for row in made["connections"].to_pylist()]
    rows[0] |= {"end_kind": "rst", "end": None}
    assert [row["duration"] for row in _outages_of(made, rows)] == [240.0]


def test_a_connection_that_begins_as_the_last_one_ends_leaves_no_time_between() -> None:
    (row,) = outages("08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin by csms\n08:01:00 CP1 + ocpp1.6")
    assert (row["duration"], row["end_kind"], row["end_side"]) == (0.0, "fin", "csms")


def test_an_end_that_was_seen_and_a_beginning_in_another_input_are_an_outage() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin by csms\n08:05:00 CP1 + ocpp1.6")
    rows = [dict(row) for row in made["connections"].to_pylist()]
    rows[1] |= {"source": "another"}
    assert [row["duration"] for row in _outages_of(made, rows)] == [240.0]


def test_who_comes_back_while_the_old_connection_seems_alive_was_offline_unless_it_gave_that_up_itself() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:00:10 CP1 > Heartbeat\n08:04:10 CP1 + ocpp1.6")
    rows = [dict(row) for row in made["connections"].to_pylist()]
    rows[0]["end"] = rows[1]["ts"] + timedelta(seconds=20)
    for kind, side, count in (
        ("rst", "station", 1),
        ("close", "csms", 1),
        ("timeout", None, 1),
        ("fin", "station", 0),
        ("close", "station", 0),
    ):
        rows[0] |= {"end_kind": kind, "end_side": side}
        assert [row["end_kind"] for row in _outages_of(made, rows)] == ["replaced"] * count
    rows[0] |= {"end_kind": "rst", "end_side": "csms", "last_down": rows[1]["ts"]}
    assert _outages_of(made, rows) == []


def test_an_end_and_a_beginning_that_nobody_saw_are_no_outage_nor_are_connections_of_nobody() -> None:
    made = tables("08:00:00 CP1 + ocpp1.6\n08:00:10 CP1 > Heartbeat\n08:04:10 CP1 + ocpp1.6")
    rows = [dict(row) for row in made["connections"].to_pylist()]
    assert len(_outages_of(made, rows)) == 1
    told: list[dict[str, object]] = [{"start_observed": False}, {"inferred": True}, {"station": None}]
    for hidden in told:
        assert _outages_of(made, [rows[0], rows[1] | hidden]) == []
    assert _outages_of(made, [row | {"station": None} for row in rows]) == []


def _outages_of(made: dict[str, pa.Table], connections: list[dict[str, object]]) -> list[dict[str, object]]:
    changed = Workspace({**made, "connections": schema.from_rows("connections", connections)}, DERIVATIONS)
    rows: list[dict[str, object]] = changed.table("outages").to_pylist()
    return rows


def test_an_outage_is_proved_where_the_end_was_seen_or_the_charger_came_back() -> None:
    seen, unseen = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - fin\n08:02:00 CP1 + ocpp1.6", "08:03:00 CP1 + ocpp1.6"
    assert [row["origin"] for row in outages(f"{seen}\n{unseen}")] == [2, 4]


START = """
08:00:01 CP1 > StartTransaction#a {"connectorId": 1, "meterStart": 0, "timestamp": "2026-01-01T08:00:01Z", "idTag": "A"}
08:00:02 CP1 < =#a {"transactionId": 5, "idTagInfo": {"status": "Accepted"}}
"""
NEXT = """
08:10:01 CP1 > StartTransaction#b {"connectorId": 1, "meterStart": 9, "timestamp": "2026-01-01T08:10:01Z", "idTag": "A"}
08:10:02 CP1 < =#b {"transactionId": 6, "idTagInfo": {"status": "Accepted"}}
"""
STOP = '{} CP1 > StopTransaction {{"transactionId": {}, "meterStop": 9, "timestamp": "$(now)"}}\n'


def in_transaction(text: str, ends: str = "08:30:00") -> object:
    (row,) = outages(f"08:00:00 CP1 + ocpp1.6\n{text}\n{ends} CP1 - 1006\n08:40:00 CP1 + ocpp1.6")
    return row["in_transaction"]


def test_a_transaction_is_open_until_it_is_stopped() -> None:
    assert in_transaction(START + STOP.format("08:20:00", 5)) is False
    assert in_transaction(START + STOP.format("08:20:00", 5), ends="08:20:00") is True
    assert in_transaction(START, ends="08:00:01") is True


def test_a_transaction_is_over_when_the_next_begins_at_its_connector() -> None:
    assert in_transaction(START + NEXT + STOP.format("08:20:00", 6)) is False
    other = NEXT.replace('"connectorId": 1', '"connectorId": 2')
    assert in_transaction(START + other + STOP.format("08:20:00", 6)) is True
    nowhere = (START + NEXT).replace('"connectorId": 1, ', "")
    assert in_transaction(nowhere + STOP.format("08:20:00", 6)) is True


def test_a_start_that_is_sent_again_leaves_no_transaction_open() -> None:
    lost = START.splitlines()[1] + "\n"
    again = START.replace("08:00:0", "08:01:0")
    assert in_transaction(lost + again + STOP.format("08:20:00", 5)) is False


@pytest.mark.parametrize("status", ["Invalid", "Blocked", "Expired", "ConcurrentTx"])
def test_a_refused_transaction_is_not_open_unless_it_is_stopped(status: str) -> None:
    refused = START.replace("Accepted", status).replace('"transactionId": 5', '"transactionId": 0')
    assert in_transaction(refused) is False
    assert in_transaction(refused + STOP.format("08:35:00", 0)) is True


def test_a_transaction_that_is_stopped_without_an_identity_is_over() -> None:
    assert in_transaction(START.splitlines()[1] + "\n" + STOP.format("08:20:00", -1)) is False


def test_a_transaction_whose_start_is_still_sent_again_is_open() -> None:
    first, again = START.splitlines()[1], START.replace("08:00:01 ", "08:35:01 ").replace("08:00:02 ", "08:35:02 ")
    text = f"08:00:00 CP1 + ocpp1.6\n{first}\n08:20:00 CP1 - 1006\n08:30:00 CP1 + ocpp1.6\n{again}"
    (row,) = outages(text)
    assert row["in_transaction"] is True


def test_the_transactions_of_another_station_do_not_count() -> None:
    assert in_transaction(START.replace("CP1", "CP2")) is False
    assert in_transaction(START + NEXT.replace("CP1", "CP2") + STOP.format("08:20:00", 6).replace("CP1", "CP2")) is True


def test_attempts_at_the_first_and_the_last_moment_of_an_outage_belong_to_it() -> None:
    (row,) = outages(
        """
        08:00:00 CP1 + ocpp1.6
        08:00:30 CP1 x 503
        08:01:00 CP1 - 1001 by csms
        08:01:00 CP1 x 503
        08:01:40 CP1 x 503
        08:02:40 CP1 x 503
        08:02:40 CP1 + ocpp1.6
        08:02:50 CP1 x 503
        """
    )
    assert row["attempts"] == 3


def test_a_boot_belongs_to_an_outage_for_three_minutes_and_a_reboot_counts_first() -> None:
    back = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 > Heartbeat#9\n08:02:00 CP1 - 1006\n08:10:00 CP1 + ocpp1.6\n"
    assert outages(f"{back}08:13:00 CP1 > BootNotification#a {{}}")[0]["boot"] == "unknown"
    assert outages(f"{back}08:13:01 CP1 > BootNotification#a {{}}")[0]["boot"] is None
    twice = f"{back}08:11:00 CP1 > BootNotification#10 {{}}\n08:12:00 CP1 > BootNotification#1 {{}}"
    assert outages(twice)[0]["boot"] == "reboot"


def test_an_end_is_an_outage_from_a_minute_before_the_edge_on() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:01:00 CP1 - 1006\n08:02:0{} CP2 + ocpp1.6"
    assert [len([row for row in outages(text.format(second)) if row["station"] == "CP1"]) for second in (0, 1)] == [
        1,
        1,
    ]
    assert outages(text.replace("08:02:0{}", "08:01:59")) == []


def test_many_lives_of_one_station_each_have_their_own_attempt_boot_and_transaction() -> None:
    rows = outages(
        """
        00:00:00x500/100s CP1 + ocpp1.6
        00:00:01x500/100s CP1 > BootNotification#1 {}
        00:00:02x500/100s CP1 > StartTransaction#2 {"connectorId": 1, "meterStart": $(i), "timestamp": "$(now)"}
        00:00:03x500/100s CP1 < =#2 {"transactionId": $(i)}
        00:00:50x250/200s CP1 > StopTransaction#3 {"transactionId": $(2*i), "timestamp": "$(now)"}
        00:01:00x500/100s CP1 - fin by csms
        00:01:30x500/100s CP1 x 503
        """
    )
    assert [(row["attempts"], row["boot"]) for row in rows] == [(1, "reboot")] * 499
    assert [row["in_transaction"] for row in rows] == [False, True] * 249 + [False]

from __future__ import annotations

import numpy as np

from analyzer.kernels.columns import micros
from analyzer.ocpp.in_force import interval_in_force
from tests.manuals import workspace

BOOT = """
08:00:00 CP1 > BootNotification {}
08:00:01 CP1 < = {"interval":300,"status":"Accepted","currentTime":"2026-01-01T08:00:01Z"}
"""


def beats(text: str) -> list[tuple[float | None, str | None]]:
    rows = workspace(text).table("heartbeats").to_pylist()
    return [(row["interval"], row["interval_from"]) for row in rows]


def test_an_accepted_boot_orders_the_interval() -> None:
    assert beats(f"{BOOT}\n08:05:01 CP1 > Heartbeat") == [(300.0, "boot")]


def test_the_interval_of_a_pending_boot_is_the_wait_before_the_next_boot() -> None:
    text = BOOT.replace("Accepted", "Pending")
    assert beats(f"{text}\n08:05:01 CP1 > Heartbeat") == [(None, None)]


def test_an_interval_of_0_leaves_the_charger_its_choice() -> None:
    assert beats(f"{BOOT.replace('300', '0')}\n08:05:01 CP1 > Heartbeat") == [(None, None)]


def test_the_last_accepted_writer_wins() -> None:
    text = f"""{BOOT}
08:05:01 CP1 > Heartbeat
08:06:00 CP1 < ChangeConfiguration {{"key":"HeartbeatInterval","value":"30"}}
08:06:01 CP1 > = {{"status":"Accepted"}}
08:06:31 CP1 > Heartbeat
08:07:00 CP1 < ChangeConfiguration {{"key":"HeartbeatInterval","value":"10"}}
08:07:01 CP1 > = {{"status":"Rejected"}}
08:07:31 CP1 > Heartbeat"""
    assert beats(text) == [(300.0, "boot"), (30.0, "set"), (30.0, "set")]


def test_variables_of_2_0_1_are_settings_too() -> None:
    text = f"""{BOOT}
08:06:00 CP1 < SetVariables {{"setVariableData":[{{"component":{{"name":"OCPPCommCtrlr"}},"variable":{{"name":"HeartbeatInterval"}},"attributeValue":"45"}}]}}
08:06:01 CP1 > = {{"setVariableResult":[{{"component":{{"name":"OCPPCommCtrlr"}},"variable":{{"name":"HeartbeatInterval"}},"attributeStatus":"Accepted"}}]}}
08:06:31 CP1 > Heartbeat"""
    assert beats(text) == [(45.0, "set")]


def test_what_is_read_back_later_counts_where_nothing_was_ordered() -> None:
    text = """
08:00:31 CP1 > Heartbeat
08:01:00 CP1 < GetConfiguration {}
08:01:01 CP1 > = {"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"3600"}]}
"""
    assert beats(text) == [(3600.0, "get")]


def test_the_interval_is_inferred_from_the_heartbeats_where_nothing_tells() -> None:
    assert beats("08:00:00x8/59.8s CP1 > Heartbeat") == [(60.0, "inferred")] * 8


def test_a_few_heartbeats_tell_no_interval() -> None:
    assert beats("08:00:00x3/60s CP1 > Heartbeat") == [(None, None)] * 3


def test_one_station_tells_nothing_of_another() -> None:
    rows = workspace(f"{BOOT}\n08:05:01 CP1 > Heartbeat\n08:05:02 CP2 > Heartbeat").table("heartbeats").to_pylist()
    assert {row["station"]: row["interval"] for row in rows} == {"CP1": 300.0, "CP2": None}


def test_an_interval_is_in_force_from_its_answer_on() -> None:
    made = workspace(f"{BOOT}\n08:05:01 CP1 > Heartbeat").table("settings")
    answered = int(micros(made["ts"])[0])
    stations = made["station"].take([0, 0])
    found, _ = interval_in_force(made, stations, np.array([answered - 1, answered]))
    assert np.isnan(found[0])
    assert found[1] == 300.0


SET = '{0} CP1 < ChangeConfiguration {{"key":"HeartbeatInterval","value":"{1}"}}\n{0}.2 CP1 > = {{"status":"{2}"}}\n'


def test_the_interval_before_the_first_order_is_that_of_the_heartbeats_before_it() -> None:
    text = (
        "08:00:00x6/60s CP1 > Heartbeat\n" + SET.format("08:05:30", 20, "Accepted") + "08:05:50x6/20s CP1 > Heartbeat"
    )
    assert beats(text) == [(60.0, "inferred")] * 6 + [(20.0, "set")] * 6


def test_after_a_change_that_needs_a_reboot_the_heartbeats_tell() -> None:
    text = BOOT + SET.format("08:00:30", 60, "RebootRequired") + "08:05:01x2/300s CP1 > Heartbeat\n"
    assert beats(text) == [(None, None)] * 2
    assert beats(text + "08:12:00x9/60s CP1 > Heartbeat") == [(60.0, "inferred")] * 11


def test_a_change_whose_answer_is_not_known_makes_the_interval_unknown_and_a_refused_one_does_not() -> None:
    text = BOOT + SET.format("08:00:30", 60, "Accepted")
    assert beats(text.rsplit("\n", 2)[0] + "\n08:05:01 CP1 > Heartbeat") == [(None, None)]
    assert beats(text.replace('{"status":"Accepted"}', '{"status":"Rejected"}') + "08:05:01 CP1 > Heartbeat") == [
        (300.0, "boot")
    ]


def test_of_what_is_read_back_before_any_order_the_last_counts_or_the_first() -> None:
    read = '{0} CP1 < GetConfiguration {{}}\n{0}.2 CP1 > = {{"configurationKey":[{{"key":"HeartbeatInterval","readonly":false,"value":"{1}"}}]}}\n'
    text = "08:00:00 CP1 > Heartbeat\n" + read.format("08:10:00", 900) + "08:15:00 CP1 > Heartbeat\n"
    text += read.format("08:20:00", 60) + "08:21:00 CP1 > Heartbeat"
    assert beats(text) == [(900.0, "get"), (900.0, "get"), (60.0, "get")]


def test_a_setting_stands_where_its_value_does_in_the_answer_or_in_the_request() -> None:
    text = f"""{BOOT}
08:06:00 CP1 < ChangeConfiguration {{"key":"HeartbeatInterval","value":"30"}}
08:06:01 CP1 > = {{"status":"Accepted"}}
08:07:00 CP1 < GetConfiguration {{"key":["HeartbeatInterval"]}}
08:07:01 CP1 > = {{"configurationKey":[{{"key":"HeartbeatInterval","value":"30","readonly":false}}]}}"""
    rows = workspace(text).table("settings").to_pylist()
    assert [(row["operation"], row["origin"]) for row in rows] == [("boot", 2), ("set", 4), ("get", 7)]

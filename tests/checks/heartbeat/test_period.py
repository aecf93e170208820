from __future__ import annotations

from typing import Any

import pytest

from analyzer.checks.heartbeat.period import period
from tests.manuals import findings, workspace

BOOT = """
08:00:00 CP1 + ocpp1.6
08:00:01 CP1 > BootNotification#boot {"chargePointVendor": "Example", "chargePointModel": "AC22"}
08:00:01.1 CP1 < =#boot {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
"""


@pytest.mark.parametrize(
    ("step", "severity"),
    [(54, None), (66, None), (67, "warning"), (53, "warning"), (120, "warning"), (121, "error"), (29, "error")],
)
def test_the_median_may_stray_by_a_tenth(step: int, severity: str | None) -> None:
    found = findings(period, BOOT + f"08:01:01x8/{step}s CP1 > Heartbeat")
    assert [row["severity"] for row in found] == ([severity] if severity else [])


def test_a_nonsense_interval_of_each_boot_is_one_finding() -> None:
    text = """
    08:00:00x5/3600s CP1 + ocpp1.6
    08:00:01x5/3600s CP1 > BootNotification#b$(i) {"chargePointVendor": "E", "chargePointModel": "A"}
    08:00:01.1x5/3600s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 1, "status": "Accepted"}
    08:01:01x290/60s CP1 > Heartbeat#h$(i)
    08:01:01.1x290/60s CP1 < =#h$(i) {"currentTime": "$(now)"}
    08:59:50x4/3600s CP1 - fin
    """
    (found,) = findings(period, text)
    assert (found["value"], found["limit"], found["unit"]) == (60.0, 1.0, "s")


def test_four_beats_in_a_row_are_too_few() -> None:
    assert findings(period, BOOT + "08:05:01x5/300s CP1 > Heartbeat") == []
    assert findings(period, BOOT + "08:05:01x6/300s CP1 > Heartbeat")


def test_an_inferred_interval_is_never_held_against_the_beats() -> None:
    text = "08:00:00 CP1 + ocpp1.6\n08:01:01x9/60s CP1 > Heartbeat\n09:01:01x9/300s CP1 > Heartbeat"
    assert findings(period, text) == []


def test_an_answer_to_the_csms_takes_the_place_of_a_heartbeat() -> None:
    text = BOOT + (
        "08:01:30x9/90s CP1 > Heartbeat#h$(i)\n"
        "08:02:00x9/90s CP1 < TriggerMessage#t$(i) {}\n"
        '08:02:00.1x9/90s CP1 > =#t$(i) {"status": "Rejected"}'
    )
    assert findings(period, text) == []


def test_the_last_order_counts_and_the_gap_across_it_does_not() -> None:
    text = BOOT + (
        "08:01:01x6/60s CP1 > Heartbeat#a$(i)\n"
        '08:06:10 CP1 < ChangeConfiguration#c {"key": "HeartbeatInterval", "value": "300"}\n'
        '08:06:10.2 CP1 > =#c {"status": "Accepted"}\n'
        "08:11:10x7/300s CP1 > Heartbeat#b$(i)"
    )
    assert findings(period, text) == []
    ignored = text.replace("x7/300s", "x7/60s")
    (found,) = findings(period, ignored)
    assert (found["value"], found["limit"]) == (60.0, 300.0)


@pytest.mark.parametrize("status", ["Rejected", "RebootRequired", "NotSupported"])
def test_a_change_that_is_not_accepted_orders_nothing(status: str) -> None:
    text = BOOT + (
        '08:00:10 CP1 < ChangeConfiguration#c {"key": "HeartbeatInterval", "value": "300"}\n'
        f'08:00:10.2 CP1 > =#c {{"status": "{status}"}}\n'
        "08:01:10x7/60s CP1 > Heartbeat"
    )
    assert findings(period, text) == []


def test_what_a_201_charger_reads_back_is_held_against_it() -> None:
    (found,) = findings(
        period,
        """
        08:00:00 CP1 + ocpp2.0.1
        08:00:01 CP1 < GetVariables {"getVariableData": [{"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}]}
        08:00:01.1 CP1 > = {"getVariableResult": [{"attributeStatus": "Accepted", "attributeValue": "300", "component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}]}
        08:01:00x9/60s CP1 > Heartbeat
        """,
    )
    assert (found["value"], found["limit"], found["severity"]) == (60.0, 300.0, "error")


def test_without_enough_beats_it_is_not_judged() -> None:
    rows = period(*workspace(BOOT + "08:01:01 CP1 > Heartbeat").tables(period.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


def proofs(text: str) -> list[str]:
    (found,) = findings(period, text)
    return [f"{row['ts']:%H:%M:%S}" for row in found["evidence"]]


def test_the_order_is_a_part_of_the_proof() -> None:
    assert proofs(BOOT + "08:01:01x9/300s CP1 > Heartbeat") == [
        "08:06:01", "08:11:01", "08:16:01", "08:21:01", "08:00:01",
    ]  # fmt: skip


def test_of_equal_orders_the_last_before_the_beats_is_the_proof() -> None:
    again = """
09:00:00 CP1 < ChangeConfiguration#c {"key": "HeartbeatInterval", "value": "60"}
09:00:01 CP1 > =#c {"status": "Accepted"}
"""
    text = BOOT + "08:01:01x9/300s CP1 > Heartbeat\n" + again
    assert proofs(text)[-1] == "08:00:01"
    assert proofs(text + "09:05:01x9/300s CP1 > Heartbeat")[-1] == "09:00:01"


def test_it_begins_with_its_first_proof() -> None:
    (found,) = findings(period, BOOT + "08:01:01x9/300s CP1 > Heartbeat")
    rows: Any = found["evidence"]
    assert found["start"] == rows[0]["ts"]


READ = """
08:00:20 CP1 < GetConfiguration#g {{"key": ["HeartbeatInterval"]}}
08:00:20.2 CP1 > =#g {{"configurationKey": [{{"key": "HeartbeatInterval", "readonly": false, "value": "{0}"}}]}}
"""


@pytest.mark.parametrize(
    ("ordered", "read", "told"), [(1, 60, True), (9, 60, True), (10, 60, False), (1, 1, False), (1, None, False)]
)
def test_where_the_csms_orders_nonsense_it_tells_what_the_charger_is_set_to(
    ordered: int, read: int | None, *, told: bool
) -> None:
    text = BOOT.replace("60", f"{ordered}") + (READ.format(read) if read else "")
    (found,) = findings(period, text + "08:01:01x9/60s CP1 > Heartbeat")
    assert str(found["summary"]).endswith("; its configuration says 60 s") == told


def test_what_is_read_back_after_a_boot_is_not_held_against_the_beats_before_it() -> None:
    boot = BOOT.replace("08:00", "10:00").split("\n", 2)[2]
    text = "08:00:00 CP1 + ocpp1.6 start_observed=false\n08:05:00x20/300s CP1 > Heartbeat#a$(i)\n"
    text += boot + "10:01:00x9/60s CP1 > Heartbeat#b$(i)\n" + READ.format(60).replace("08:00:20", "10:09:20")
    assert findings(period, text) == []


def test_a_change_that_waits_for_a_reboot_is_not_held_against_the_beats() -> None:
    order = '08:00:10 CP1 < ChangeConfiguration#c {"key": "HeartbeatInterval", "value": "900"}\n08:00:10.2 CP1 > =#c {"status": "RebootRequired"}\n'
    assert findings(period, BOOT + order + READ.format(900) + "08:01:01x9/60s CP1 > Heartbeat") == []
    assert findings(period, BOOT + order + READ.format(60) + "08:15:01x9/900s CP1 > Heartbeat") == []


def test_the_proof_of_many_stations_is_found_in_one_pass() -> None:
    lines = [
        (BOOT + "08:01:01x7/300s CP1 > Heartbeat#h$(i)").replace("CP1", f"CP{number}").replace('": 60', f'": {step}')
        for number, step in ((1, 60), (2, 90), (3, 30))
    ]
    found = findings(period, "\n".join(sorted("\n".join(lines).splitlines())))
    assert [(row["station"], row["limit"], len(row["evidence"])) for row in found] == [
        ("CP1", 60.0, 5),
        ("CP2", 90.0, 5),
        ("CP3", 30.0, 5),
    ]

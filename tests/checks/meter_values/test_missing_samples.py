from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from analyzer.checks.meter_values.missing_samples import missing_samples
from analyzer.derive import DERIVATIONS
from analyzer.engine import Workspace
from analyzer.kernels.columns import same
from tests.manuals import findings, tables, workspace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CONNECTED = "08:00:00 CP1 + ocpp1.6\n"
START = 1
STOP = 30


def ordered(seconds: object, at: str = "08:00:10", status: str = "Accepted") -> str:
    return (
        f'{at} CP1 < ChangeConfiguration#c{at} {{"key": "MeterValueSampleInterval", "value": "{seconds}"}}\n'
        f'{at}.2 CP1 > =#c{at} {{"status": "{status}"}}\n'
    )


def read_back(seconds: int, at: str) -> str:
    return (
        f'{at} CP1 < GetConfiguration#g{at} {{"key": ["MeterValueSampleInterval"]}}\n'
        f'{at}.2 CP1 > =#g{at} {{"configurationKey": [{{"key": "MeterValueSampleInterval", "readonly": false, "value": "{seconds}"}}]}}\n'
    )


def clock(minute: float) -> str:
    return f"{8 + int(minute) // 60:02}:{int(minute) % 60:02}:{round(minute % 1 * 60):02}"


def sample(
    minute: float, *, sent: float | None = None, register: float | None = None, context: str = "Sample.Periodic"
) -> str:
    value = 9000 + 120 * minute if register is None else register
    body = {
        "connectorId": 1,
        "transactionId": 7,
        "meterValue": [
            {"timestamp": f"2026-01-01T{clock(minute)}Z", "sampledValue": [{"value": str(value), "context": context}]}
        ],
    }
    seen = minute if sent is None else sent
    return f"{clock(seen)} CP1 > MeterValues#m{minute}{context} {json.dumps(body)}\n"


def samples(minutes: Iterable[float]) -> str:
    return "".join(map(sample, minutes))


def transaction(*, start: float = START, stop: float | None = STOP) -> str:
    text = (
        f'{clock(start)} CP1 > StartTransaction#s {{"connectorId": 1, "idTag": "T", "meterStart": {round(9000 + 120 * start)}, "timestamp": "$(now)"}}\n'
        f'{clock(start)}.3 CP1 < =#s {{"transactionId": 7, "idTagInfo": {{"status": "Accepted"}}}}\n'
    )
    if stop is not None:
        text += f'{clock(stop)} CP1 > StopTransaction#e {{"transactionId": 7, "meterStop": {round(9000 + 120 * stop)}, "timestamp": "$(now)"}}\n'
    return text


def trace(*parts: str) -> str:
    return "\n".join(sorted("".join(parts).strip().splitlines()))


def without(*minutes: int) -> str:
    return samples(minute for minute in range(2, STOP + 1) if minute not in minutes)


def test_all_samples_are_silent() -> None:
    assert findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), without())) == []


@pytest.mark.parametrize(
    ("gone", "severity"), [((10,), "warning"), ((10, 20), "warning"), ((10, 15, 20), "error"), ((10, 11, 12), "error")]
)
def test_three_samples_and_more_than_a_twentieth_are_an_error(gone: tuple[int, ...], severity: str) -> None:
    (found,) = findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), without(*gone)))
    assert (found["severity"], found["count"]) == (severity, len(gone))


def test_the_first_and_the_last_count_where_energy_flowed() -> None:
    late = samples(range(6, STOP + 1))
    (found,) = findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), late))
    assert found["count"] == 4
    early = samples(range(2, 26))
    (found,) = findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), early))
    assert found["count"] == 5
    still = transaction().replace('"meterStop": 12600', '"meterStop": 12000')
    assert findings(missing_samples, trace(CONNECTED, ordered(60), still, early)) == []


def test_the_edges_of_the_input_are_no_fault() -> None:
    begun = samples(range(10, 20))
    assert findings(missing_samples, trace("08:09:30 CP1 + ocpp1.6\n", ordered(60, "08:09:40"), begun)) == []
    assert findings(missing_samples, trace(CONNECTED, ordered(60), transaction(stop=None), samples(range(2, 10)))) == []


def test_clock_aligned_values_take_the_place_of_no_sample() -> None:
    aligned = "".join(sample(minute, context="Sample.Clock") for minute in (11, 12, 13))
    (found,) = findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), without(10, 11, 12, 13), aligned))
    assert found["count"] == 4


def test_samples_that_name_another_transaction_are_not_missing() -> None:
    text = trace(CONNECTED, ordered(60), transaction(), without())
    for minute in (10, 11, 12):
        mark = f"#m{minute}Sample"
        text = "\n".join(
            line.replace('"transactionId": 7', '"transactionId": 9999') if mark in line else line
            for line in text.split("\n")
        )
    assert "9999" in text
    assert findings(missing_samples, text) == []


def test_an_interval_that_is_changed_counts_from_then_on() -> None:
    slow = samples(range(5, 31, 5))
    assert findings(missing_samples, trace(CONNECTED, ordered(60), ordered(300, "08:00:30"), transaction(), slow)) == []
    changed = trace(
        CONNECTED,
        ordered(60),
        transaction(),
        samples(range(2, 11)),
        ordered(300, "08:10:30"),
        samples((15, 20, 25, 30)),
    )
    assert findings(missing_samples, changed) == []


@pytest.mark.parametrize(
    "status", ["Rejected", "NotSupported", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType"]
)
def test_a_change_that_is_refused_changes_nothing(status: str) -> None:
    text = trace(CONNECTED, ordered(60), ordered(300, "08:00:30", status), transaction(), without(10, 11, 12))
    (found,) = findings(missing_samples, text)
    assert found["severity"] == "error"
    assert "as it was ordered" in str(found["summary"])


def test_a_change_that_needs_a_reboot_makes_the_interval_unknown() -> None:
    text = trace(CONNECTED, ordered(30), ordered(60, "08:00:30", "RebootRequired"), transaction(), without())
    assert findings(missing_samples, text) == []


def test_what_is_read_back_later_counts_unless_it_was_ordered_in_between() -> None:
    gone = without(10, 11, 12)
    (found,) = findings(missing_samples, trace(CONNECTED, transaction(), gone, read_back(60, "08:40:00")))
    assert "as the charger says" in str(found["summary"])
    slow = samples(range(5, 31, 5))
    assert (
        findings(
            missing_samples, trace(CONNECTED, transaction(), slow, ordered(60, "08:40:00"), read_back(60, "08:50:00"))
        )
        == []
    )


def test_a_habit_stands_in_for_an_interval_that_is_not_known_and_warns_at_most() -> None:
    (found,) = findings(missing_samples, trace(CONNECTED, transaction(), without(10, 11, 12)))
    assert (found["severity"], found["count"]) == ("warning", 3)
    assert "for want of a setting" in str(found["summary"])
    assert findings(missing_samples, trace(CONNECTED, transaction(), samples(range(2, 20)))) == []


def test_a_charger_that_keeps_a_longer_interval_is_measured_by_that() -> None:
    kept = samples(range(3, 31, 2))
    assert findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), kept)) == []


def test_sampling_that_is_off_is_not_judged() -> None:
    text = trace(CONNECTED, ordered(0), transaction(), samples((2, 20)))
    rows = missing_samples(*workspace(text).tables(missing_samples.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


def test_a_pause_in_which_nothing_flows_is_no_gap() -> None:
    paused = samples(range(2, 11)) + "".join(sample(minute, register=10_201) for minute in range(20, 31))
    stop = transaction().replace('"meterStop": 12600', '"meterStop": 10201')
    assert findings(missing_samples, trace(CONNECTED, ordered(60), stop, paused)) == []


OUTAGE = "08:09:30 CP1 - 1006\n08:14:30 CP1 + ocpp1.6\n"


def test_samples_that_are_sent_after_an_outage_are_not_missing() -> None:
    replayed = "".join(sample(minute, sent=14.6 + minute / 1000) for minute in range(10, 15))
    text = trace(CONNECTED, ordered(60), transaction(), without(*range(10, 15)), OUTAGE, replayed)
    assert findings(missing_samples, text) == []


def test_samples_that_are_lost_in_an_outage_are_told_apart() -> None:
    (found,) = findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), without(*range(10, 15)), OUTAGE))
    assert (found["severity"], found["count"]) == ("info", 5)
    assert "lost in outages" in str(found["summary"])
    (both,) = findings(
        missing_samples, trace(CONNECTED, ordered(60), transaction(), without(*range(10, 15), 20, 21, 22), OUTAGE)
    )
    assert (both["severity"], both["count"]) == ("error", 3)
    assert "5 more lost in outages" in str(both["summary"])


def test_while_the_transaction_runs_what_was_lost_may_still_come() -> None:
    text = trace(CONNECTED, ordered(60), transaction(stop=None), without(*range(10, 15)), OUTAGE)
    assert findings(missing_samples, text) == []


def test_a_clock_that_is_set_makes_no_gap() -> None:
    ahead = "".join(sample(minute + 60, sent=minute) for minute in range(12, 31))
    stop = (
        transaction()
        .replace('"timestamp": "$(now)"}', '"timestamp": "$(now+3600)"}')
        .replace("$(now+3600)", "$(now)", 1)
    )
    assert findings(missing_samples, trace(CONNECTED, ordered(60), stop, samples(range(2, 12)), ahead)) == []


def test_a_clock_that_is_wrong_all_the_time_changes_nothing() -> None:
    text = trace(CONNECTED, ordered(60), transaction(), without(10, 11, 12)).replace("2026-01-01T0", "2026-01-01T1")
    text = text.replace('"timestamp": "$(now)"', '"timestamp": "$(now+36000)"')
    (found,) = findings(missing_samples, text)
    assert found["count"] == 3


def test_a_message_that_could_not_be_read_may_be_the_sample() -> None:
    broken = '08:11:00 CP1 > raw [2,"x","MeterValues",{]\n'
    assert findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), without(10, 11, 12), broken)) == []


def test_a_hole_in_the_input_is_not_the_charger() -> None:
    base = tables(trace(CONNECTED, ordered(60), transaction(), without(10, 11, 12)))
    hole = {"source": "example.trace", "ts": base["messages"]["ts"][12], "kind": "hole", "damage": True, "count": 1}
    base["issues"] = base["issues"].schema.empty_table().from_pylist([hole], base["issues"].schema)
    assert missing_samples(*Workspace(base, DERIVATIONS).tables(missing_samples.needs)).num_rows == 0


def test_a_hole_that_is_told_when_the_next_sample_arrives_is_not_the_charger() -> None:
    base = tables(trace(CONNECTED, ordered(60), transaction(), without(10)))
    moments = base["messages"].filter(
        pa.array(same(base["messages"]["action"], "MeterValues") & same(base["messages"]["direction"], "up"))
    )["ts"]
    at = moments[8].as_py()
    payloads = base["messages"]["payload"].to_pylist()
    early = [text and text.replace(f"{at:%H:%M:%S}", f"{at - timedelta(seconds=1):%H:%M:%S}") for text in payloads]
    column = base["messages"].schema.get_field_index("payload")
    base["messages"] = base["messages"].set_column(column, base["messages"].schema.field(column), [early])
    hole = {"source": "example.trace", "ts": at, "station": "CP1", "kind": "hole", "damage": True, "count": 1}
    assert missing_samples(*Workspace(base, DERIVATIONS).tables(missing_samples.needs)).num_rows == 1
    base["issues"] = base["issues"].schema.empty_table().from_pylist([hole], base["issues"].schema)
    assert missing_samples(*Workspace(base, DERIVATIONS).tables(missing_samples.needs)).num_rows == 0


def test_without_connections_in_the_input_another_message_must_show_that_it_was_online() -> None:
    gone = trace(ordered(60), transaction(), without(10, 11, 12))
    assert findings(missing_samples, gone) == []
    assert findings(missing_samples, trace(gone, "\n08:11:10 CP1 > Heartbeat#h {}"))


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_2x_is_judged_alike(version: str) -> None:
    name = '"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}'
    lines = [
        f"08:00:00 CP1 + ocpp{version}",
        f'08:00:10 CP1 < SetVariables#v {{"setVariableData": [{{{name}, "attributeValue": "60"}}]}}',
        f'08:00:10.2 CP1 > =#v {{"setVariableResult": [{{{name}, "attributeStatus": "Accepted"}}]}}',
    ]
    kinds = {1: "Started", 30: "Ended"}
    for minute in (number for number in range(1, 31) if number not in {10, 11, 12}):
        event = {"eventType": kinds.get(minute, "Updated"), "seqNo": minute, "triggerReason": "MeterValuePeriodic"}
        event |= {"timestamp": f"2026-01-01T{clock(minute)}Z", "transactionInfo": {"transactionId": "a"}}
        context = {1: "Transaction.Begin", 30: "Transaction.End"}.get(minute, "Sample.Periodic")
        value = {"value": 9000 + 120 * minute, "context": context}
        evse = {"evse": {"id": 2, "connectorId": 1}} if minute == 1 else {}
        values = {"meterValue": [{"timestamp": event["timestamp"], "sampledValue": [value]}]}
        lines.append(f"{clock(minute)} CP1 > TransactionEvent#t{minute} {json.dumps({**event, **evse, **values})}")
    (found,) = findings(missing_samples, "\n".join(lines))
    assert (found["severity"], found["count"]) == ("error", 3)
    assert "EVSE 2" in str(found["summary"])


def test_the_growatt_charger_sends_all_its_samples(corpus: Path) -> None:
    from analyzer.sources.reading import read

    base = Workspace(read(str(corpus / "captures" / "growatt_1218.pcap")), DERIVATIONS)
    assert missing_samples(*base.tables(missing_samples.needs)).num_rows == 0


@pytest.mark.parametrize(("rise", "count"), [(14, 0), (16, 1)])
def test_a_hundred_watts_are_nothing_that_flows(rise: int, count: int) -> None:
    low = 9000 + 120 * 10
    still = "".join(sample(minute, register=low + rise + minute - 19) for minute in range(19, 31))
    text = trace(CONNECTED, ordered(60), transaction(stop=None), samples(range(2, 11)), still)
    assert len(findings(missing_samples, text)) == count


@pytest.mark.parametrize(("rise", "count"), [(33_000, 1), (34_000, 0)])
def test_more_than_four_hundred_kilowatts_after_the_start_are_another_register(rise: int, count: int) -> None:
    other = "".join(sample(minute, register=9000 + 120 + rise + minute) for minute in range(6, 31))
    text = trace(CONNECTED, ordered(60), transaction(stop=None), other)
    assert len(findings(missing_samples, text)) == count


@pytest.mark.parametrize("first", ["", sample(2).replace('"context"', '"measurand": "Voltage", "context"')])
@pytest.mark.parametrize(("below", "count"), [(0, 1), (2000, 0)])
def test_an_end_of_another_register_than_the_samples_says_nothing(first: str, below: int, count: int) -> None:
    early = "".join(sample(minute, register=9000 + 120 * minute - below) for minute in range(3, 26))
    text = trace(CONNECTED, ordered(60), transaction(), first, early)
    assert len(findings(missing_samples, text)) == count


def test_a_reboot_explains_a_gap_though_no_outage_was_seen() -> None:
    boot = '08:11:00 CP1 > BootNotification#b {"chargePointVendor": "E", "chargePointModel": "A"}\n'
    (found,) = findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), without(10, 11, 12), boot))
    assert found["severity"] == "info"
    other = boot.replace("08:11:00", "08:15:30")
    assert (
        findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), without(10, 11, 12), other))[0][
            "severity"
        ]
        == "error"
    )


@pytest.mark.parametrize(("seconds", "among"), [(5, 30), (6, 29)])
@pytest.mark.parametrize("after", [False, True])
def test_a_sample_belongs_to_its_transaction_up_to_five_seconds_outside(
    seconds: int, among: int, *, after: bool
) -> None:
    stray = sample(STOP + seconds / 60 if after else START - seconds / 60, sent=STOP + 0.5 if after else START + 0.5)
    (found,) = findings(missing_samples, trace(CONNECTED, ordered(60), transaction(), without(10, 11, 12), stray))
    assert f"3 samples of {among} " in str(found["summary"])


def test_an_order_after_the_transaction_tells_nothing_of_it_and_one_before_it_more_than_what_was_read_back() -> None:
    gone = without(10, 11, 12)
    (later,) = findings(missing_samples, trace(CONNECTED, transaction(), gone, ordered(60, "08:40:00")))
    assert later["severity"] == "warning"
    (before,) = findings(
        missing_samples, trace(CONNECTED, read_back(300, "08:00:05"), ordered(60), transaction(), gone)
    )
    assert (before["severity"], before["count"]) == ("error", 3)

from __future__ import annotations

import json

import pytest

from analyzer.checks.meter_values.backwards import backwards
from analyzer.checks.meter_values.rebased import rebased
from tests.manuals import findings, workspace

CONNECTED = "08:00:00 CP1 + ocpp1.6\n"


def started(identity: int, meter: int, at: str = "08:01:00", connector: int = 1) -> str:
    payload = f'{{"connectorId": {connector}, "idTag": "T", "meterStart": {meter}, "timestamp": "$(now)"}}'
    answer = f'{{"transactionId": {identity}, "idTagInfo": {{"status": "Accepted"}}}}'
    return f"{at} CP1 > StartTransaction#s{identity} {payload}\n{at}.5 CP1 < =#s{identity} {answer}\n"


def stopped(identity: int, meter: int, at: str) -> str:
    return f'{at} CP1 > StopTransaction#e{identity} {{"transactionId": {identity}, "meterStop": {meter}, "timestamp": "$(now)"}}\n'


def sampled(
    at: str, value: object, *, identity: int | None = 7, connector: int = 1, stamp: str = "$(now)", **more: object
) -> str:
    body: dict[str, object] = {"connectorId": connector}
    if identity is not None:
        body["transactionId"] = identity
    sample = {"value": str(value), **more}
    return f'{at} CP1 > MeterValues {json.dumps(body)[:-1]}, "meterValue": [{{"timestamp": "{stamp}", "sampledValue": [{json.dumps(sample)}]}}]}}\n'


def course(*values: object, identity: int | None = 7, hour: str = "08", connector: int = 1) -> str:
    return "".join(
        sampled(f"{hour}:{2 + minute:02}:00", value, identity=identity, connector=connector)
        for minute, value in enumerate(values)
    )


def test_a_fall_in_a_transaction_is_critical_and_between_two_a_warning() -> None:
    (inside,) = findings(backwards, CONNECTED + started(7, 9000) + course(9100, 9200, 8700, 8800, 8900))
    assert (inside["severity"], inside["value"], inside["limit"]) == ("critical", 500.0, 100.0)
    text = CONNECTED + started(7, 9000) + course(9100, 9200, 9300) + stopped(7, 9300, "08:20:00")
    text += started(8, 8000, "09:01:00") + course(8100, 8200, 8300, identity=8, hour="09")
    (between,) = findings(backwards, text)
    assert (between["severity"], between["value"]) == ("warning", 1200.0)


def test_falls_of_one_outlet_are_one_finding_and_outlets_are_apart() -> None:
    text = CONNECTED + started(7, 9000) + course(9101, 9202, 8703, 8804, 8305, 8406)
    text += course(100, 201, 302, identity=None, connector=2, hour="09")
    (found,) = findings(backwards, text)
    assert (found["count"], found["value"]) == (2, 499.0)


def test_the_worst_fall_is_a_part_of_the_proof() -> None:
    values = (9100, 8900, 8910, 8920, 8930, 7000, 7010, 7020, 7030)
    (found,) = findings(backwards, CONNECTED + started(7, 9000) + course(*values))
    assert (found["value"], found["count"]) == (1930.0, 2)
    assert [f"{row['ts']:%H:%M}" for row in found["evidence"]] == ["08:03", "08:02", "08:07", "08:06"]


def test_each_measurand_phase_location_and_outlet_is_a_register_of_its_own() -> None:
    text = CONNECTED
    for minute in range(2, 8):
        at = f"08:0{minute}:"
        text += sampled(f"{at}00", 9000 + minute)
        text += sampled(f"{at}05", 3000 + minute, phase="L1")
        text += sampled(f"{at}10", 20 + minute, measurand="Energy.Active.Export.Register")
        text += sampled(f"{at}15", 12000 + minute, location="Inlet")
        text += sampled(f"{at}20", 500 + minute, connector=2)
        text += sampled(f"{at}25", 40000 + minute, connector=0, identity=None)
        text += sampled(f"{at}30", 1000 - minute, measurand="Energy.Active.Import.Interval")
    assert findings(backwards, text) == []


def test_the_resolution_of_the_meter_is_no_fall() -> None:
    samples = [
        sampled(f"08:0{minute}:00", value, unit="kWh") for minute, value in enumerate((128.4, 128.5, 128.4, 128.5), 2)
    ]
    assert findings(backwards, CONNECTED + "".join(samples)) == []
    deep = [*samples, sampled("08:07:00", 128.2, unit="kWh"), sampled("08:08:00", 128.3, unit="kWh")]
    assert findings(backwards, CONNECTED + "".join(deep))


def test_clock_aligned_values_are_compared_with_their_own_kind_only() -> None:
    text = CONNECTED + course(9100, 9200, 9300, 9400, 9500)
    # 1.6 9.1.5: the value at the end of the interval carries the time of its start
    text += sampled("08:05:01", 9350, stamp="2026-01-01T08:02:30Z", context="Sample.Clock", identity=None)
    text += sampled("08:06:01", 9450, stamp="2026-01-01T08:03:30Z", context="Sample.Clock", identity=None)
    assert findings(backwards, text) == []


def test_samples_that_arrive_late_are_put_in_their_place() -> None:
    text = CONNECTED + course(9100, 9200)
    text += sampled("08:20:00", 9900)
    text += "".join(sampled(f"08:20:0{i}", 9300 + 100 * i, stamp=f"2026-01-01T08:0{4 + i}:00Z") for i in range(1, 5))
    assert findings(backwards, text) == []


def test_the_values_of_a_stop_transaction_belong_to_its_connector() -> None:
    data = (
        '"transactionData": [{"timestamp": "2026-01-01T08:01:00Z", "sampledValue": [{"value": "9000", "context": "Transaction.Begin"}]},'
        ' {"timestamp": "2026-01-01T08:20:00Z", "sampledValue": [{"value": "%d", "context": "Transaction.End"}]}]'
    )
    text = CONNECTED + started(7, 9000) + course(9100, 9200, 9300)
    stop = f'08:20:00 CP1 > StopTransaction {{"transactionId": 7, "meterStop": 9400, "timestamp": "$(now)", {data}}}\n'
    assert findings(backwards, text + stop % 9400) == []
    (found,) = findings(backwards, text + stop % 9150)
    assert (found["severity"], found["value"]) == ("critical", 150.0)


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_a_transaction_of_2x_names_its_evse_once(version: str) -> None:
    lines = [f"08:00:00 CP1 + ocpp{version}"]
    for evse, base in ((1, 9000), (2, 300)):
        for number in range(6):
            at = f"08:0{1 + number}:0{evse}"
            event: dict[str, object] = {
                "eventType": "Updated" if number else "Started",
                "seqNo": number,
                "triggerReason": "MeterValuePeriodic",
            }
            event |= {"transactionInfo": {"transactionId": f"tx{evse}"}, "timestamp": f"2026-01-01T{at}Z"}
            if not number:
                event["evse"] = {"id": evse, "connectorId": 1}
            value = base + 100 * number - (250 if evse == 2 and number >= 3 else 0)
            event["meterValue"] = [{"timestamp": f"2026-01-01T{at}Z", "sampledValue": [{"value": value}]}]
            lines.append(f"{at} CP1 > TransactionEvent {json.dumps(event)}")
    (found,) = findings(backwards, "\n".join(sorted(lines)))
    assert (found["severity"], found["value"]) == ("critical", 150.0)
    assert "EVSE 2" in str(found["summary"])


def test_a_reboot_between_the_readings_is_left_to_mv08() -> None:
    boot = '08:04:30 CP1 > BootNotification {"chargePointVendor": "E", "chargePointModel": "A"}\n'
    text = CONNECTED + started(7, 9000) + course(9100, 9200, 9300) + boot
    text += "".join(sampled(f"08:0{5 + i}:00", 40 + 100 * i) for i in range(3))
    assert findings(backwards, text) == []
    (found,) = findings(rebased, text)
    assert (found["severity"], found["value"], found["limit"]) == ("warning", 40.0, 9300.0)


def test_a_last_reading_of_zero_may_come_back_and_is_no_fall() -> None:
    text = CONNECTED + started(7, 9000) + course(9100, 9200, 0)
    assert findings(backwards, text) == []
    assert findings(rebased, text) == []
    assert findings(backwards, CONNECTED + started(7, 9000) + course(9100, 9200, 0, 100, 200))


def test_ends_of_transactions_count_where_there_are_no_samples() -> None:
    text = CONNECTED + started(7, 9000) + stopped(7, 9500, "08:30:00") + started(8, 9200, "09:01:00")
    text += stopped(8, 9700, "09:30:00")
    (found,) = findings(backwards, text)
    assert (found["severity"], found["value"]) == ("warning", 300.0)


def test_a_stop_below_its_start_is_left_to_mv39() -> None:
    assert findings(backwards, CONNECTED + started(7, 9000) + course(9100, 9200) + stopped(7, 8000, "08:30:00")) == []
    assert findings(backwards, CONNECTED + started(7, 9000) + stopped(7, 8000, "08:30:00")) == []


def test_without_times_of_its_own_the_order_of_arrival_counts() -> None:
    text = (CONNECTED + course(5000, 3000, 3100)).replace('"timestamp": "$(now)", ', "")
    assert findings(backwards, text)


def test_a_charger_without_registers_is_not_judged() -> None:
    text = CONNECTED + sampled("08:02:00", 230, measurand="Voltage")
    rows = backwards(*workspace(text).tables(backwards.needs)).to_pylist()
    assert [row["severity"] for row in rows] == ["unknown"]


@pytest.mark.parametrize(
    ("high", "severity"), [(99_999_900, "info"), (99_899_000, "critical"), (9_999_900, "critical")]
)
def test_a_register_that_runs_out_of_digits_is_an_information(high: int, severity: str) -> None:
    values = (high - 200, high - 100, high, 20, 120, 220)
    (found,) = findings(backwards, CONNECTED + started(7, high - 300) + course(*values))
    assert (found["severity"], "no more digits" in str(found["summary"])) == (severity, severity == "info")


def test_a_register_that_runs_out_of_digits_between_two_sessions_does_not_start_again() -> None:
    text = CONNECTED + started(7, 99_999_000) + course(99_999_100, 99_999_500, 99_999_900)
    text += stopped(7, 99_999_990, "08:20:00") + started(8, 10, "09:01:00") + course(120, 220, identity=8, hour="09")
    assert findings(rebased, text) == []
    assert [row["severity"] for row in findings(backwards, text)] == ["info"]


def test_digits_that_run_out_and_another_fall_are_two_findings() -> None:
    values = (99_999_800, 99_999_900, 20, 120, 220, 320, 420, 520, 620, 20, 121, 222, 323)
    found = findings(backwards, CONNECTED + started(7, 99_999_700) + course(*values))
    assert [(row["severity"], row["count"]) for row in found] == [("critical", 1), ("info", 1)]
    assert len({row["fingerprint"] for row in found}) == 2


def test_where_and_how_often_it_fell_is_told() -> None:
    inside = CONNECTED + started(7, 9000) + course(9101, 9202, 8703, 8804, 8905)
    assert str(findings(backwards, inside)[0]["summary"]).endswith("Wh in a transaction, and stayed there")
    twice = CONNECTED + started(7, 9000) + course(9101, 9202, 8703, 8804, 8305, 8406)
    assert str(findings(backwards, twice)[0]["summary"]).endswith(
        "from 9202 to 8703 Wh in a transaction, 2 times in all, and stayed there"
    )
    between = CONNECTED + started(7, 9000) + course(9100, 9200, 9300) + stopped(7, 9300, "08:20:00")
    between += started(8, 8000, "09:01:00") + course(8100, 8200, 8300, identity=8, hour="09")
    assert "between transactions" in str(findings(backwards, between)[0]["summary"])

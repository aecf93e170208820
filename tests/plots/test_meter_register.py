from __future__ import annotations

import numpy as np

from analyzer.plots import style
from analyzer.plots.svg import svg
from tests.checks.meter_values.test_places import session
from tests.plots.drawings import drawn, night, words

SAMPLE = '{{"connectorId": {connector}, "meterValue": [{{"timestamp": "$(now)", "sampledValue": [{values}]}}]}}'


def metered(values: str, connector: int = 1, when: str = "08:00:00x10/60s") -> str:
    return f"{when} CP1 > MeterValues " + SAMPLE.format(connector=connector, values=values)


def test_values_of_a_stop_belong_to_the_connector_of_their_transaction() -> None:
    told = words(svg(drawn("meter_register", night("CP1"))))
    assert "connector 2" in told
    assert "connector not told" not in told


def test_values_of_an_identity_given_again_belong_to_the_connector_of_their_own_transaction() -> None:
    text = "".join(session(*of) for of in (("08", 1), ("10", 2), ("12", 3)))
    assert {"connector 1", "connector 2", "connector 3"} <= set(words(svg(drawn("meter_register", text))))


def test_values_of_no_known_connector_are_told_as_such() -> None:
    stop = '08:00:00 CP1 > StopTransaction {"transactionId": 9, "meterStop": 5, "timestamp": "2026-01-01T08:00:00Z", "transactionData": [{"timestamp": "2026-01-01T08:00:00Z", "sampledValue": [{"value": "5"}]}]}'
    assert "connector not told" in words(svg(drawn("meter_register", stop)))


def test_connector_zero_is_the_whole_station() -> None:
    assert "whole station" in words(svg(drawn("meter_register", metered('{"value": "$(100+i)"}', 0))))


def test_a_register_without_power_says_so() -> None:
    assert "not sampled" in words(svg(drawn("meter_register", metered('{"value": "$(100+i)"}'))))


def test_power_that_is_sampled_by_phase_only_says_so() -> None:
    values = '{"value": "$(100+i)"}, {"value": "1000", "measurand": "Power.Active.Import", "phase": "L1"}'
    assert "sampled by phase only" in words(svg(drawn("meter_register", metered(values))))


def test_a_line_is_broken_where_no_sample_was_for_long() -> None:
    values = '{"value": "$(100+i)"}'
    text = "\n".join([metered(values), metered(values, when="10:00:00x10/60s")])
    line = drawn("meter_register", text).axes[0].lines[0]
    assert np.isnan(np.asarray(line.get_ydata(), dtype=float)).sum() == 1


def test_values_stand_in_kilowatt_hours() -> None:
    line = drawn("meter_register", metered('{"value": "$(1000+i*500)"}')).axes[0].lines[0]
    assert np.asarray(line.get_ydata(), dtype=float).tolist() == [1 + i / 2 for i in range(10)]


def test_a_value_that_is_no_number_is_left_out() -> None:
    text = "\n".join([metered('{"value": "$(100+i)"}'), metered('{"value": "NaN"}', when="08:20:00")])
    assert len(np.asarray(drawn("meter_register", text).axes[0].lines[0].get_ydata())) == 10


def test_two_connectors_differ_in_colour_and_mark() -> None:
    text = "\n".join([metered('{"value": "$(100+i)"}', 1), metered('{"value": "$(200+i)"}', 2)])
    first, second = drawn("meter_register", text).axes[0].lines
    assert first.get_color() != second.get_color()
    assert first.get_marker() != second.get_marker()


def test_other_measurands_are_no_register() -> None:
    made = drawn("meter_register", metered('{"value": "230", "measurand": "Voltage"}'))
    assert style.told(made).endswith("No energy register and no power was sampled.")


def test_it_tells_the_extent_and_the_transactions_in_words() -> None:
    told = style.told(drawn("meter_register", night("CP1")))
    assert "Register from 1.0 to 2.0 kWh in 21 samples. Power from 3.6 to 3.6 kW in 20 samples." in told
    assert told.endswith("1 charger, 1 line, 1 transaction shaded.")


def test_a_transaction_that_is_only_mentioned_is_not_shaded() -> None:
    text = metered('{"value": "$(100+i)"}').replace('"connectorId": 1,', '"connectorId": 1, "transactionId": 9999,')
    assert style.told(drawn("meter_register", text)).endswith("0 transactions shaded.")


def test_registers_far_apart_are_drawn_from_their_first_values() -> None:
    text = "\n".join([metered('{"value": "$(100+i)"}', 1), metered('{"value": "$(900000+i)"}', 2)])
    axes = drawn("meter_register", text).axes[0]
    assert "above its" in axes.get_ylabel()
    assert [np.asarray(line.get_ydata(), dtype=float)[0] for line in axes.lines] == [0, 0]


def test_registers_side_by_side_are_drawn_as_they_stand() -> None:
    text = "\n".join([metered('{"value": "$(100+10*i)"}', 1), metered('{"value": "$(200+10*i)"}', 2)])
    assert drawn("meter_register", text).axes[0].get_ylabel() == "register, kWh"


def test_a_transaction_is_shaded_by_the_charger_s_own_times_as_its_samples_are() -> None:
    text = """
        08:00:00 CP1 > StartTransaction#s {"connectorId": 1, "idTag": "a", "meterStart": 0, "timestamp": "$(now+3600)"}
        08:00:00.1 CP1 < =#s {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:01:00x10/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now+3600)", "sampledValue": [{"value": "$(100+i)"}]}]}
        08:12:00 CP1 > StopTransaction {"transactionId": 7, "meterStop": 200, "timestamp": "$(now+3600)"}
    """
    axes = drawn("meter_register", text).axes[0]
    (shade,) = axes.patches
    across = np.asarray(axes.lines[0].get_xdata(), dtype=float)
    low, high = shade.get_extents().transformed(axes.transData.inverted()).intervalx
    assert low < across.min() < across.max() < high

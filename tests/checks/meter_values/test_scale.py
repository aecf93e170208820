from __future__ import annotations

import pytest

from analyzer.checks.meter_values.scale import scale
from tests.manuals import findings, workspace


def charged(
    register: str,
    power: str,
    *,
    units: tuple[str, str] = ("Wh", "W"),
    ends: tuple[int, int] | None = None,
    samples: int = 16,
) -> str:
    """A transaction of 1.6 with a sample a minute; register and power are computed from `i`."""
    start, stop = ends or (0, 0)
    text = (
        "08:00:00 CP1 + ocpp1.6\n"
        f'08:01:00 CP1 > StartTransaction#s {{"connectorId": 1, "idTag": "T", "meterStart": {start}, "timestamp": "$(now)"}}\n'
        '08:01:00.1 CP1 < =#s {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}\n'
        f'08:02:00x{samples}/60s CP1 > MeterValues#m$(i) {{"connectorId": 1, "transactionId": 7, "meterValue": [{{"timestamp": "$(now)", "sampledValue": ['
        f'{{"value": "$({register})", "unit": "{units[0]}"}}, {{"value": "$({power})", "measurand": "Power.Active.Import", "unit": "{units[1]}"}}]}}]}}\n'
    )
    if ends:
        text += f'09:30:00 CP1 > StopTransaction {{"transactionId": 7, "meterStop": {stop}, "timestamp": "$(now)"}}\n'
    return text


@pytest.mark.parametrize(
    ("register", "power", "units", "said"),
    [
        ("361.2+0.12*i", "7200", ("Wh", "W"), "the register is in kWh but labelled Wh"),
        ("361204+120*i", "7200", ("kWh", "W"), "the register is in Wh but labelled kWh"),
        ("361204+120*i", "7.2", ("Wh", "W"), "the power is in kW but labelled W"),
        ("361204+120*i", "7200", ("Wh", "kW"), "the power is in W but labelled kW"),
    ],
)
def test_the_side_that_no_outlet_could_give_is_to_blame(
    register: str, power: str, units: tuple[str, str], said: str
) -> None:
    (found,) = findings(scale, charged(register, power, units=units))
    assert found["severity"] == "critical"
    assert said in str(found["summary"])


def test_right_units_are_silent() -> None:
    for register, power, units in (
        ("361204+120*i", "7200", ("Wh", "W")),
        ("361.204+0.12*i", "7.2", ("kWh", "kW")),
        ("0+0*i", "0", ("Wh", "W")),
        ("361204+0*i", "7200", ("Wh", "W")),
        ("361204+40*i", "7200", ("Wh", "W")),
    ):
        assert findings(scale, charged(register, power, units=units)) == []


def test_a_coarse_register_at_low_power_is_silent() -> None:
    assert findings(scale, charged("361+i//43", "1400", units=("kWh", "W"), samples=60)) == []
    assert findings(scale, charged("361+0*i", "1400", units=("kWh", "W"), samples=30)) == []


def test_a_register_of_whole_kwh_labelled_wh_is_found_by_its_few_steps() -> None:
    (found,) = findings(scale, charged("361+i//8", "7200"))
    assert "in kWh but labelled Wh" in str(found["summary"])


def test_too_few_or_too_short_is_not_judged() -> None:
    text = charged("361.2+0.12*i", "7200", samples=9)
    assert findings(scale, text) == []
    assert [row["severity"] for row in scale(*workspace(text).tables(scale.needs)).to_pylist()] == ["unknown"]
    assert findings(scale, text, shortest=300.0)


def test_ends_in_kwh_beside_samples_in_wh_are_found() -> None:
    (found,) = findings(scale, charged("361204+120*i", "7200", ends=(361, 363)))
    assert "meterStart and meterStop are in kWh" in str(found["summary"])
    assert findings(scale, charged("361204+120*i", "7200", ends=(361_100, 363_100))) == []


def test_both_against_the_power_are_one_finding() -> None:
    assert len(findings(scale, charged("361.2+0.12*i", "7200", ends=(361, 363)))) == 1


def test_only_the_phases_of_power_that_are_always_there_count() -> None:
    values = ", ".join(
        f'{{"value": "2400", "measurand": "Power.Active.Import", "phase": "{phase}", "unit": "W"}}'
        for phase in ("L1", "L2", "L3")
    )
    text = charged("361.2+0.12*i", "7200").replace(
        '{"value": "$(7200)", "measurand": "Power.Active.Import", "unit": "W"}', values
    )
    assert values in text
    (found,) = findings(scale, text)
    assert found["value"] == pytest.approx(0.001, rel=0.01)

"""Registers and powers whose unit is wrong by a factor of 1000."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.meter_values.places import places, transactions_of
from analyzer.checks.meter_values.sums import sums_of
from analyzer.checks.rows import by_station, evidence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import micros, reals, same
from analyzer.ocpp.meter_values import MEASURAND
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.checks.meter_values.sums import Sums
    from analyzer.kernels.columns import Flags, Ints, Reals

FAR = 500.0
"""What is off by less than this factor is off by another thing than a unit."""
GREATEST = 1e6
"""W that no outlet gives."""
REGISTER_LOW = "the register is in kWh but labelled Wh"
REGISTER_HIGH = "the register is in Wh but labelled kWh"
POWER_LOW = "the power is in kW but labelled W"
POWER_HIGH = "the power is in W but labelled kW"
ENDS_LOW = "meterStart and meterStop are in kWh, not in Wh"
ENDS_HIGH = "the samples of the register are in kWh but labelled Wh"


@check("MV06", "Energy or power is off by a factor of 1000", severity="critical")
def scale(
    readings: pa.Table,
    transactions: pa.Table,
    *,
    fewest: int = 5,
    shortest: float = 600.0,
    least: float = 500.0,
    band: float = 0.25,
) -> pa.Table:
    """The register and the power of a transaction, or its samples and its ends, disagree by a factor of 1000.

    The power is integrated over the times at which the register was sampled too: `fewest` samples over `shortest`
    seconds, and `least` Wh by one of the two. The factor may be off by `band`, or by the last digit of the meter.

    Why it matters: the session is billed a thousand times too cheap or too dear.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "T", "meterStart": 361, "timestamp": "$(now)"}
        08:01:00.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:02:00x16/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [
            {"value": "$(361.2+0.12*i)", "unit": "Wh"}, {"value": "7200", "measurand": "Power.Active.Import", "unit": "W"}]}]}
    Near miss:
        # a register of whole kWh at 1.4 kW: it stands still for 40 minutes, then makes one step
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "T", "meterStart": 361000, "timestamp": "$(now)"}
        08:01:00.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:02:00x60/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [
            {"value": "$(361+i//43)", "unit": "kWh"}, {"value": "1400", "measurand": "Power.Active.Import", "unit": "W"}]}]}
        09:02:00 CP2 + ocpp1.6
        09:03:00 CP2 > StartTransaction {"connectorId": 1, "idTag": "T", "meterStart": 361000, "timestamp": "$(now)"}
        09:03:00.1 CP2 < = {"transactionId": 8, "idTagInfo": {"status": "Accepted"}}
        09:04:00x30/60s CP2 > MeterValues {"connectorId": 1, "transactionId": 8, "meterValue": [{"timestamp": "$(now)", "sampledValue": [
            {"value": "361", "unit": "kWh"}, {"value": "1400", "measurand": "Power.Active.Import", "unit": "W"}]}]}
    Confounder:
        # power by phase, in kW, beside a register in Wh; and a register that stands still, which is another fault
        08:00:00 CP1 + ocpp2.0.1
        08:01:00 CP1 > TransactionEvent {"eventType": "Started", "seqNo": 0, "timestamp": "$(now)", "triggerReason": "Authorized", "evse": {"id": 1, "connectorId": 1}, "transactionInfo": {"transactionId": "a"}}
        08:02:00x16/60s CP1 > TransactionEvent {"eventType": "Updated", "seqNo": $(1+i), "timestamp": "$(now)", "triggerReason": "MeterValuePeriodic", "transactionInfo": {"transactionId": "a"}, "meterValue": [{"timestamp": "$(now)", "sampledValue": [
            {"value": $(5000+180*i)}, {"value": 3.6, "measurand": "Power.Active.Import", "phase": "L1", "unitOfMeasure": {"unit": "W", "multiplier": 3}},
            {"value": 3.6, "measurand": "Power.Active.Import", "phase": "L2", "unitOfMeasure": {"unit": "kW"}}, {"value": 3600, "measurand": "Power.Active.Import", "phase": "L3", "unitOfMeasure": {"unit": "W"}}]}]}
        08:01:10 CP1 > TransactionEvent {"eventType": "Started", "seqNo": 0, "timestamp": "$(now)", "triggerReason": "Authorized", "evse": {"id": 2, "connectorId": 1}, "transactionInfo": {"transactionId": "b"}}
        08:02:10x16/60s CP1 > TransactionEvent {"eventType": "Updated", "seqNo": $(1+i), "timestamp": "$(now)", "triggerReason": "MeterValuePeriodic", "transactionInfo": {"transactionId": "b"}, "meterValue": [{"timestamp": "$(now)", "sampledValue": [
            {"value": 7000}, {"value": 11000, "measurand": "Power.Active.Import"}]}]}
    Not a fault when: the register only stands still (frozen or coarse); the two differ by another factor (phases).
    Likely causes: a unit that is labelled wrongly, or left out where it is not the default.
    What to do: correct the label in the firmware; until then convert by a rule for this model and firmware.
    Source: OCPP 1.6 7.31, 7.45; 2.0.1 UnitOfMeasureType; OpenEVSE issue 703, evcc issue 19351.
    """
    outlets = places(readings, transactions)
    owner = transactions_of(readings, outlets, transactions)
    sums = sums_of(readings, owner)
    enough = (sums.samples >= fewest) & (sums.seconds >= shortest)
    wrong = _compared(sums, enough, band, least)
    wrong |= _ends(sums, enough, transactions, band, least, known=set(wrong))
    names = np.array(places(transactions, transactions).to_pylist(), dtype=object)
    judged = np.zeros(transactions.num_rows, dtype=bool)
    judged[sums.rows[enough & ~np.isnan(sums.power)]] = True
    findings = []
    for station, rows in by_station(transactions):
        own = [row for row in rows.tolist() if row in wrong]
        if not own and not judged[rows].any():
            findings.append(
                not_judged(
                    station, f"no transaction with {fewest} samples of both register and power over {shortest:g} s"
                )
            )
        for outlet, why in dict.fromkeys((str(names[row]), wrong[row]) for row in own):
            chosen = [row for row in own if (str(names[row]), wrong[row]) == (outlet, why)]
            findings.append(_finding(station, outlet, why, chosen, sums, readings, owner, transactions))
    return table(findings)


def _compared(sums: Sums, enough: Flags, band: float, least: float) -> dict[int, str]:
    """Transactions whose register and power disagree by 1000, with which of the two is to blame."""
    register, power, hours = sums.register, sums.power, sums.seconds / 3600
    found = {}
    low = enough & _thousandth(register, power, sums.resolution, band, least)
    high = enough & _thousandth(power, register, np.zeros(len(power)), band, least)
    for index in np.flatnonzero(low).tolist():
        found[int(sums.rows[index])] = POWER_HIGH if power[index] / hours[index] > GREATEST else REGISTER_LOW
    for index in np.flatnonzero(high).tolist():
        found[int(sums.rows[index])] = REGISTER_HIGH if register[index] / hours[index] > GREATEST else POWER_LOW
    return found


def _ends(
    sums: Sums, enough: Flags, transactions: pa.Table, band: float, least: float, *, known: set[int]
) -> dict[int, str]:
    """Transactions of 1.6 whose meterStart and meterStop, in whole Wh, disagree with their samples by 1000."""
    whole = reals(transactions["energy"])[sums.rows] if len(sums.rows) else np.zeros(0)
    found = {}
    for index in np.flatnonzero(enough & _thousandth(whole, sums.register, np.ones(len(whole)), band, least)).tolist():
        found[int(sums.rows[index])] = ENDS_LOW
    for index in np.flatnonzero(enough & _thousandth(sums.register, whole, sums.resolution, band, least)).tolist():
        found[int(sums.rows[index])] = ENDS_HIGH
    return {row: why for row, why in found.items() if row not in known}


def _thousandth(small: Reals, large: Reals, step: Reals, band: float, least: float) -> Flags:
    """Where one is a thousandth of the other, within the band or the last digit of the smaller."""
    with np.errstate(invalid="ignore"):
        near = np.abs(small - large / 1000) <= np.maximum(band * large / 1000, step)
        flags: Flags = near & (small > 0) & (large >= least) & (small * FAR < large)
    return flags


def _finding(
    station: str,
    outlet: str,
    why: str,
    rows: list[int],
    sums: Sums,
    readings: pa.Table,
    owner: Ints,
    transactions: pa.Table,
) -> Finding:
    index = int(np.flatnonzero(sums.rows == rows[0])[0])
    register = float(sums.register[index])
    ends = why in {ENDS_LOW, ENDS_HIGH}
    other = float(reals(transactions["energy"])[rows[0]]) if ends else float(sums.power[index])
    against = "its ends say" if ends else "its power adds up to"
    more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
    proof = np.flatnonzero(np.isin(owner, rows) & same(readings["measurand"], MEASURAND))
    seen = micros(readings["ts"])[proof]
    return Finding(
        station,
        f"Transaction {transactions['transaction'][rows[0]].as_py()} of {outlet}{more}: its register rose by {register:.4g} Wh "
        f"while {against} {other:.4g} Wh, so {why}",
        start=int(seen.min()),
        end=int(seen.max()),
        value=register / other,
        limit=1.0,
        unit="",
        count=len(rows),
        evidence=evidence(readings, proof[:MAX_EVIDENCE]),
        subject=f"{outlet} {why}",
    )

"""Registers that start again at 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.meter_values.registers import proof, register_falls, registers
from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.rollover import rolled_over
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.checks.meter_values.registers import Registers
    from analyzer.kernels.columns import Flags, Ints


@check("MV08", "Register starts again", severity="warning")
def rebased(transactions: pa.Table, readings: pa.Table, boots: pa.Table) -> pa.Table:
    """An energy register starts again: at 0 in a new transaction, or lower than before after a reboot.

    Where three transactions or more start at 0 (nine of ten, and at least one after a register of more than 50 Wh), the
    register counts each session: that is worth knowing, and no more. Else each new start is a warning.

    Why it matters: the energy between two sessions cannot be checked, lost sessions cannot be recovered from the
        register, and a CSMS that takes two readings for one meter's bills nonsense.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00x3/3600s CP1 > StartTransaction#s$(i) {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "$(now)"}
        08:01:00.1x3/3600s CP1 < =#s$(i) {"transactionId": $(7+i), "idTagInfo": {"status": "Accepted"}}
        08:31:00x3/3600s CP1 > StopTransaction#e$(i) {"transactionId": $(7+i), "meterStop": $(5000*(1-i%2)), "timestamp": "$(now)"}
        08:31:00.1x3/3600s CP1 < =#e$(i) {}
        08:00:00 CP2 + ocpp1.6
        08:02:00x3/60s CP2 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(128500+120*i)"}]}]}
        08:06:00 CP2 - 1006
        08:07:00 CP2 + ocpp1.6
        08:07:01 CP2 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:08:00x3/60s CP2 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(20+120*i)"}]}]}
    Near miss:
        # a new meter: its first transactions start at 0, and nothing was counted before
        08:00:00 CP1 + ocpp1.6
        08:01:00x3/3600s CP1 > StartTransaction#s$(i) {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "$(now)"}
        08:01:00.1x3/3600s CP1 < =#s$(i) {"transactionId": $(7+i), "idTagInfo": {"status": "Accepted"}}
        08:31:00x3/3600s CP1 > StopTransaction#e$(i) {"transactionId": $(7+i), "meterStop": $(i//2*4000), "timestamp": "$(now)"}
        08:31:00.1x3/3600s CP1 < =#e$(i) {}
    Confounder:
        # a reboot that the register survives, and a reading of 0 that comes back
        08:00:00 CP1 + ocpp1.6
        08:02:00x3/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(128500+120*i)"}]}]}
        08:06:00 CP1 - 1006
        08:07:00 CP1 + ocpp1.6
        08:07:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:08:00 CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "0"}]}]}
        08:09:00x3/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(128900+120*i)"}]}]}
    Not a fault when: the meter is new; one to three readings of 0 come back (a meter that was not read yet).
    Likely causes: the charger counts by itself and not by its meter; a counter in memory that a reboot clears; a meter
        that was replaced.
    What to do: let the firmware report the meter's own register; where it counts sessions, bill by session and leave
        out every check across sessions.
    Source: OCPP 1.6 7.31 (registers should not be re-based); 2.0.1 J02.FR.17; Java-OCA-OCPP issue 331.
    """
    found = registers(readings, transactions)
    falls = register_falls(found, transactions, boots)
    told = falls.rebooted | falls.restarted | falls.habit
    told &= ~rolled_over(found.values[falls.after - 1], found.values[falls.after])
    after, rebooted, habit = falls.after[told], falls.rebooted[told], falls.habit[told]
    names = found.outlets_of(after)
    findings = []
    for station, rows in by_station(found.rows.take(after)):
        for outlet in dict.fromkeys(names[rows]):
            chosen = rows[names[rows] == outlet]
            findings.append(
                _finding(station, str(outlet), found, after[chosen], rebooted[chosen], habit=bool(habit[chosen].all()))
            )
    findings += _not_judged(transactions, found)
    return table(findings)


def _finding(station: str, outlet: str, found: Registers, after: Ints, rebooted: Flags, *, habit: bool) -> Finding:
    depths = found.values[after - 1] - found.values[after]
    worst = int(after[np.argmax(depths)])
    count = len(np.unique(found.moments[after]))
    before, now, unit = found.values[worst - 1], found.values[worst], found.rows["unit"][worst].as_py()
    sessions = len(np.unique(found.owner[(found.series == found.series[worst]) & (found.owner >= 0)]))
    reboots = int(rebooted.sum())
    if habit:
        text = (
            f"The register of {outlet} starts again with each transaction ({sessions} seen), "
            f"at {now:.10g} after {before:.10g} {unit}"
        )
        text += "; the charger had rebooted before, which may be why" if rebooted.all() else ""
    else:
        why = (
            "after a reboot"
            if rebooted.all()
            else f"{reboots} of them after a reboot"
            if reboots
            else "without a reboot"
        )
        text = f"The register of {outlet} started again {plural(count, 'time')}, {why}: at {now:.10g} after {before:.10g} {unit}"
    return Finding(
        station,
        text,
        start=int(found.seen[after].min()),
        end=int(found.seen[after].max()),
        value=float(now),
        limit=float(before),
        unit=unit,
        count=count,
        evidence=evidence(found.rows, proof(found, after, worst, MAX_EVIDENCE)),
        severity="info" if habit else None,
        subject=outlet,
    )


def _not_judged(transactions: pa.Table, found: Registers) -> list[Finding]:
    """Stations whose registers were read in one transaction only."""
    known = dict.fromkeys(found.rows["station"].to_pylist(), 0)
    for station, rows in by_station(found.rows):
        known[station] = len(np.unique(found.owner[rows]))
    return [
        not_judged(station, "no register was read in two transactions")
        for station, _ in by_station(transactions)
        if known.get(station, 0) < 2
    ]

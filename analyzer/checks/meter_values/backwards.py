"""Registers that go backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.meter_values.registers import proof, register_falls, registers
from analyzer.checks.rows import by_station, evidence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.rollover import rolled_over
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.checks.meter_values.registers import Registers
    from analyzer.kernels.columns import Flags, Ints


@check("MV07", "Register goes backwards", severity="critical")
def backwards(readings: pa.Table, transactions: pa.Table, boots: pa.Table) -> pa.Table:
    """An energy register stands lower than before, and stays so; between transactions that is a warning.

    A register that runs out of digits (from just below 100 MWh, or ten times that, to just above 0) is an information.
    Readings are compared in the order of their own times, each outlet, measurand, phase and location by itself. The
    fall must be more than 1 Wh, and more than the last digit of the meter stands for. meterStart and meterStop count
    where an outlet sends no samples.

    Why it matters: energy is billed as the difference of two readings; one fall makes a session too cheap or negative.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > StartTransaction {"connectorId": 1, "idTag": "T", "meterStart": 128400, "timestamp": "$(now)"}
        08:01:00.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:02:00x5/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(128500+120*i)"}]}]}
        08:07:00x5/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(128480+120*i)"}]}]}
    Near miss:
        # a meter of 0.1 kWh beside one of 1 Wh, on EVSEs of their own; phases have registers of their own
        08:00:00 CP1 + ocpp2.0.1
        08:01:00x9/60s CP1 > MeterValues {"evseId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [
            {"value": "$(128.4+0.1*i)", "unitOfMeasure": {"unit": "kWh"}}, {"value": "$(300+i)", "phase": "L1"}]}]}
        08:01:30x9/60s CP1 > MeterValues {"evseId": 2, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(2000+i)"}]}]}
        08:10:00 CP1 > MeterValues {"evseId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": 129.1, "unitOfMeasure": {"unit": "kWh"}}]}]}
    Confounder:
        # one reading of 0 that comes back, an old reading that is sent late, and a clock that is set back
        08:00:00 CP1 + ocpp1.6
        08:02:00x3/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now+3600)", "sampledValue": [{"value": "$(128500+120*i)"}]}]}
        08:05:00 CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now+3600)", "sampledValue": [{"value": "0"}]}]}
        08:06:00x3/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now+3600)", "sampledValue": [{"value": "$(129000+120*i)"}]}]}
        08:09:00x3/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(129400+120*i)"}]}]}
        08:12:00 CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now-90)", "sampledValue": [{"value": "129580"}]}]}
    Not a fault when: up to three readings stray and come back; the charger rebooted between the two readings, or the
        register starts again at 0 in another transaction (MV08); the reading only arrives late.
    Likely causes: a meter that lost its memory; two meters read in turn; a counter that overflows; a meter that was
        replaced.
    What to do: do not bill by the difference across the fall; have the meter checked, mend the firmware.
    Source: OCPP 1.6 7.31 ("monotonically increasing"); 2.0.1 J02.FR.16.
    """
    found = registers(readings, transactions)
    falls = register_falls(found, transactions, boots)
    full = rolled_over(found.values[falls.after - 1], found.values[falls.after])
    told = full | ~(falls.rebooted | falls.restarted | falls.habit)
    after, within, full = falls.after[told], falls.within[told], full[told]
    findings = list(_without_registers(readings, found))
    for station, rows in by_station(found.rows.take(after)):
        outlets = found.outlets_of(after[rows])
        findings += [
            _finding(station, str(outlet), found, after[own], within[own], over=over)
            for outlet in dict.fromkeys(outlets)
            for over in (False, True)
            if len(own := rows[(outlets == outlet) & (full[rows] == over)])
        ]
    return table(findings)


def _finding(station: str, outlet: str, found: Registers, after: Ints, within: Flags, *, over: bool) -> Finding:
    depths = found.values[after - 1] - found.values[after]
    worst = int(after[np.argmax(np.where(within, depths, 0.0) if within.any() else depths)])
    count = len(np.unique(found.moments[after]))
    where = "in a transaction" if within.any() else "between transactions"
    more = f", {count} times in all" if count > 1 else ""
    end = "as it had no more digits" if over else "and stayed there"
    return Finding(
        station,
        f"The register of {outlet} went back from {found.values[worst - 1]:.10g} to {found.values[worst]:.10g} "
        f"{found.rows['unit'][worst].as_py()} {where}{more}, {end}",
        start=int(found.seen[after].min()),
        end=int(found.seen[after].max()),
        value=float(found.values[worst - 1] - found.values[worst]),
        limit=float(found.tolerance[worst]),
        unit=found.rows["unit"][worst].as_py(),
        count=count,
        evidence=evidence(found.rows, proof(found, after, worst, MAX_EVIDENCE)),
        severity="info" if over else None if within.any() else "warning",
        subject=f"{outlet} digits" if over else outlet,
    )


def _without_registers(readings: pa.Table, found: Registers) -> list[Finding]:
    known = set(found.rows["station"].to_pylist())
    return [
        not_judged(station, "it sends no energy register")
        for station, _ in by_station(readings)
        if station not in known
    ]

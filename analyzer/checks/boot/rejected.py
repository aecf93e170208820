"""Chargers that the CSMS does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa


@check("BT04", "Registration rejected", severity="error")
def rejected(boots: pa.Table) -> pa.Table:
    """The CSMS answered the charger's latest BootNotification with Rejected.

    Why it matters: a rejected charger must not do anything but ask again; it charges nobody.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01x3/300s CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1x3/300s CP1 < = {"currentTime": "$(now)", "interval": 300, "status": "Rejected"}
    Near miss:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "$(now)", "interval": 300, "status": "Rejected"}
        08:05:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:05:01.1 CP1 < = {"currentTime": "$(now)", "interval": 300, "status": "Accepted"}
    Confounder:
        # Pending is no rejection: the CSMS wants to configure the charger first
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "$(now)", "interval": 300, "status": "Pending"}
    Not a fault when: a later BootNotification is accepted or pending.
    Likely causes: the charger is not registered with the CSMS, or blocked; its serial number or model is not the one
        that the CSMS expects.
    What to do: register it, or let it through; compare the serial number in the BootNotification with the CSMS's.
    Source: OCPP 1.6 4.2 and errata 3.68; 2.0.1 B03.
    """
    answered = ~np.asarray(boots["status"].is_null(), dtype=bool)
    refused, times = same(boots["status"], "Rejected"), micros(boots["ts"])
    findings = []
    for station, rows in by_station(boots):
        own = rows[answered[rows]]
        if not len(own):
            findings.append(not_judged(station, "no answer to a BootNotification was seen"))
            continue
        own = own[np.argsort(times[own], kind="stable")]
        if not refused[own[-1]]:
            continue
        others = np.flatnonzero(~refused[own])
        chosen = own[others[-1] + 1 :] if len(others) else own
        findings.append(
            Finding(
                station,
                f"The CSMS rejected the charger's last {len(chosen)} BootNotifications"
                if len(chosen) > 1
                else "The CSMS rejected the charger's last BootNotification",
                start=int(times[chosen[0]]),
                end=int(times[chosen[-1]]),
                value=float(len(chosen)),
                limit=0.0,
                unit="boots",
                count=len(chosen),
                evidence=evidence(boots, chosen[-MAX_EVIDENCE:]),
            )
        )
    return table(findings)

"""Chargers that send a BootNotification whenever they reconnect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.rows import by_station, evidence
from analyzer.checks.websocket.ends import established
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import micros
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa


@check("BT02", "BootNotification on every reconnect", severity="info")
def reconnect_habit(connections: pa.Table, boots: pa.Table, *, fewest: int = 3, share: float = 0.8) -> pa.Table:
    """The charger sends a BootNotification whenever it reconnects, without having rebooted.

    It does so after a `share` of its reconnects, of which there must be `fewest`.

    Why it matters: its boots are no reboots, and must not be counted as such. A CSMS that configures a charger at each
        boot does so at each reconnect.
    Fires on:
        08:00:00x5/100s CP1 + ocpp1.6
        08:00:01x5/100s CP1 > BootNotification#b$(i) {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1x5/100s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:01:38x5/100s CP1 > Heartbeat#h$(i)
        08:01:38.1x5/100s CP1 < =#h$(i) {"currentTime": "$(now)"}
        08:01:39x5/100s CP1 - fin by csms
    Near miss:
        08:00:00x6/100s CP1 + ocpp1.6
        08:00:01x3/200s CP1 > BootNotification#b$(i) {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1x3/200s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:01:38x6/100s CP1 > Heartbeat#h$(i)
        08:01:38.1x6/100s CP1 < =#h$(i) {"currentTime": "$(now)"}
        08:01:39x6/100s CP1 - fin by csms
    Confounder:
        # it really reboots each time, and says so
        08:00:00x5/100s CP1 + ocpp2.0.1
        08:00:01x5/100s CP1 > BootNotification#b$(i) {"reason": "Watchdog", "chargingStation": {"vendorName": "Example", "model": "AC22"}}
        08:00:01.1x5/100s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:01:08x5/100s CP1 - fin by csms
    Not a fault when: there is evidence of a reboot (its reason, an accepted Reset, message ids that start again), or
        the CSMS asked for it (TriggerMessage).
    Likely causes: firmware that takes each connect for a boot.
    What to do: nothing urgent; update the firmware. Let the CSMS configure a charger once, not at each boot.
    Source: OCPP-J 1.6 5.4 ("SHOULD NOT"); 2.0.1 part 4 5.3.
    """
    kinds, backwards = boots["kind"].to_pylist(), np.argsort(micros(boots["ts"]), kind="stable")[::-1]
    first = dict(zip(boots["connection"].take(backwards).to_pylist(), backwards.tolist(), strict=True))
    up, names, times = established(connections), connections["connection"].to_pylist(), micros(connections["ts"])
    findings = []
    for station, rows in by_station(connections):
        own = rows[up[rows]]
        again = own[np.argsort(times[own], kind="stable")][1:]
        of = [first.get(names[row]) for row in again.tolist()]
        reconnects = [boot for boot in of if boot is None or kinds[boot] not in {"reboot", "triggered"}]
        habit = [boot for boot in reconnects if boot is not None]
        if len(reconnects) < fewest:
            findings.append(not_judged(station, f"fewer than {fewest} reconnects without a reboot were seen"))
        elif len(habit) < share * len(reconnects):
            continue
        elif not any(kinds[boot] == "reconnect" for boot in habit):
            findings.append(not_judged(station, "it boots when it reconnects, but nothing tells a reboot from a habit"))
        else:
            moments = micros(boots["ts"])[habit]
            findings.append(
                Finding(
                    station,
                    f"The charger sends a BootNotification when it reconnects ({len(habit)} of {len(reconnects)} times), "
                    "without evidence of a reboot",
                    start=int(moments.min()),
                    end=int(moments.max()),
                    value=100 * len(habit) / len(reconnects),
                    limit=100 * share,
                    unit="Percent",
                    count=len(habit),
                    evidence=evidence(boots, habit[:MAX_EVIDENCE]),
                )
            )
    return table(findings)

"""Messages about transactions that were queued while the charger was offline, and came late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.clock.standing import TOO_FEW
from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.transactions.lateness import lateness, messages_of_transactions
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, SECOND, flags, micros, same, seconds
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints, Reals

POWER_LOSS = "PowerLoss"


@check("TX11", "Offline replay", severity="info")
def offline_replay(
    transactions: pa.Table,
    calls: pa.Table,
    readings: pa.Table,
    clock: pa.Table,
    heartbeats: pa.Table,
    boots: pa.Table,
    *,
    late_seconds: float = 60.0,
) -> pa.Table:
    """Messages about transactions arrived late: the charger had queued them while it was offline.

    They came more than `late_seconds` after the time that they give, with the charger's clock corrected, or say
    themselves that they are late (`offline`), or report after a boot that the power had failed.

    Why it matters: until they came the CSMS knew nothing of these sessions; it is good that they came at all. Who bills
        by time of arrival bills wrong.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > StartTransaction {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "$(local+3600)"}
        08:00:10.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:01:00x5/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(local+3600)", "sampledValue": [{"value": "$(100+100*i)"}]}]}
        08:01:00.1x5/60s CP1 < = {}
        08:05:30 CP1 - 1006
        08:08:00 CP1 + ocpp1.6
        08:08:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:08:01.1 CP1 < = {"currentTime": "$(now)", "interval": 300, "status": "Accepted"}
        08:08:02 CP1 > StopTransaction {"transactionId": 7, "meterStop": 500, "timestamp": "$(local+3600-150)", "reason": "PowerLoss"}
        08:08:02.1 CP1 < = {}
    Near miss:
        # 55 s late
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > StartTransaction {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "$(now-55)"}
        08:00:10.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:01:00x5/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(100+100*i)"}]}]}
        08:01:00.1x5/60s CP1 < = {}
    Confounder:
        # the clock is five minutes behind; clock-aligned values give the start of their interval; a message is sent again
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 > StartTransaction {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "$(now-300)"}
        08:00:10.1 CP1 < = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:01:00x30/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now-300)", "sampledValue": [{"value": "$(100+100*i)"}]}]}
        08:01:00.1x30/60s CP1 < = {}
        08:15:02 CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now-1200)", "sampledValue": [{"value": "1500", "context": "Sample.Clock"}]}]}
        08:15:02.1 CP1 < = {}
        08:32:00 CP1 > StopTransaction {"transactionId": 7, "meterStop": 4000, "timestamp": "2026-01-01T08:27:00Z"}
        08:33:10 CP1 > StopTransaction {"transactionId": 7, "meterStop": 4000, "timestamp": "2026-01-01T08:27:00Z"}
        08:33:10.1 CP1 < = {}
    Not a fault when: ever: a charger must queue these messages while it is offline. The outage behind it may be one.
        Where nothing tells how the charger's clock stands, only what says `offline` counts.
    Likely causes: an outage of the network or of the CSMS; a power loss; a reboot within a session.
    What to do: look at the outages of this charger; bill by the times in the messages, not by their arrival.
    Source: OCPP 1.6 3.7 and 4.10; 2.0.1 E04, E11 and E12.FR.02; 60 s is this tool's own.
    """
    rows = messages_of_transactions(calls, readings)
    late = lateness(rows, clock, heartbeats, calls)
    told = flags(rows["told"])
    unplugged = _after_power_loss(rows, boots, late)
    chosen = told | (late > late_seconds) | unplugged
    known = set(pc.unique(transactions["station"].cast(pa.string())).to_pylist())
    findings = []
    for station, own in by_station(rows):
        if station not in known:
            continue
        if chosen[own].any():
            replayed = own[chosen[own]]
            findings.append(_finding(station, rows, replayed, late, unplugged, late_seconds))
        elif np.isnan(late[own]).all():
            findings.append(not_judged(station, TOO_FEW))
    return table(findings)


def _finding(station: str, rows: pa.Table, chosen: Ints, late: Reals, unplugged: Flags, limit: float) -> Finding:
    arrived, given = micros(rows["ts"])[chosen], micros(rows["measured"])[chosen]
    delays = late[chosen][~np.isnan(late[chosen])]
    times = given[given != NO_TIME]
    lost = chosen[unplugged[chosen]]
    worst = float(delays.max()) if len(delays) else None
    alone = len(chosen) == 1
    text = (
        f"{plural(len(chosen), 'transaction message')} arrived late"
        + (
            f", {'' if alone else 'up to '}{duration(round(worst))} after the time that {'it gives' if alone else 'they give'}"
            if worst
            else ""
        )
        + (f", over a span of {duration((times.max() - times.min()) / SECOND)}" if len(times) > 1 else "")
        + "".join(f"; {_loss(rows, int(row), late)}" for row in lost[:1])
        + (f" and {len(lost) - 1} more likewise" if len(lost) > 1 else "")
    )
    return Finding(
        station,
        text,
        start=int(arrived.min()),
        end=int(arrived.max()),
        value=worst,
        limit=limit,
        unit="s",
        count=len(chosen),
        evidence=evidence(rows, np.append(lost, np.setdiff1d(chosen, lost))[:MAX_EVIDENCE]),
    )


def _loss(rows: pa.Table, row: int, late: Reals) -> str:
    what = "StopTransaction" if rows["action"][row].as_py() == "StopTransaction" else "TransactionEvent Ended"
    after = duration(round(float(late[row])))
    return f"{what} was replayed after a power loss, {after} late (transaction {rows['transaction'][row]})"


def _after_power_loss(rows: pa.Table, boots: pa.Table, late: Reals) -> Flags:
    """The ends of transactions by a loss of power that were sent after the charger had booted."""
    arrived, booted = micros(rows["ts"]), micros(boots["ts"])
    last = np.append(booted, NO_TIME)[last_before(boots["station"], booted, rows["station"], arrived)]
    found: Flags = same(rows["reason"], POWER_LOSS) & (seconds(last, arrived) < late)
    return found

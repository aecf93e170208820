"""Samples that a transaction should have, and has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.checks.meter_values.gaps import explained, gaps_of
from analyzer.checks.meter_values.places import places
from analyzer.checks.meter_values.sampling import INFERRED, SAMPLE, intervals, samples_of
from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import coded
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.checks.meter_values.gaps import Gaps
    from analyzer.checks.meter_values.sampling import Samples
    from analyzer.findings import Evidence
    from analyzer.kernels.columns import Flags

ORIGINS = {"set": "as it was ordered", "get": "as the charger says", "report": "as the charger says"}


@check("MV26", "Missing samples", severity="error")
def missing_samples(
    transactions: pa.Table,
    readings: pa.Table,
    settings: pa.Table,
    outages: pa.Table,
    boots: pa.Table,
    issues: pa.Table,
    calls: pa.Table,
    connections: pa.Table,
    *,
    factor: float = 1.5,
    slack: float = 5.0,
    fail_samples: int = 3,
    fail_share: float = 0.05,
) -> pa.Table:
    """The charger did not send all samples of a transaction, although it was connected.

    Between two samples there may be `factor` intervals and `slack` seconds. It is an error where a transaction lacks
    `fail_samples` and more than `fail_share` of its samples, else a warning. The interval is the one in force; where
    none is known, the one that the samples themselves keep, which gives a warning at most. Before the first and after the last sample only a time in
    which the register rose counts. Samples that were lost in an outage are counted apart.

    Why it matters: load management and the driver's app see a stale power, and what a lost StopTransaction would cost
        cannot be told.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 < GetConfiguration {"key": ["MeterValueSampleInterval"]}
        08:00:10.2 CP1 > = {"configurationKey": [{"key": "MeterValueSampleInterval", "readonly": false, "value": "60"}]}
        08:00:30x24/60s CP1 > Heartbeat#h$(i)
        08:01:00 CP1 > StartTransaction#s {"connectorId": 1, "idTag": "T", "meterStart": 5000, "timestamp": "$(now)"}
        08:01:00.1 CP1 < =#s {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:02:00x6/60s CP1 > MeterValues#m$(i) {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(5120+120*i)"}]}]}
        08:13:00x8/60s CP1 > MeterValues#n$(i) {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(6440+120*i)"}]}]}
        08:20:30 CP1 > StopTransaction {"transactionId": 7, "meterStop": 7300, "timestamp": "$(now)"}
    Near miss:
        # a sample each 85 s at worst; from 08:09 the car takes nothing, and the charger pauses
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 < ChangeConfiguration {"key": "MeterValueSampleInterval", "value": "60"}
        08:00:10.2 CP1 > = {"status": "Accepted"}
        08:00:30x40/60s CP1 > Heartbeat#h$(i)
        08:01:00 CP1 > StartTransaction#s {"connectorId": 1, "idTag": "T", "meterStart": 5000, "timestamp": "$(now)"}
        08:01:00.1 CP1 < =#s {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
        08:02:25x6/85s CP1 > MeterValues#m$(i) {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(5120+120*i)"}]}]}
        08:25:00x5/60s CP1 > MeterValues#n$(i) {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(5722+120*i)"}]}]}
        08:39:30 CP1 > StopTransaction {"transactionId": 7, "meterStop": 6202, "timestamp": "$(now)"}
    Confounder:
        # an outage in a transaction of 2.0.1; what was sampled meanwhile is sent later
        08:00:00 CP1 + ocpp2.0.1
        08:00:10 CP1 < SetVariables {"setVariableData": [{"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}, "attributeValue": "60"}]}
        08:00:10.2 CP1 > = {"setVariableResult": [{"attributeStatus": "Accepted", "component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}]}
        08:01:00 CP1 > TransactionEvent#s {"eventType": "Started", "seqNo": 0, "timestamp": "$(now)", "triggerReason": "Authorized", "evse": {"id": 1, "connectorId": 1}, "transactionInfo": {"transactionId": "a"}}
        08:02:00x5/60s CP1 > TransactionEvent#m$(i) {"eventType": "Updated", "seqNo": $(1+i), "timestamp": "$(now)", "triggerReason": "MeterValuePeriodic", "transactionInfo": {"transactionId": "a"}, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": $(5120+120*i)}]}]}
        08:06:10 CP1 - 1006
        08:11:00 CP1 + ocpp2.0.1
        08:11:01x4/1s CP1 > TransactionEvent#o$(i) {"eventType": "Updated", "seqNo": $(6+i), "offline": true, "timestamp": "$(now-241+59*i)", "triggerReason": "MeterValuePeriodic", "transactionInfo": {"transactionId": "a"}, "meterValue": [{"timestamp": "$(now-241+59*i)", "sampledValue": [{"value": $(5720+120*i)}]}]}
        08:11:06x5/60s CP1 > TransactionEvent#n$(i) {"eventType": "Updated", "seqNo": $(10+i), "timestamp": "$(now)", "triggerReason": "MeterValuePeriodic", "transactionInfo": {"transactionId": "a"}, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": $(6320+120*i)}]}]}
        08:15:30 CP1 > TransactionEvent#e {"eventType": "Ended", "seqNo": 15, "timestamp": "$(now)", "triggerReason": "StopAuthorized", "transactionInfo": {"transactionId": "a"}}
    Not a fault when: the gap overlaps an outage, a reboot or a hole of the input; nothing flowed; the interval was
        changed in the transaction; samples name a wrong transaction (MV32); the charger keeps a longer interval than it
        was told, or sends no sample at all.
    Likely causes: a queue that overflows; firmware that skips samples under load or near its message limit.
    What to do: a longer sample interval, fewer measurands; update the firmware.
    Source: OCPP 1.6 4.7 and 9.1.19; 1.6 errata 3.15; 2.0.1 J02.FR.11; what may be dropped offline J02.FR.12.
    """
    samples = samples_of(readings, transactions)
    interval, origin = intervals(samples, settings, transactions)
    allowed = factor * interval + slack
    gaps = explained(
        gaps_of(samples, interval, origin, allowed, transactions),
        samples,
        allowed,
        transactions,
        outages=outages,
        boots=boots,
        issues=issues,
        calls=calls,
        connections=connections,
    )
    received = np.bincount(samples.owner[samples.kind == SAMPLE], minlength=len(interval))
    outlets = np.array(places(transactions, transactions).to_pylist(), dtype=object)
    stations, owner = coded(transactions["station"]), samples.owner[gaps.at]
    told = np.array([name != INFERRED for name in origin], dtype=bool)
    findings = []
    for station, rows in by_station(transactions):
        judged = rows[~np.isnan(interval[rows]) & (received[rows] > 0)]
        if not len(judged):
            findings.append(not_judged(station, "no transaction with samples whose interval is known and not 0"))
        mine = stations.codes[owner] == stations.names.index(station)
        for outlet in dict.fromkeys(outlets[owner[mine & (gaps.unsent | gaps.lost)]]):
            own = mine & (outlets[owner] == outlet)
            unsent = own & gaps.unsent
            lacking = np.bincount(owner[unsent], gaps.missing[unsent], len(interval))
            failed = (lacking >= fail_samples) & (lacking > fail_share * (lacking + received)) & told
            worst = _worst(gaps, unsent if unsent.any() else own & gaps.lost)
            said = ORIGINS.get(str(origin[owner[worst]]), "as its samples keep it, for want of a setting")
            expected = int(received[judged[outlets[judged] == outlet]].sum()) + int(gaps.missing[own].sum())
            text, chosen = _told(str(outlet), gaps, own, expected)
            findings.append(
                Finding(
                    station,
                    f"{text}: none for {duration(gaps.seconds[worst])} at an interval of {interval[owner[worst]]:g} s ({said})",
                    start=int(samples.seen[gaps.at[chosen]].min()),
                    end=int(samples.seen[gaps.at[chosen] + 1].max()),
                    value=float(gaps.seconds[worst]),
                    limit=float(allowed[owner[worst]]),
                    unit="s",
                    count=int(gaps.missing[chosen].sum()),
                    evidence=_evidence(samples, gaps, chosen),
                    severity="info" if not unsent.any() else None if failed.any() else "warning",
                    subject=str(outlet) if unsent.any() else f"{outlet} offline",
                )
            )
    return table(findings)


def _worst(gaps: Gaps, chosen: Flags) -> int:
    """The longest of the chosen gaps."""
    rows = np.flatnonzero(chosen)
    return int(rows[np.argmax(gaps.seconds[rows])])


def _told(outlet: str, gaps: Gaps, own: Flags, expected: int) -> tuple[str, Flags]:
    """What is missing at an outlet in words, and the gaps that it is about."""
    unsent, lost = own & gaps.unsent, own & gaps.lost
    missing, offline = int(gaps.missing[unsent].sum()), int(gaps.missing[lost].sum())
    if not missing:
        text = f"{plural(offline, 'sample')} of {expected} on {outlet} lost in outages and never sent later"
        return f"{text}; none is missing else", lost
    more = f", and {offline} more lost in outages" if offline else ""
    return (
        f"{plural(missing, 'sample')} of {expected} on {outlet} not sent, although the charger was connected{more}",
        unsent,
    )


def _evidence(samples: Samples, gaps: Gaps, chosen: Flags) -> list[Evidence]:
    """The samples before and after each gap."""
    rows = samples.rows[np.concatenate([gaps.at[chosen], gaps.at[chosen] + 1])]
    return evidence(samples.readings, np.unique(rows[rows >= 0])[:MAX_EVIDENCE])

"""Samples that a transaction should have, and has not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.meter_values.places import places
from analyzer.checks.meter_values.sampling import HEAD, SAMPLE, TAIL, intervals, samples_of
from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, SECOND, coded, flags, micros, reals, same
from analyzer.kernels.sequences import latest
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.checks.meter_values.sampling import Samples
    from analyzer.kernels.columns import Flags, Ints, Reals

ORIGINS = {"set": "as it was ordered", "get": "as the charger says", "report": "as the charger says"}
IDLE = 100.0
"""W below which nothing flows: many chargers pause their samples then."""
GREATEST = 400_000.0
"""W above which two registers are not of one meter."""


class Gaps(NamedTuple):
    """Times without samples that are too long: where they begin in the samples, and what became of the samples."""

    at: Ints
    seconds: Reals
    missing: Ints
    unsent: Flags
    lost: Flags


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
    none is known, the one that the samples themselves keep. Before the first and after the last sample only a time in
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
        was told (MV27), or sends no sample at all (MV28).
    Likely causes: a queue that overflows; firmware that skips samples under load or near its message limit.
    What to do: a longer sample interval, fewer measurands; update the firmware.
    Source: OCPP 1.6 4.7 and 9.1.17; 1.6 errata 3.15; 2.0.1 J02.FR.11; what may be dropped offline J02.FR.12.
    """
    samples = samples_of(readings, transactions)
    interval, origin = intervals(samples, settings, transactions)
    gaps = _gaps(samples, interval, transactions, factor, slack)
    told = connections.filter(pa.array(~flags(connections["inferred"])))
    gaps = _explained(gaps, samples, interval * factor + slack, transactions, (outages, boots, issues, calls, told))
    received = np.bincount(samples.owner[samples.kind == SAMPLE], minlength=len(interval))
    outlets = np.array(places(transactions, transactions).to_pylist(), dtype=object)
    stations = coded(transactions["station"])
    findings = []
    for station, rows in by_station(transactions):
        judged = rows[~np.isnan(interval[rows]) & (received[rows] > 0)]
        if not len(judged):
            findings.append(not_judged(station, "no transaction with samples whose interval is known and not 0"))
        mine = stations.codes[samples.owner[gaps.at]] == stations.names.index(station)
        for outlet in dict.fromkeys(outlets[samples.owner[gaps.at[mine & (gaps.unsent | gaps.lost)]]]):
            own = mine & (outlets[samples.owner[gaps.at]] == outlet)
            asked = judged[outlets[judged] == outlet]
            found = _finding(station, str(outlet), samples, gaps, own, received, asked, interval, origin, factor, slack)
            owner = samples.owner[gaps.at]
            lacking = np.bincount(owner[own & gaps.unsent], gaps.missing[own & gaps.unsent], len(interval))
            failed = (lacking >= fail_samples) & (lacking > fail_share * (lacking + received))
            severity = "info" if not (own & gaps.unsent).any() else None if failed.any() else "warning"
            findings.append(found._replace(severity=severity))
    return table(findings)


def _gaps(samples: Samples, interval: Reals, transactions: pa.Table, factor: float, slack: float) -> Gaps:
    """The gaps that are too long for their interval, and in which energy flowed as far as the registers tell."""
    same_owner = samples.owner[1:] == samples.owner[:-1]
    spans = np.where(same_owner, (samples.moments[1:] - samples.moments[:-1]) / SECOND, np.nan)
    asked = interval[samples.owner[1:]]
    at = np.flatnonzero(spans > factor * asked + slack)
    seconds, asked = spans[at], asked[at]
    risen = samples.register[at + 1] - samples.register[at]
    power = risen / seconds * 3600
    first = np.full(len(interval), np.inf)
    kept = (samples.kind == SAMPLE) & ~np.isnan(samples.register)
    np.minimum.at(first, samples.owner[kept], samples.register[kept])
    # meterStart and the samples may be of two registers.
    apart = reals(transactions["meter_start"])[samples.owner[at]] > first[samples.owner[at]] + 1
    edge = (samples.kind[at] == HEAD) | (samples.kind[at + 1] == TAIL)
    flowed = np.where(edge, (power > IDLE) & (power < GREATEST) & ~apart, ~(power <= IDLE))
    # Samples are due from the start of the transaction on; the one at its end is its own.
    due = np.where(samples.kind[at + 1] == TAIL, np.floor(seconds / asked), np.rint(seconds / asked) - 1)
    missing = np.maximum(1, due).astype(np.int64)[flowed]
    none = np.zeros(int(flowed.sum()), dtype=bool)
    return Gaps(at[flowed], seconds[flowed], missing, none, none)


def _explained(
    gaps: Gaps, samples: Samples, allowed: Reals, transactions: pa.Table, others: tuple[pa.Table, ...]
) -> Gaps:
    """The gaps with what became of their samples: not sent by a charger that was connected, or lost in an outage."""
    outages, boots, issues, calls, told = others
    before, after = gaps.at, gaps.at + 1
    owner = samples.owner[before]
    low, high = (samples.moments[rows] + samples.shift[rows] for rows in (before, after))
    stations = transactions["station"].take(pa.array(owner))
    offline = _between(outages, "start", stations, low, high, until="end")
    offline |= _between(boots, "ts", stations, low, high)
    source, connection = (_of_sample(samples, name) for name in ("source", "connection"))
    holes = issues.filter(
        pc.or_(pc.fill_null(issues["damage"], fill_value=False), pa.array(same(issues["direction"], "up")))
    )
    nobody = pa.chunked_array([pa.array([""] * len(owner), pa.string())])
    lost_input = _between(holes, "ts", stations, low, high) | _between(
        holes.filter(holes["station"].is_null()), "ts", nobody, low, high
    )
    unwatched = lost_input | (source[before] != source[after])
    # A clock that is set, or a burst that is sent at once, makes a gap in one order of time only.
    arrived = (samples.seen[after] - samples.seen[before]) / SECOND > allowed[owner]
    spoke = calls.filter(pa.array(same(calls["direction"], "up")))
    alive = _between(
        spoke, "ts", stations, np.maximum(low, samples.seen[before]) + 1, np.minimum(high, samples.seen[after]) - 1
    )
    named = np.isin(connection[before], np.array(told["connection"].to_pylist() + [""], dtype=object).astype(str))
    alive |= named & (connection[before] == connection[after])
    ended = micros(transactions["stopped"])[owner] != NO_TIME
    return gaps._replace(unsent=arrived & ~offline & ~unwatched & alive, lost=offline & ~unwatched & ended)


def _of_sample(samples: Samples, name: str) -> np.ndarray:
    """A name of each sample's message; a start or an end has that of the sample beside it."""
    names = np.array([*samples.readings[name].cast(pa.string()).fill_null("").to_pylist(), ""], dtype=str)
    found = names[samples.rows]
    head, tail = np.flatnonzero(samples.kind == HEAD), np.flatnonzero(samples.kind == TAIL)
    found[head] = found[np.minimum(head + 1, len(found) - 1)]
    found[tail] = found[tail - 1]
    return found


def _between(
    events: pa.Table, time: str, stations: pa.ChunkedArray, low: Ints, high: Ints, until: str | None = None
) -> Flags:
    """Whether an event of each station came between two times; with `until`, one that lasts."""
    wanted = coded(stations)
    names = pc.fill_null(events["station"].cast(pa.string()), "")
    place = pc.fill_null(pc.index_in(names, pa.array(wanted.names, pa.string())), -1)
    groups, times = np.asarray(place, dtype=np.int64), micros(events[time])
    order = np.lexsort((times, groups))
    hits = latest(groups[order], times[order], wanted.codes, high)
    if not len(order):
        return np.zeros(len(low), dtype=bool)
    ends = (
        times
        if until is None
        else np.where(micros(events[until]) == NO_TIME, np.iinfo(np.int64).max, micros(events[until]))
    )
    found: Flags = (hits >= 0) & (times[order][hits] != NO_TIME) & (ends[order][hits] >= low)
    return found


def _finding(
    station: str,
    outlet: str,
    samples: Samples,
    gaps: Gaps,
    own: Flags,
    received: Ints,
    judged: Ints,
    interval: Reals,
    origin: list[str | None],
    factor: float,
    slack: float,
) -> Finding:
    unsent, lost = own & gaps.unsent, own & gaps.lost
    told = unsent if unsent.any() else lost
    worst = int(np.flatnonzero(told)[np.argmax(gaps.seconds[told])])
    owner = int(samples.owner[gaps.at[worst]])
    missing, offline = int(gaps.missing[unsent].sum()), int(gaps.missing[lost].sum())
    known = ORIGINS.get(str(origin[owner]), "as its samples keep it, for want of a setting")
    expected = int(received[judged].sum()) + missing + offline
    if unsent.any():
        text = f"{plural(missing, 'sample')} of {expected} on {outlet} not sent, although the charger was connected"
        text += f", and {offline} more lost in outages" if offline else ""
    else:
        text = f"{plural(offline, 'sample')} of {expected} on {outlet} lost in outages and never sent later; none is missing else"
    rows = samples.rows[np.concatenate([gaps.at[told], gaps.at[told] + 1])]
    return Finding(
        station,
        f"{text}: none for {duration(gaps.seconds[worst])} at an interval of {interval[owner]:g} s ({known})",
        start=int(samples.seen[gaps.at[told]].min()),
        end=int(samples.seen[gaps.at[told] + 1].max()),
        value=float(gaps.seconds[worst]),
        limit=float(factor * interval[owner] + slack),
        unit="s",
        count=missing or offline,
        evidence=evidence(samples.readings, np.unique(rows[rows >= 0])[:MAX_EVIDENCE]),
        subject=outlet if unsent.any() else f"{outlet} offline",
    )

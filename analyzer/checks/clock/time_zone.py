"""Chargers that send local time where UTC or a zone belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.checks.clock.standing import NEAR_A_ZONE, ahead, standings
from analyzer.checks.rows import evidence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import micros, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa


@check("CK03", "Time zone error", severity="error")
def time_zone(clock: pa.Table, heartbeats: pa.Table, calls: pa.Table, sources: pa.Table) -> pa.Table:
    """The charger's clock is wrong by a time zone: by whole quarters of an hour, 14 hours at most, to 60 seconds.

    Why it matters: sessions are billed at the wrong hour and day, tariffs and charging profiles apply at the wrong
        time, and each change to summer time shifts them again.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:10x30/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(local+3598)", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:10.1x30/60s CP1 < = {}
        08:00:30x10/180s CP1 > Heartbeat
        08:00:30.1x10/180s CP1 < = {"currentTime": "$(now)"}
    Near miss:
        # wrong by 50 minutes: that is no time zone
        08:00:00 CP1 + ocpp1.6
        08:00:10x30/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now+3000)", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:10.1x30/60s CP1 < = {}
    Confounder:
        # CP1 names its zone, CP2 replays two messages of an hour ago, and CP3's CSMS has the same time as CP3
        08:00:00 CP1 + ocpp1.6
        08:00:10x30/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(local+3600)+01:00", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:00 CP2 + ocpp1.6
        08:00:05x2/0.2s CP2 > StatusNotification {"connectorId": 1, "status": "Available", "errorCode": "NoError", "timestamp": "$(now-3600)"}
        08:00:00 CP3 + ocpp1.6
        08:00:10x30/60s CP3 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now+3600)", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:30x10/180s CP3 > Heartbeat#h$(i)
        08:00:30.1x10/180s CP3 < =#h$(i) {"currentTime": "$(now+3600)"}
    Not a fault when: the times name their zone, whichever it is; messages come late; the clock of the input is in
        another zone itself. That is not judged where neither the input nor an answer of the CSMS names a zone.
    Likely causes: the firmware writes local time without a zone designator, or marks it as UTC; a time zone was set on
        the charger that it should not apply to OCPP.
    What to do: set the charger to UTC; update the firmware; until then let the CSMS take its own time of arrival.
    Source: OCPP 1.6 3.14 and 3.15; steve issue 136; openWB core issue 2272; evcc issue 10399.
    """
    unzoned = wholes(clock["unzoned"], 0)
    samples, times = wholes(clock["samples"], 0), micros(clock["ts"])
    findings = []
    for standing in standings(clock, heartbeats, calls, sources):
        zone, rows = standing.zone, standing.rows
        if standing.why:
            findings.append(not_judged(standing.station, standing.why))
        elif zone is not None:
            bare = unzoned[rows].sum() * 2 > samples[rows].sum()
            findings.append(
                Finding(
                    standing.station,
                    f"The charger's clock stands {ahead(standing.error)}: it sends local time ({_named(zone)}) "
                    + ("without a zone" if bare else "as if it were UTC"),
                    start=int(times[rows].min()),
                    end=int(times[rows].max()),
                    value=standing.error,
                    limit=NEAR_A_ZONE,
                    unit="s",
                    count=int(samples[rows].sum()),
                    evidence=evidence(clock, rows[:MAX_EVIDENCE]),
                )
            )
    return table(findings)


def _named(zone: float) -> str:
    """A time zone by its distance from UTC.

    >>> _named(3600.0), _named(-12_600.0)
    ('UTC+01:00', 'UTC-03:30')
    """
    minutes = round(abs(zone) / 60)
    return f"UTC{'+' if zone > 0 else '-'}{minutes // 60:02d}:{minutes % 60:02d}"

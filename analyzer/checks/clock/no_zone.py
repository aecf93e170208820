"""Timestamps without a zone designator, where the clock is right all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.checks.clock.standing import RIGHT, standings
from analyzer.checks.rows import evidence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import micros, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa


@check("CK05", "No zone designator", severity="warning")
def no_zone(clock: pa.Table, heartbeats: pa.Table, calls: pa.Table, sources: pa.Table) -> pa.Table:
    """Timestamps of the charger have no zone, and yet its clock is right to 20 seconds when they are read as UTC.

    Why it matters: a CSMS may read such times as its own local time, or refuse the message; and what is right while the
        charger is set to UTC is wrong on the day when someone sets its zone.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:10x10/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(local)", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:10.1x10/60s CP1 < = {}
    Near miss:
        # an offset is a zone as good as Z
        08:00:00 CP1 + ocpp1.6
        08:00:10x10/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(local+7200)+02:00", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:10.1x10/60s CP1 < = {}
    Confounder:
        # local time without a zone: the clock is wrong by it, which is told by CK03 alone
        08:00:00 CP1 + ocpp1.6
        08:00:10x30/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(local+7199)", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:10.1x30/60s CP1 < = {}
    Not a fault when: the times are wrong by a time zone (CK03) or by something else (CK01): these say that the zone is
        missing.
    Likely causes: the firmware writes its clock as it is; a library that leaves out the Z of UTC.
    What to do: update the firmware; let the CSMS read times without a zone as UTC, and check them against arrival.
    Source: OCPP 1.6 3.14 and 3.15; RFC 3339 5.6; evcc issue 10399.
    """
    unzoned, times = wholes(clock["unzoned"], 0), micros(clock["ts"])
    findings = []
    for standing in standings(clock, heartbeats, calls, sources):
        rows = standing.rows[unzoned[standing.rows] > 0]
        if standing.why:
            findings.append(not_judged(standing.station, standing.why))
        elif len(rows) and abs(standing.error) <= RIGHT:
            bare = int(unzoned[rows].sum())
            findings.append(
                Finding(
                    standing.station,
                    f"{bare} of {standing.samples} timestamps have no zone designator; "
                    "read as UTC they are right, so far",
                    start=int(times[rows].min()),
                    end=int(times[rows].max()),
                    value=100.0 * bare / standing.samples,
                    limit=0.0,
                    unit="%",
                    count=bare,
                    evidence=evidence(clock, rows[:MAX_EVIDENCE]),
                )
            )
    return table(findings)

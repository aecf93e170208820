"""Clocks of chargers that are wrong, though not by a time zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analyzer.checks.clock.standing import ahead, standings
from analyzer.checks.rows import evidence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import SECOND, micros
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.checks.clock.standing import Standing

NEVER_SET = 2015
"""A charger of OCPP 1.6 whose clock says an earlier year has none that was set."""


@check("CK01", "Clock offset", severity="warning")
def offset(
    clock: pa.Table,
    heartbeats: pa.Table,
    calls: pa.Table,
    sources: pa.Table,
    *,
    info_seconds: float = 4.0,
    warn_seconds: float = 20.0,
    fail_seconds: float = 60.0,
) -> pa.Table:
    """The charger's clock is wrong by more than `info_seconds`, and not by a time zone.

    From `warn_seconds` on it is a warning, from `fail_seconds` on an error. What counts is the payload time less the
    arrival time on which live messages agree, hour by hour: most hours must show the error, or the last two.

    Why it matters: sessions are billed by the charger's times; charging profiles, reservations and certificates begin
        and end at the wrong moment.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:10x30/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now+95)", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:10.1x30/60s CP1 < = {}
        08:00:30x10/180s CP1 > Heartbeat
        08:00:30.1x10/180s CP1 < = {"currentTime": "$(now)"}
    Near miss:
        # 3.5 s may be on the way; certification allows 4 s
        08:00:00 CP1 + ocpp1.6
        08:00:10x30/60s CP1 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now-3.5)", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:10.1x30/60s CP1 < = {}
    Confounder:
        # CP1 replays what it had queued, CP2's clock was set by the boot answer, and of CP3 and its CSMS, who agree, the
        # input's clock differs
        08:00:00 CP1 + ocpp1.6
        08:00:01x20/0.2s CP1 > MeterValues#a$(i) {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now-7200+60*i)", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:01.1x20/0.2s CP1 < =#a$(i) {}
        08:01:00x30/60s CP1 > MeterValues {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": "$(now)", "sampledValue": [{"value": "$(9000+50*i)"}]}]}
        08:00:00 CP2 + ocpp1.6
        08:00:01 CP2 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP2 < = {"currentTime": "$(now)", "interval": 300, "status": "Accepted"}
        08:00:01.2x2/0.1s CP2 > StatusNotification {"connectorId": "$(i)", "status": "Available", "errorCode": "NoError", "timestamp": "1970-01-01T00:00:05Z"}
        08:00:10x3/300s CP2 > StatusNotification {"connectorId": 1, "status": "Available", "errorCode": "NoError", "timestamp": "$(now)"}
        08:00:00 CP3 + ocpp1.6
        08:00:10x30/60s CP3 > MeterValues {"connectorId": 1, "meterValue": [{"timestamp": "$(now+95)", "sampledValue": [{"value": "$(1000+50*i)"}]}]}
        08:00:30x10/180s CP3 > Heartbeat#h$(i)
        08:00:30.1x10/180s CP3 < =#h$(i) {"currentTime": "$(now+95)"}
    Not a fault when: messages come late (replayed, `offline`, on a slow link) or carry the start of their interval
        (Sample.Clock); the clock is wrong only until it is set; it agrees with the CSMS's clock while both differ from
        the input's. A clock that is wrong by a time zone is told by CK03.
    Likely causes: the charger does not take the time from the answers to BootNotification and Heartbeat; heartbeats are
        too rare for a poor clock; an NTP server that is not reached; an empty battery of the clock.
    What to do: check that Heartbeats are sent and answered with the right currentTime; set up NTP (2.0.1
        ClockCtrlr.TimeSource); update the firmware.
    Source: OCPP 1.6 4.2 and 4.6; 2.0.1 2.1.32 (20 s) and part 6 (4 s); 60 s is this tool's own.
    """
    findings = []
    for standing in standings(clock, heartbeats, calls, sources):
        if standing.why:
            findings.append(not_judged(standing.station, standing.why))
        elif standing.zone is None and abs(standing.error) > info_seconds:
            size = abs(standing.error)
            severity = "error" if size > fail_seconds else None if size > warn_seconds else "info"
            findings.append(_finding(clock, standing, warn_seconds if size > warn_seconds else info_seconds, severity))
    return table(findings)


def _finding(clock: pa.Table, standing: Standing, limit: float, severity: str | None) -> Finding:
    times = micros(clock["ts"])[standing.rows]
    unzoned = "; its times have no zone" if standing.unzoned else ""
    return Finding(
        standing.station,
        _words(standing.error, int(times[-1])) + unzoned,
        start=int(times.min()),
        end=int(times.max()),
        value=standing.error,
        limit=limit,
        unit="s",
        count=standing.samples,
        evidence=evidence(clock, standing.rows[:MAX_EVIDENCE]),
        severity=severity,
    )


def _words(error: float, at: int) -> str:
    """What is wrong.

    >>> _words(95.0, 0), _words(-1.7e9, 1_767_225_600_000_000)
    ("The charger's clock stands 95 s ahead", "The charger's clock was never set: it says 1972")
    """
    says, earliest = at / SECOND + error, datetime(NEVER_SET, 1, 1, tzinfo=UTC).timestamp()
    if 0 <= says < earliest <= at / SECOND:
        return f"The charger's clock was never set: it says {datetime.fromtimestamp(says, UTC).year}"
    return f"The charger's clock stands {ahead(error)}"

"""Heartbeats at another period than the one that was ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.checks.heartbeat.beats import lone_beats
from analyzer.checks.rows import by_station, duration, evidence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import SECOND, flags, micros, reals, same
from analyzer.ocpp.in_force import INTERVAL_KEY, READ_BACK, interval_in_force
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.findings import Evidence
    from analyzer.kernels.columns import Ints, Reals

ORDERED = {
    "boot": "the CSMS ordered in its answer to BootNotification",
    "set": "the CSMS ordered",
    "get": "the charger says it has",
}
NONSENSE = 10.0
"""Seconds below which an interval makes no sense: what the charger keeps instead may be its own setting."""


@check("HB04", "Heartbeat period differs from the accepted interval", severity="warning")
def period(
    messages: pa.Table,
    settings: pa.Table,
    *,
    tolerance: float = 5.0,
    warn_share: float = 0.1,
    fail_factor: float = 2.0,
    fewest: int = 5,
) -> pa.Table:
    """The charger beats at another period than the interval it accepted.

    What counts is the median of the times between two Heartbeats with no other message of the charger between them,
    of which there must be `fewest`. It may stray by `tolerance` seconds or `warn_share` of the interval, whichever is
    more; it is an error where it is `fail_factor` times longer or shorter. An interval that was only inferred from
    the beats themselves is never held against them.

    Why it matters: a CSMS waits for the interval that it ordered. If the charger keeps another, it is taken for
        offline while it is well, or its loss is noticed late; beats far too often cost traffic on mobile networks.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
        08:05:01x7/300s CP1 > Heartbeat
        08:05:01.1x7/300s CP1 < = {"currentTime": "$(now)"}
    Near miss:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
        08:01:01x7/66s CP1 > Heartbeat
        08:01:01.1x7/66s CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # meter values take the place of every second Heartbeat, and the interval 0 leaves the charger its choice
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
        08:01:00x9/120s CP1 > Heartbeat
        08:01:00.1x9/120s CP1 < = {"currentTime": "$(now)"}
        08:02:00x9/120s CP1 > MeterValues {"connectorId": 1, "meterValue": []}
        08:02:00.1x9/120s CP1 < = {}
        08:00:00 CP2 + ocpp1.6
        08:00:01 CP2 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP2 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 0, "status": "Accepted"}
        08:05:01x7/300s CP2 > Heartbeat
        08:05:01.1x7/300s CP2 < = {"currentTime": "$(now)"}
    Not a fault when: other messages stand between the Heartbeats, or the interval came with a Pending or Rejected
        answer: there it is the wait before the next BootNotification.
    Likely causes: the charger ignores the interval; minutes taken for seconds; it is applied only after a reboot; an
        interval that makes no sense, such as 1 s.
    What to do: order the interval that is meant (ChangeConfiguration or SetVariables HeartbeatInterval); update the
        firmware; mend the CSMS where it orders nonsense.
    Source: OCPP 1.6 4.2 and 9.1.10; 2.0.1 B01.FR.04, G02.FR.01.
    """
    beats, spans = lone_beats(messages)
    times = micros(beats["ts"])
    begins = times - np.rint(spans * SECOND).astype(np.int64)
    interval, origin = interval_in_force(settings, beats["station"], times)
    before, _ = interval_in_force(settings, beats["station"], begins)
    said = _told(settings)
    usable = np.isin(np.array(origin, dtype="U8"), list(ORDERED)) & (interval == before)
    judged, findings = set(), []
    for station, rows in by_station(beats):
        own = rows[usable[rows]]
        for ordered in np.unique(interval[own]).tolist():
            chosen = own[interval[own] == ordered]
            chosen = chosen[np.argsort(times[chosen], kind="stable")]
            if len(chosen) < fewest:
                continue
            judged.add(station)
            kept = float(np.median(spans[chosen]))
            if abs(kept - ordered) <= max(tolerance, warn_share * ordered):
                continue
            far = kept > fail_factor * ordered or kept < ordered / fail_factor
            whose = ORDERED[str(origin[int(chosen[-1])])]
            findings.append(
                Finding(
                    station,
                    f"The charger beats every {duration(kept)} (median of {len(chosen)} times), "
                    f"not every {duration(ordered)} as {whose}{_configured(said, station, ordered)}",
                    start=int(times[chosen].min()),
                    end=int(times[chosen].max()),
                    value=kept,
                    limit=ordered,
                    unit="s",
                    count=len(chosen),
                    evidence=[
                        *evidence(beats, chosen[: MAX_EVIDENCE - 1]),
                        *_order(said, station, ordered, int(times[chosen].max())),
                    ],
                    severity="error" if far else None,
                    subject=f"{ordered:g} s",
                )
            )
    findings += [
        not_judged(station, f"fewer than {fewest} Heartbeats in a row under an interval that was ordered or read back")
        for station, _ in by_station(messages)
        if station not in judged
    ]
    return table(findings)


class Told(NamedTuple):
    """What was said of the interval: the rows, which of them are each station's, and their numbers and times."""

    table: pa.Table
    rows: dict[str, Ints]
    numbers: Reals
    times: Ints


def _told(settings: pa.Table) -> Told:
    named = same(settings["key"], INTERVAL_KEY) & same(settings["operation"], *ORDERED, *READ_BACK)
    rows = settings.filter(pa.array(named & flags(settings["effective"])))
    return Told(rows, dict(by_station(rows)), reals(rows["number"]), micros(rows["ts"]))


def _order(told: Told, station: str, ordered: float, before: int) -> list[Evidence]:
    """Where the interval was ordered or read back: the last time before these beats ended, else the first."""
    rows = told.rows[station]
    rows = rows[told.numbers[rows] == ordered]
    rows = rows[np.argsort(told.times[rows], kind="stable")]
    earlier = int(np.searchsorted(told.times[rows], before, side="right"))
    return evidence(told.table, rows[max(earlier - 1, 0) :][:1])


def _configured(told: Told, station: str, ordered: float) -> str:
    """What the charger's configuration says of its interval where the CSMS orders one that makes no sense."""
    if ordered >= NONSENSE:
        return ""
    rows = told.rows[station]
    rows = rows[same(told.table["operation"].take(pa.array(rows)), *READ_BACK)]
    last = told.numbers[rows[np.argmax(told.times[rows])]] if len(rows) else ordered
    return f"; its configuration says {duration(float(last))}" * bool(last != ordered)

"""Ends that seem to come at the heartbeat interval because they are noticed only then."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence
from analyzer.checks.websocket.ends import ordered_ends, rebooted
from analyzer.checks.websocket.idle_cutoff import too_few, unwatched
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import NO_TIME, Ints, coded, micros, reals, same
from analyzer.kernels.idle import Quiet, cutoff, densest_window, quiet_times
from analyzer.kernels.intervals import habit
from analyzer.ocpp.in_force import interval_in_force
from analyzer.plan import check

SEEN_ENDING = ("close", "fin", "rst", "timeout", "lost")
MOST_PERIODS = 3


@check("WS14", "Drop noticed only at the next heartbeat", severity="info")
def noticed_late(
    connections: pa.Table,
    outages: pa.Table,
    idle_patterns: pa.Table,
    messages: pa.Table,
    controls: pa.Table,
    settings: pa.Table,
    calls: pa.Table,
    *,
    fewest: int = 5,
    share: float = 0.6,
    near: float = 0.02,
    most_youden: float = 0.7,
) -> pa.Table:
    """Connections seem to end after the same quiet time, but that is only when their end is noticed.

    `fewest` ends, and a `share` of all, come after a quiet of the charger that is `near` to one, two or three heartbeat
    intervals, or to its period of pings; and Youden's J of that quiet against what connections survived is below
    `most_youden`: as long a quiet is survived again and again.

    Why it matters: it looks like an idle timeout and is none. Who raises timeouts or shortens the interval for it mends
        nothing; the connections die at other times, of something else.
    Fires on:
        08:00:00x6/1600s CP1 + ocpp1.6
        08:00:01x6/1600s CP1 > BootNotification#b$(i) {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1x6/1600s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 300, "status": "Accepted"}
        08:05:01x6/1600s CP1 > Heartbeat#c$(i)
        08:05:01.1x6/1600s CP1 < =#c$(i) {"currentTime": "$(now)"}
        08:10:01x6/1600s CP1 > Heartbeat#d$(i)
        08:10:01.1x6/1600s CP1 < =#d$(i) {"currentTime": "$(now)"}
        08:15:01x6/1600s CP1 > Heartbeat#e$(i)
        08:15:01.1x6/1600s CP1 < =#e$(i) {"currentTime": "$(now)"}
        08:20:01x6/1600s CP1 - 1006 by csms
    Near miss:
        # the ends come after 290 s
        08:00:00x6/1600s CP1 + ocpp1.6
        08:00:01x6/1600s CP1 > BootNotification#b$(i) {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1x6/1600s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 300, "status": "Accepted"}
        08:05:01x6/1600s CP1 > Heartbeat#c$(i)
        08:05:01.1x6/1600s CP1 < =#c$(i) {"currentTime": "$(now)"}
        08:10:01x6/1600s CP1 > Heartbeat#d$(i)
        08:10:01.1x6/1600s CP1 < =#d$(i) {"currentTime": "$(now)"}
        08:14:51x6/1600s CP1 - 1006 by csms
    Confounder:
        # no quiet of 300 s is survived: a cut-off, which WS11 tells
        08:00:00x6/1600s CP1 + ocpp1.6
        08:00:01x6/1600s CP1 > BootNotification#b$(i) {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1x6/1600s CP1 < =#b$(i) {"currentTime": "$(now)", "interval": 300, "status": "Accepted"}
        08:01:01x6/1600s CP1 > StatusNotification#s$(i) {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        08:01:01.1x6/1600s CP1 < =#s$(i) {}
        08:06:01x6/1600s CP1 - 1006 by csms
    Not a fault when: the charger was reset or rebooted; an idle cut-off was found (WS11, WS12).
    Likely causes: a mobile network or a NAT that loses connections at any time, noticed when the next heartbeat fails.
    What to do: make a capture at the charger, which shows when the connection died; WebSocket pings notice it earlier.
    Source: measured with connections that end at random; the limits are this tool's own.
    """
    left_out = ordered_ends(calls, connections) | rebooted(connections, outages)
    others = connections["connection"].filter(pa.array(left_out)).cast(pa.string()).to_pylist()
    usable = same(outages["end_kind"], *SEEN_ENDING) & (~same(outages["connection"], *others) if others else True)
    noticed, quiet = micros(outages["noticed"]), reals(outages["idle_up"])
    interval, _ = interval_in_force(settings, outages["station"], noticed)
    explained = set(idle_patterns["station"].to_pylist())
    survived, pings = _by_name(messages, controls), _by_name(controls.filter(pa.array(same(controls["kind"], "ping"))))
    nothing = Quiet(np.array([]), np.array([], dtype=np.int64))
    findings = []
    for station, rows in by_station(outages):
        own = rows[usable[rows] & ~np.isnan(quiet[rows])]
        if station in explained or len(own) < fewest:
            continue
        window = densest_window(quiet[own])
        chosen = own[(quiet[own] >= window.low) & (quiet[own] <= window.high)]
        if len(chosen) < fewest or len(chosen) < share * len(own):
            continue
        periods = {
            "the heartbeat interval": float(np.nan_to_num(np.median(interval[chosen]))),
            "the period of its pings": float(np.nan_to_num(habit(pings.get(station, nothing).lengths))),
        }
        what = next((name for name, period in periods.items() if _multiple(window.median, period, near)), None)
        youden = cutoff(survived.get(station, nothing).lengths, quiet[own]).youden
        if what is None or youden >= most_youden:
            continue
        findings.append(
            Finding(
                station,
                f"{len(chosen)} of {len(own)} connections ended {duration(window.median)} after the charger's last "
                f"message, but that is {_multiple(window.median, periods[what], near)}x {what} and as long a quiet "
                "is survived: they ended earlier and were noticed then; no idle cut-off",
                start=int(noticed[chosen].min()),
                end=int(noticed[chosen].max()),
                value=youden,
                limit=most_youden,
                unit="Youden's J",
                count=len(chosen),
                evidence=evidence(outages, chosen[:MAX_EVIDENCE], "noticed"),
            )
        )
    return table([*findings, *too_few(outages, fewest, findings), *unwatched(connections, findings)])


def _multiple(quiet: float, period: float, near: float) -> int:
    """How many periods a quiet time is, 0 where it is no small whole number of them."""
    times = round(quiet / period) if period > 0 else 0
    return times if 1 <= times <= MOST_PERIODS and abs(quiet - times * period) <= near * times * period else 0


def _by_name(*signs: pa.Table) -> dict[str, Quiet]:
    """The times between the charger's signs of life on the same connection, by station."""
    rows = pa.concat_tables([table.select(["station", "connection", "ts", "direction"]) for table in signs])
    rows = rows.unify_dictionaries()
    rows = rows.filter(pa.array(same(rows["direction"], "up") & (micros(rows["ts"]) != NO_TIME)))
    connection, times = coded(rows["connection"]).codes, micros(rows["ts"])
    found: dict[str, Quiet] = {}
    for station, own in by_station(rows):
        order: Ints = own[np.lexsort((times[own], connection[own]))]
        found[station] = quiet_times(connection[order], times[order])
    return found

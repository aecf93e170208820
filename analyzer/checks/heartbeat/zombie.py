"""A charger whose heartbeats go on while the CSMS reaches it no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.heartbeat.beats import captured, registered
from analyzer.checks.rows import by_station, evidence
from analyzer.findings import Finding, not_judged, table
from analyzer.kernels.columns import coded, micros, reals, same
from analyzer.kernels.damage import answer_lost
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.kernels.columns import Flags, Ints


@check("HB08", "Heartbeats go on but calls of the CSMS are not answered", severity="critical")
def zombie(
    calls: pa.Table,
    connections: pa.Table,
    boots: pa.Table,
    sources: pa.Table,
    issues: pa.Table,
    *,
    patience: float = 30.0,
    fewest: int = 3,
) -> pa.Table:
    """The charger's heartbeats are answered while it answers no call of the CSMS: only one direction works.

    It takes `fewest` calls of the CSMS in a row on one connection, each unanswered after `patience` seconds, and an
    answered Heartbeat between the first and the last of them.

    Why it matters: the charger looks online and cannot be started, stopped or reset from afar; nobody is alarmed.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 < GetConfiguration {}
        08:00:10.3 CP1 > = {"configurationKey": []}
        08:01:00x6/60s CP1 > Heartbeat
        08:01:00.1x6/60s CP1 < = {"currentTime": "$(now)"}
        08:01:30 CP1 < RemoteStartTransaction {"idTag": "AB12"}
        08:02:30 CP1 < GetConfiguration {}
        08:03:30 CP1 < Reset {"type": "Soft"}
    Near miss:
        # the second answer comes, 50 s late
        08:00:00 CP1 + ocpp1.6
        08:00:10 CP1 < GetConfiguration {}
        08:00:10.3 CP1 > = {"configurationKey": []}
        08:01:00x6/60s CP1 > Heartbeat
        08:01:00.1x6/60s CP1 < = {"currentTime": "$(now)"}
        08:01:30 CP1 < RemoteStartTransaction#a {"idTag": "AB12"}
        08:02:30 CP1 < GetConfiguration#b {}
        08:03:20 CP1 > =#b {"configurationKey": []}
        08:03:30 CP1 < Reset#c {"type": "Soft"}
    Confounder:
        # the charger is not registered yet, so it need not answer; later it never answers one action
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Pending"}
        08:00:30x3/40s CP1 < GetConfiguration {}
        08:01:00x3/20s CP1 > Heartbeat#beat$(i)
        08:01:00.1x3/20s CP1 < =#beat$(i) {"currentTime": "$(now)"}
        08:03:01 CP1 > BootNotification#again {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:03:01.1 CP1 < =#again {"currentTime": "2026-01-01T08:03:01Z", "interval": 60, "status": "Accepted"}
        08:04:00 CP1 < GetConfiguration#get {}
        08:04:00.3 CP1 > =#get {"configurationKey": []}
        08:04:30x3/60s CP1 < DataTransfer {"vendorId": "Example"}
        08:05:00x4/60s CP1 > Heartbeat#later$(i)
        08:05:00.1x4/60s CP1 < =#later$(i) {"currentTime": "$(now)"}
    Not a fault when: the answers come late, the charger is not registered, the connection ended, a part of the input was
        lost where they may stand, or they are actions that this charger never answers while it answers others. Without a
        call of the CSMS nothing is judged; a log without any answer of the charger may leave them out, and is not judged.
    Likely causes: the way down is dead (NAT, proxy); the charger's receiving task hangs; the CSMS writes to an old
        socket; calls before the boot was accepted.
    What to do: send WebSocket pings from both sides at less than 90 s; let the CSMS drop the old socket when a charger
        connects anew; reset the charger.
    Source: OCPP-J 1.6 4.1; mobilityhouse/ocpp issues 338, 350 and 626.
    """
    down = calls.filter(pa.array(same(calls["direction"], "down") & ~same(calls["status"], "send")))
    down = down.filter(pa.array(registered(boots, down)))
    beats = calls.filter(pa.array(same(calls["action"], "Heartbeat") & same(calls["status"], "answered")))
    answered = same(down["status"], "answered", "error")
    waited = ~answered & (reals(down["open"]) >= patience) & ~answer_lost(issues, down, patience)
    connection, times = coded(down["connection"]).codes, micros(down["ts"])
    shown = captured(connections, sources)
    watched = set(coded(down["station"].filter(pa.array(answered | waited))).names)
    findings = [
        not_judged(station, "no call of the CSMS was watched for long enough")
        for station in coded(calls["station"]).names
        if station not in watched
    ]
    for station, rows in by_station(down):
        if station not in watched:
            continue
        if not answered[rows].any() and station not in shown:
            findings.append(not_judged(station, "the log holds no answer of the charger, and may leave them out"))
            continue
        runs = [
            run
            for run in _runs(connection, times, rows[(answered | waited)[rows]], waited, fewest)
            if len(_between(beats, down, run)) and not _ignored(down, rows[answered[rows]], run)
        ]
        if not runs:
            continue
        worst = max(runs, key=len)
        actions = ", ".join(sorted({str(name) for name in down["action"].take(pa.array(worst)).to_pylist()}))
        findings.append(
            Finding(
                station,
                f"The charger did not answer {len(worst)} calls of the CSMS in a row ({actions}), "
                f"while its Heartbeats were sent and answered",
                start=int(times[runs[0][0]]),
                end=int(times[runs[-1][-1]]),
                connection=down["connection"][int(worst[0])].as_py(),
                value=float(len(worst)),
                limit=float(fewest),
                unit="calls",
                count=sum(len(run) for run in runs),
                evidence=evidence(down, worst[:3]) + evidence(beats, _between(beats, down, worst)[:2]),
            )
        )
    return table(findings)


def _ignored(down: pa.Table, answered: Ints, run: Ints) -> bool:
    """Whether the charger answers calls, but never one of these actions: it may know none of them."""
    action = coded(down["action"]).codes
    return len(answered) > 0 and not np.isin(action[run], action[answered]).any()


def _runs(connection: Ints, times: Ints, rows: Ints, waited: Flags, fewest: int) -> Iterator[Ints]:
    """Calls of one connection in a row that were not answered, in order of time."""
    order = rows[np.lexsort((times[rows], connection[rows]))]
    breaks = np.flatnonzero((np.diff(connection[order]) != 0) | (waited[order][1:] != waited[order][:-1])) + 1
    for run in np.split(order, breaks):
        if len(run) >= fewest and waited[run[0]]:
            yield run


def _between(beats: pa.Table, down: pa.Table, run: Ints) -> Ints:
    """The answered Heartbeats between the first and the last call of a run, on its connection."""
    times, asked = micros(beats["ts"]), micros(down["ts"])[run]
    own = same(beats["connection"], str(down["connection"][int(run[0])].as_py()))
    found: Ints = np.flatnonzero(own & (times > asked[0]) & (times < asked[-1]))
    return found

"""Connections on which one side alone speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.heartbeat import answers
from analyzer.checks.protocol import unanswered
from analyzer.checks.protocol.sides import OTHER, SIDES, WHO
from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.ends import established
from analyzer.findings import MAX_EVIDENCE, UNKNOWN, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, coded, micros, same, seconds
from analyzer.kernels.damage import lost_between
from analyzer.ocpp.in_force import interval_in_force
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints

LAST = {"up": "last_up", "down": "last_down"}


@check("WS28", "Traffic in one direction only", severity="error")
def one_way(
    connections: pa.Table,
    messages: pa.Table,
    settings: pa.Table,
    calls: pa.Table,
    boots: pa.Table,
    sources: pa.Table,
    issues: pa.Table,
    *,
    fewest: int = 3,
    factor: float = 2.0,
    unknown_interval: float = 300.0,
) -> pa.Table:
    """A connection carried messages of one side alone, for longer than `factor` heartbeat intervals.

    It takes `fewest` messages of that side. `unknown_interval` stands for an interval that is not known.

    Why it matters: the connection looks alive and is of no use: what is asked is never answered.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
        08:05:00 CP1 - fin by csms
        08:05:30 CP1 + ocpp1.6
        08:06:00x8/90s CP1 > StatusNotification#s$(i) {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        08:18:00 CP1 - 1001 by station
    Near miss:
        # once the CSMS says something
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > Heartbeat
        08:00:01.1 CP1 < = {"currentTime": "$(now)"}
        08:05:00 CP1 - fin by csms
        08:05:30 CP1 + ocpp1.6
        08:06:00x8/90s CP1 > StatusNotification#s$(i) {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        08:06:00.2 CP1 < =#s0 {}
        08:18:00 CP1 - 1001 by station
    Confounder:
        # a log of what the charger sends, and no more
        08:00:00 CP1 + ocpp1.6
        08:00:01x20/60s CP1 > Heartbeat#h$(i)
        08:20:00 CP1 - fin by csms
    Not a fault when: the other side was not heard on any other connection: the log, or the capture, may be of one
        direction; a part of the input was lost; the connection was too short. Unanswered calls that PR07 tells, and
        Heartbeats that HB02 tells, are not told again.
    Likely causes: the way back is dead (NAT, proxy); the CSMS does not know what to do with the connection; a capture
        that sees one direction.
    What to do: check the point of the capture first; then look at the log of the silent side.
    Source: OCPP-J 1.6 4.1.1; RFC 6455 5.5.2; the limits are this tool's own.
    """
    begins, until = _watched(connections, sources)
    intervals, _ = interval_in_force(settings, connections["station"], begins)
    lengths, wanted = seconds(begins, until), factor * np.where(np.isnan(intervals), unknown_interval, intervals)
    lost = lost_between(issues, connections["connection"], connections["source"], begins, until)
    judged = established(connections) & (lengths >= wanted) & ~lost
    counts = {side: _counts(connections, messages, side) for side in LAST}
    others = (other(calls, connections, boots, sources, issues) for other in (answers.answers, unanswered.unanswered))
    told = {station for found in others for station in _found(found)}
    spoke = {side: micros(connections[name]) != NO_TIME for side, name in LAST.items()}
    findings = []
    for station, rows in by_station(connections):
        own = rows[judged[rows]]
        heard = {side: bool(spoke[side][rows].any()) for side in LAST}
        if not len(own):
            findings.append(not_judged(station, "none of its connections was watched for long enough"))
        elif not all(heard.values()) and (counts["up"][own] + counts["down"][own]).any():
            missing = SIDES["down" if heard["up"] else "up"]
            findings.append(not_judged(station, f"the input holds nothing of {missing}, and may leave it out"))
        for side in LAST:
            chosen = own[(counts[side][own] >= fewest) & (counts[OTHER[side]][own] == 0)]
            if not len(chosen) or not heard[OTHER[side]] or station in told:
                continue
            worst = int(chosen[np.argmax(counts[side][chosen])])
            findings.append(
                Finding(
                    station,
                    f"{WHO[side]} sent {plural(int(counts[side][worst]), 'message')} in {duration(lengths[worst])} on one "
                    f"connection, and {SIDES[OTHER[side]]} not one"
                    + (f"; {plural(len(chosen), 'such connection')}" if len(chosen) > 1 else ""),
                    start=int(begins[chosen].min()),
                    end=int(until[chosen].max()),
                    connection=connections["connection"][worst].as_py(),
                    value=float(counts[side][worst]),
                    limit=float(fewest),
                    unit="messages",
                    count=len(chosen),
                    evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                    subject=side,
                )
            )
    return table(findings)


def _watched(connections: pa.Table, sources: pa.Table) -> tuple[Ints, Ints]:
    """When each connection began, and until when it was watched."""
    begins, ends = micros(connections["upgraded"]), micros(connections["end"])
    begins = np.where(begins == NO_TIME, micros(connections["ts"]), begins)
    inputs = dict(zip(sources["source"].to_pylist(), micros(sources["end"]).tolist(), strict=True))
    last = np.array([inputs.get(name, NO_TIME) for name in connections["source"].to_pylist()], dtype=np.int64)
    return begins, np.where(ends == NO_TIME, last, ends)


def _counts(connections: pa.Table, messages: pa.Table, side: str) -> Ints:
    """How many messages of a side each connection carried."""
    spoken = coded(messages["connection"].filter(pa.array(same(messages["direction"], side))))
    counts = dict(zip(spoken.names, np.bincount(spoken.codes, minlength=len(spoken.names)).tolist(), strict=True))
    return np.array([counts.get(name, 0) for name in connections["connection"].to_pylist()], dtype=np.int64)


def _found(findings: pa.Table) -> list[str]:
    return coded(findings["station"].filter(pa.array(~same(findings["severity"], UNKNOWN)))).names

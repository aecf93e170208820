"""Heartbeats that the CSMS does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.heartbeat.beats import captured, registered
from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, coded, micros, reals, same
from analyzer.kernels.damage import answer_lost
from analyzer.kernels.sequences import longest_run
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags


@check("HB02", "Heartbeat not answered", severity="error")
def answers(
    calls: pa.Table,
    connections: pa.Table,
    boots: pa.Table,
    sources: pa.Table,
    issues: pa.Table,
    *,
    patience: float = 30.0,
    warn_share: float = 0.01,
    fail_in_a_row: int = 3,
    fail_share: float = 0.05,
    fail_beats: int = 20,
) -> pa.Table:
    """The CSMS did not answer Heartbeats of the charger.

    A Heartbeat counts when the connection was still watched `patience` seconds later. It is an error from
    `fail_in_a_row` in a row on, or from a share of `fail_share` among `fail_beats` or more; else a warning where more
    than `warn_share` stay unanswered, and a note where it is less.

    Why it matters: the answer sets the charger's clock, and a charger that hears none takes the CSMS for dead and
        reconnects, again and again.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00x3/60s CP1 > Heartbeat
        08:04:40 CP1 > StatusNotification#5 {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        08:04:40.1 CP1 < =#5 {}
        08:06:00 CP1 > Heartbeat#6
        08:06:00.1 CP1 < =#6 {"currentTime": "$(now)"}
    Near miss:
        # the last answer is slow, and comes
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00 CP1 > Heartbeat
        08:02:31 CP1 < = {"currentTime": "$(now)"}
        08:04:00 CP1 > Heartbeat
        08:04:00.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # the link is dead: the connection ends with a Heartbeat on its way
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00 CP1 > Heartbeat
        08:03:00 CP1 - 1006 by station
        08:03:10 CP1 + ocpp1.6
        08:04:10 CP1 > Heartbeat#9
        08:04:10.1 CP1 < =#9 {"currentTime": "$(now)"}
    Not a fault when: the answer comes late (that is another finding), the charger is not registered yet, the Heartbeat
        is sent again with its id, a part of the input was lost where its answer may stand, or the connection was dying:
        one or two Heartbeats after which nothing was heard. A log without any answer to a Heartbeat may leave them out,
        and is not judged; nor is a charger without a Heartbeat.
    Likely causes: a stuck worker of the CSMS; a stale session object; a proxy that buffers; a dead connection.
    What to do: look at the CSMS's handler and session map at these times; let the charger reconnect.
    Source: OCPP 1.6 4.6 ("SHALL respond"); 2.0.1 G02.
    """
    beats = calls.filter(pa.array(same(calls["action"], "Heartbeat") & same(calls["direction"], "up")))
    heard = _last_heard(connections, beats)
    beats = beats.filter(pa.array(registered(boots, beats) & (heard != NO_TIME) & ~_sent_again(beats)))
    open_for = reals(beats["open"])
    answered = same(beats["status"], "answered", "error")
    waited = ~answered & (open_for >= patience) & ~answer_lost(issues, beats, patience)
    waited &= ~_dying(connections, beats, waited, fail_in_a_row)
    judged = answered | waited
    shown = captured(connections, sources)
    watched = set(coded(beats["station"].filter(pa.array(judged))).names)
    findings = [
        not_judged(station, "no Heartbeat was watched for long enough")
        for station in coded(calls["station"]).names
        if station not in watched
    ]
    for station, rows in by_station(beats):
        if station not in watched:
            continue
        if not answered[rows].any() and station not in shown:
            findings.append(not_judged(station, "the log holds no answer to any Heartbeat, and may leave them out"))
            continue
        own = rows[judged[rows]]
        lost = own[waited[own]]
        if not len(lost):
            continue
        _, run = longest_run(waited[own])
        share = len(lost) / len(own)
        failed = run >= fail_in_a_row or (share > fail_share and len(own) >= fail_beats)
        findings.append(
            Finding(
                station,
                f"The CSMS did not answer {len(lost)} of {plural(len(own), 'Heartbeat')} ({100 * share:.3g} %), "
                f"at most {run} in a row",
                start=int(micros(beats["ts"])[lost].min()),
                end=int(micros(beats["ts"])[lost].max()),
                value=100 * share,
                limit=0.0,
                unit="Percent",
                count=len(lost),
                evidence=evidence(beats, lost[:MAX_EVIDENCE]),
                severity=None if failed else "warning" if share > warn_share else "info",
            )
        )
    return table(findings)


def _last_heard(connections: pa.Table, beats: pa.Table) -> np.ndarray:
    """When the CSMS was last heard on the connection of each Heartbeat."""
    known = dict(zip(connections["connection"].to_pylist(), micros(connections["last_down"]).tolist(), strict=True))
    return np.array([known.get(name, NO_TIME) for name in beats["connection"].to_pylist()], dtype=np.int64)


def _sent_again(beats: pa.Table) -> Flags:
    """Whether the next Heartbeat of the connection has the same id: a retry, whose answer is the answer."""
    connection, identity = coded(beats["connection"]).codes, coded(beats["id"]).codes
    order = np.lexsort((micros(beats["ts"]), connection))
    found = np.zeros(len(order), dtype=bool)
    unanswered = ~same(beats["status"], "answered", "error")[order]
    again = (connection[order][1:] == connection[order][:-1]) & (identity[order][1:] == identity[order][:-1])
    found[order[:-1]] = again & unanswered[:-1]
    return found


def _dying(connections: pa.Table, beats: pa.Table, waited: Flags, fewest: int) -> Flags:
    """Unanswered Heartbeats after which nothing was heard and the connection ended, where they are few."""
    ended = {
        name
        for name, kind in zip(connections["connection"].to_pylist(), connections["end_kind"].to_pylist(), strict=True)
        if kind not in {None, "open"}
    }
    names = coded(beats["connection"])
    last = waited & (micros(beats["ts"]) >= _last_heard(connections, beats))
    last &= np.array([name in ended for name in names.names], dtype=bool)[names.codes]
    counts = np.bincount(names.codes[last], minlength=len(names.names))
    found: Flags = last & (counts[names.codes] < fewest)
    return found

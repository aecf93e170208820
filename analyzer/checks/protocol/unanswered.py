"""Calls that the other side does not answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.heartbeat import zombie
from analyzer.checks.heartbeat.beats import captured
from analyzer.checks.protocol.repeats import content, sent_again
from analyzer.checks.protocol.sides import OTHER, SIDES, WHO, last_of_side
from analyzer.checks.rows import by_station, evidence, plural
from analyzer.findings import MAX_EVIDENCE, UNKNOWN, Finding, not_judged, table
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, coded, micros, reals, same
from analyzer.kernels.damage import answer_lost
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

VITAL = ("BootNotification", "StartTransaction", "StopTransaction", "TransactionEvent")
"""Calls of a charger without whose answer it is not registered, or a transaction is in doubt."""
UNREAD = ("bad_json", "not_ocpp", "elided")
"""Issues of one message that was there and could not be read: it may have been the answer."""
BLIND = ("compressed_midstream", "bad_deflate", "lost_frames", "message_too_long", "bad_fragment", "incomplete_message")
"""Issues after which more messages of the connection may not have been read; they are told once a connection."""
BOOT_AHEAD = 60 * SECOND
"""What is asked on a connection this soon before its first boot is asked before the charger is registered."""


@check("PR07", "Call without an answer", severity="error")
def unanswered(
    calls: pa.Table,
    connections: pa.Table,
    boots: pa.Table,
    sources: pa.Table,
    issues: pa.Table,
    *,
    patience: float = 30.0,
    fewest: int = 2,
    warn_share: float = 0.01,
    fail_share: float = 0.05,
    fail_calls: int = 50,
) -> pa.Table:
    """One side did not answer calls of the other.

    A call counts when its connection was still watched `patience` seconds later. A warning takes `fewest` of them and
    a share of more than `warn_share`, so of a handful of calls two are enough and one is not; an error takes more than
    `fail_share` of `fail_calls` or more. It is an error as well where a single BootNotification, StartTransaction,
    StopTransaction or TransactionEvent was never answered, neither the first time nor when it was sent again.

    Why it matters: each call must be answered, if only with an error. Who asks waits, and may send nothing else
        meanwhile: a charger's queue stands still, a command from afar seems to be lost, a transaction is in doubt.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01x10/60s CP1 > Heartbeat#h$(i)
        08:00:01.1x10/60s CP1 < =#h$(i) {"currentTime": "$(now)"}
        08:01:30 CP1 < GetConfiguration#1 {}
        08:01:30.4 CP1 > =#1 {"configurationKey": []}
        08:03:30 CP1 < TriggerMessage#2 {"requestedMessage": "MeterValues"}
        08:04:20 CP1 < UnlockConnector#3 {"connectorId": 1}
        08:06:30 CP1 > StopTransaction#4 {"transactionId": 7, "meterStop": 1200, "timestamp": "2026-01-01T08:06:30Z"}
        08:07:30 CP1 > StatusNotification#5 {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        08:07:30.1 CP1 < =#5 {}
    Near miss:
        # one call of a handful; a late answer; an error as answer; a StopTransaction that is answered when sent again
        08:00:00 CP1 + ocpp1.6
        08:01:30 CP1 < GetConfiguration#1 {}
        08:02:20 CP1 > =#1 {"configurationKey": []}
        08:03:30 CP1 < UnlockConnector#2 {"connectorId": 1}
        08:03:31 CP1 > !#2 NotSupported "no lock" {}
        08:04:30 CP1 < TriggerMessage#3 {"requestedMessage": "MeterValues"}
        08:06:30 CP1 > StopTransaction#4 {"transactionId": 7, "meterStop": 1200, "timestamp": "2026-01-01T08:06:30Z"}
        08:07:30 CP1 > StopTransaction#5 {"transactionId": 7, "meterStop": 1200, "timestamp": "2026-01-01T08:06:30Z"}
        08:07:30.1 CP1 < =#5 {}
    Confounder:
        # the link is dead, and its end is noticed late; what was on its way is sent again on the next connection
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat#1
        08:01:00.1 CP1 < =#1 {"currentTime": "$(now)"}
        08:02:00 CP1 > StatusNotification#2 {"connectorId": 1, "errorCode": "NoError", "status": "Finishing"}
        08:02:30 CP1 > StopTransaction#3 {"transactionId": 7, "meterStop": 1200, "timestamp": "2026-01-01T08:02:30Z"}
        08:04:00 CP1 - 1006 by station
        08:04:10 CP1 + ocpp1.6
        08:04:12 CP1 > StopTransaction#4 {"transactionId": 7, "meterStop": 1200, "timestamp": "2026-01-01T08:02:30Z"}
        08:04:12.1 CP1 < =#4 {}
    Not a fault when: the connection or the input ended first; the charger was not registered yet; the call was sent
        again with its id; a message that could not be read, or a hole of the capture, may be the answer; or nothing was
        heard of the CSMS any more until the connection ended. What a charger did not answer before its connection ended
        is told, as a warning at most. Heartbeats are HB02's matter, and a charger that answers no call any more while
        its Heartbeats go on is HB08's. A log without any answer in a direction may leave them out, and is not judged.
    Likely causes: a handler that fails without an answer; an action that is not implemented; overload; a command that
        makes the charger restart; a proxy that lets one direction through only.
    What to do: look at these calls in the log of the side that should have answered; let it answer with an error
        (NotImplemented, InternalError) where it can do nothing else.
    Source: OCPP-J 1.6 4.1.1; 2.0.1 part 4 4.1.1; the shares are this tool's own.
    """
    dead, stations = zombie.zombie(calls, connections, boots, sources, issues), coded(calls["station"]).names
    calls = calls.filter(pa.array(~same(calls["action"], "Heartbeat") & ~same(calls["status"], "send")))
    up, answered = same(calls["direction"], "up"), same(calls["status"], "answered", "error")
    heard = _heard(connections, calls)
    last = _last_of_connection(connections, calls, heard)
    waited = ~answered & (reals(calls["open"]) >= patience) & ~(last & up)
    waited &= ~_sent_again(calls, waited)
    waited &= ~_unregistered(calls, boots) & ~_unseen(calls, issues, patience) & ~_within(dead, calls)
    judged, vital = answered | waited, waited & _never_delivered(calls, answered)
    shown = captured(connections, sources)
    seen = set(coded(calls["station"].filter(pa.array(judged))).names)
    findings = [
        not_judged(station, "no call but Heartbeats was watched for long enough")
        for station in stations
        if station not in seen
    ]
    for station, rows in by_station(calls):
        for side in ("up", "down"):
            own = rows[judged[rows] & (up[rows] == (side == "up"))]
            lost = own[waited[own]]
            told = station in shown and bool((heard[own] != NO_TIME).any())
            if len(lost) and not answered[own].any() and not told:
                why = f"the input holds no answer of {SIDES[OTHER[side]]}, and may leave them out"
                findings.append(not_judged(station, why))
                continue
            share = len(lost) / max(len(own), 1)
            doubtful = vital[lost].any()
            if doubtful or (len(lost) >= fewest and share > warn_share):
                certain = len(lost) - int(last[lost].sum())
                failed = doubtful or (len(own) >= fail_calls and certain / len(own) > fail_share)
                finding = _finding(calls, side, own, lost, lost[vital[lost]], len(lost) - certain)
                findings.append(replace(finding, limit=100 * warn_share, severity=None if failed else "warning"))
    return table(findings)


def _finding(calls: pa.Table, side: str, own: Ints, lost: Ints, vital: Ints, ends: int) -> Finding:
    share, times = 100 * len(lost) / len(own), micros(calls["ts"])[lost]
    more = f"; never answered at all: {_listed(calls, vital)}" if len(vital) else ""
    if ends:
        more += f"; {ends} of them just before the connection ended, and may be lost with it"
    return Finding(
        calls["station"][int(own[0])].as_py(),
        f"{WHO[OTHER[side]]} did not answer {len(lost)} of {plural(len(own), 'call')} ({share:.3g} %): {_listed(calls, lost)}{more}",
        start=int(times.min()),
        end=int(times.max()),
        connection=calls["connection"][int(lost[0])].as_py(),
        value=share,
        unit="Percent",
        count=len(lost),
        evidence=evidence(calls, lost[:MAX_EVIDENCE]),
        subject=side,
    )


def _listed(calls: pa.Table, rows: Ints) -> str:
    counts = Counter(calls["action"].take(pa.array(rows)).to_pylist())
    return ", ".join(f"{action} ({count}x)" for action, count in counts.most_common())


def _heard(connections: pa.Table, calls: pa.Table) -> Ints:
    """When the side that should answer was last heard on the connection of each call: at the upgrade if not since.

    An upgrade without its request shows the CSMS alone: the capture may be of one direction.
    """
    upgraded, asked = micros(connections["upgraded"]), np.asarray(connections["path"].is_valid(), dtype=bool)
    found = {}
    for side, column, since in (
        ("up", "last_down", upgraded),
        ("down", "last_up", np.where(asked, upgraded, NO_TIME)),
    ):
        moments = micros(connections[column])
        found[side] = np.where(moments == NO_TIME, since, moments)
    rows = _places(calls, connections)
    return np.where(same(calls["direction"], "up"), found["up"][rows], found["down"][rows])


def _last_of_connection(connections: pa.Table, calls: pa.Table, heard: Ints) -> Flags:
    """Whether nothing was heard of the other side after the call until the connection ended: it may be lost with it.

    A BootNotification on a connection that was just upgraded reached a CSMS that lives.
    """
    rows = _places(calls, connections)
    ended = ~same(connections["end_kind"], "open") & np.asarray(connections["end_kind"].is_valid(), dtype=bool)
    fresh = same(calls["action"], "BootNotification") & (micros(connections["last_down"])[rows] == NO_TIME)
    found: Flags = ended[rows] & (heard != NO_TIME) & (micros(calls["ts"]) >= heard) & ~fresh
    return found


def _places(calls: pa.Table, connections: pa.Table) -> Ints:
    """The row of each call's connection."""
    names = connections["connection"].cast(pa.string()).combine_chunks()
    return np.asarray(pc.index_in(calls["connection"].cast(pa.string()), names), dtype=np.int64)


def _unregistered(calls: pa.Table, boots: pa.Table) -> Flags:
    """Whether a call stands before the first boot of its connection is accepted: it need not be answered (1.6 4.2)."""
    first: dict[str, int] = {}
    accepted: dict[str, int] = {}
    moments = zip(micros(boots["ts"]).tolist(), micros(boots["answered"]).tolist(), strict=True)
    named = zip(boots["connection"].to_pylist(), boots["status"].to_pylist(), strict=True)
    for (asked, answered), (name, status) in zip(moments, named, strict=True):
        first.setdefault(name, asked)
        if status == "Accepted":
            accepted.setdefault(name, answered)
    names, times = coded(calls["connection"]), micros(calls["ts"])
    begins = np.array([first.get(name, END_OF_TIME) for name in names.names] + [END_OF_TIME], dtype=np.int64)[
        names.codes
    ]
    ends = np.array([accepted.get(name, END_OF_TIME) for name in names.names] + [END_OF_TIME], dtype=np.int64)[
        names.codes
    ]
    found: Flags = (times >= begins - BOOT_AHEAD) & (times < ends) & ~same(calls["action"], "BootNotification")
    return found


def _unseen(calls: pa.Table, issues: pa.Table, patience: float) -> Flags:
    """Whether the answer may have been there and was not read."""
    times = micros(calls["ts"])
    unread = issues.filter(pa.array(same(issues["kind"], *UNREAD)))
    until = times + round(patience * SECOND)
    found = last_of_side(unread, calls, until, other=True, scope="station") >= times
    found |= answer_lost(issues, calls, patience)
    lost = issues.filter(pa.array(same(issues["kind"], *BLIND)))
    blind: dict[str, int] = {}
    for name, moment in zip(lost["connection"].to_pylist(), micros(lost["ts"]).tolist(), strict=True):
        blind[name] = min(moment, blind.get(name, END_OF_TIME))
    names = coded(calls["connection"])
    since = np.array([blind.get(name, END_OF_TIME) for name in names.names] + [END_OF_TIME], dtype=np.int64)[
        names.codes
    ]
    return found | (until >= since)


def _within(dead: pa.Table, calls: pa.Table) -> Flags:
    """Whether a call of the CSMS stands in a time in which the charger answered none: that is another finding."""
    dead = dead.filter(pa.array(~same(dead["severity"], UNKNOWN)))
    place = pc.fill_null(
        pc.index_in(calls["station"].cast(pa.string()), dead["station"].cast(pa.string()).combine_chunks()), -1
    )
    rows, times = np.asarray(place, dtype=np.int64), micros(calls["ts"])
    starts, ends = np.append(micros(dead["start"]), END_OF_TIME)[rows], np.append(micros(dead["end"]), NO_TIME)[rows]
    found: Flags = (rows >= 0) & same(calls["direction"], "down") & (times >= starts) & (times <= ends)
    return found


def _never_delivered(calls: pa.Table, answered: Flags) -> Flags:
    """Whether a vital call was not answered when it was sent again either, with whatever id and connection."""
    vital = np.flatnonzero(same(calls["action"], *VITAL) & same(calls["direction"], "up"))
    asked = calls.take(pa.array(vital))
    times, stations = micros(asked["ts"]), coded(asked["station"])
    keys = content(asked) * (len(stations.names) + 1) + stations.codes
    rows = np.flatnonzero(answered[vital])
    order = rows[np.lexsort((times[rows], keys[rows]))]
    last = np.searchsorted(keys[order], keys, side="right") - 1
    known = last >= 0
    known[known] = keys[order][last[known]] == keys[known]
    # A transaction's message that was answered once is delivered; a boot needs an answer each time.
    delivered = known & ~same(asked["action"], "BootNotification")
    delivered[known] |= times[order][last[known]] > times[known]
    found = np.zeros(calls.num_rows, dtype=bool)
    found[vital[~delivered]] = True
    return found


def _sent_again(calls: pa.Table, waited: Flags) -> Flags:
    """Whether a call that waited was soon sent again: only those with its id need a look."""
    ids = calls["id"].filter(pa.array(waited)).combine_chunks()
    rows = np.flatnonzero(np.asarray(pc.is_in(calls["id"], ids), dtype=bool))
    found = np.zeros(calls.num_rows, dtype=bool)
    found[rows] = sent_again(calls.take(pa.array(rows)))
    return found

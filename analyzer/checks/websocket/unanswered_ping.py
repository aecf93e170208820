"""Pings that get no pong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.rows import by_station, evidence, plural
from analyzer.checks.websocket.attempts import by_packets
from analyzer.checks.websocket.ends import ordered_ends
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, same
from analyzer.kernels.damage import lost_between
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints

SIDES = {"up": "The charger", "down": "The CSMS"}


@check("WS15", "Ping without pong", severity="error")
def unanswered_ping(
    connections: pa.Table,
    controls: pa.Table,
    messages: pa.Table,
    issues: pa.Table,
    sources: pa.Table,
    calls: pa.Table,
    *,
    patience: float = 20.0,
    soonest: float = 4.0,
    end_within: float = 30.0,
) -> pa.Table:
    """One side sent a WebSocket ping and got no pong within `patience` seconds.

    A ping also counts where its sender gave the connection up earlier, from `soonest` seconds after it on, having heard
    nothing. It is an error where the connection ended within `end_within` seconds after that; else a warning.

    Why it matters: a ping without a pong means a peer that is gone, or half of the way. What is said meanwhile is lost.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00x3/60s CP1 > ping
        08:01:00.1x3/60s CP1 < pong
        08:04:00 CP1 > ping
        08:04:21 CP1 - 1006 by station
        08:04:30 CP1 + ocpp1.6
    Near miss:
        # late by 19 s; and one pong for two pings (RFC 6455 5.5.3)
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > ping
        08:01:19 CP1 < pong
        08:02:00 CP1 > ping
        08:02:05 CP1 > ping
        08:02:06 CP1 < pong
        08:03:00 CP1 < =#1 {}
    Confounder:
        # a log that leaves pongs out; the other ends too soon after the ping to tell
        08:00:00 CP1 + ocpp1.6
        08:01:00x5/60s CP1 < ping
        08:06:00 CP1 > Heartbeat
        08:00:00 CP2 + ocpp1.6
        08:01:00 CP2 < ping
        08:01:00.1 CP2 > pong
        08:02:00 CP2 < ping
        08:02:03 CP2 - fin by csms
    Not a fault when: the pong comes late but in time, or for a later ping; the connection or the input ends before, or a
        part of it was lost there; the charger was resetting by order; the input shows no pong of that side at all and is
        a log, which may leave them out.
    Likely causes: radio loss; a half-open connection; a NAT that forgot it; firmware that answers no pings.
    What to do: look at what else was heard then (the summary tells); mend the radio; where the firmware answers no ping,
        update it before pings are switched off.
    Source: RFC 6455 5.5.2 and 5.5.3; websockets waits 20 s by default, libocpp 5 s (WebsocketPongTimeout).
    """
    frames = controls.filter(pa.array(same(controls["kind"], "ping", "pong") & (micros(controls["ts"]) != NO_TIME)))
    pings = frames.filter(pa.array(same(frames["kind"], "ping")))
    pongs = frames.filter(pa.array(same(frames["kind"], "pong")))
    times, wait = micros(pings["ts"]), round(patience * SECOND)
    ends, gone, gave_up = _ends(pings, connections, sources, calls)
    until = np.minimum(times + wait, ends)
    answered, heard = _answered(pings, pongs, until), _heard(pings, messages, frames, until)
    gave_up &= (ends - times >= round(soonest * SECOND)) & ~heard
    lost = lost_between(issues, pings["connection"], pings["source"], times, until)
    told = _told(pings, pongs, connections)
    missing = told & ~answered & ~lost & ((ends - times >= wait) | gave_up)
    fatal = missing & gone & (ends - times <= wait + round(end_within * SECOND))
    judged = told & (answered | missing)
    sent = dict(by_station(pings))
    findings = []
    for station, _ in by_station(connections):
        own = sent.get(station, np.array([], dtype=np.int64))
        if not judged[own].any():
            findings.append(not_judged(station, _why_not(told[own])))
        chosen = own[missing[own]]
        if len(chosen):
            findings.append(_finding(station, pings, chosen, int(judged[own].sum()), fatal, heard))
    return table(findings)


def _why_not(told: Flags) -> str:
    if not len(told):
        return "no ping was seen"
    return "no ping was watched for long enough" if told.any() else "the log holds no pong, and may leave them out"


def _finding(station: str, pings: pa.Table, chosen: Ints, judged: int, fatal: Flags, heard: Flags) -> Finding:
    times = micros(pings["ts"])[chosen]
    sides = Counter(pings["direction"].take(pa.array(chosen)).to_pylist()).most_common()
    ended, alive = int(fatal[chosen].sum()), int(heard[chosen].sum())
    who = " and ".join(f"{SIDES[side]} of {count}" for side, count in sides) if len(sides) > 1 else SIDES[sides[0][0]]
    parts = [
        f"{len(chosen)} of {plural(judged, 'ping')} got no pong: {who}",
        f"the connection ended soon after {ended} of them" if ended else "",
        f"the other side was heard after {alive} of them, so it is there and answers no ping" if alive else "",
    ]
    return Finding(
        station,
        "; ".join(filter(None, parts)),
        start=int(times.min()),
        end=int(times.max()),
        value=float(len(chosen)),
        limit=0.0,
        unit="pings",
        count=len(chosen),
        evidence=evidence(pings, chosen[:MAX_EVIDENCE]),
        severity=None if ended else "warning",
    )


def _ends(pings: pa.Table, connections: pa.Table, sources: pa.Table, calls: pa.Table) -> tuple[Ints, Flags, Flags]:
    """Of each ping how long its connection was watched, whether that ended, and whether the ping's sender ended it."""
    names = connections["connection"].cast(pa.string()).combine_chunks()
    place = np.asarray(pc.fill_null(pc.index_in(pings["connection"].cast(pa.string()), names), -1), dtype=np.int64)
    ends = np.append(micros(connections["end"]), NO_TIME)[place]
    ordered = np.append(ordered_ends(calls, connections), np.True_)[place]
    gone = (ends != NO_TIME) & ~ordered
    gave_up = gone.copy()
    up = same(pings["direction"], "up")
    for side, other in (("station", ~up), ("csms", up)):
        gave_up &= ~(other & np.append(same(connections["end_side"], side), np.False_)[place])
    return np.where(ends == NO_TIME, _watched(pings, sources), ends), gone, gave_up


def _watched(pings: pa.Table, sources: pa.Table) -> Ints:
    """When the input of each ping ends."""
    known = dict(zip(sources["source"].to_pylist(), micros(sources["end"]).tolist(), strict=True))
    source = coded(pings["source"])
    return np.array([*(known.get(name, NO_TIME) for name in source.names), NO_TIME], dtype=np.int64)[source.codes]


def _told(pings: pa.Table, pongs: pa.Table, connections: pa.Table) -> Flags:
    """The pings whose pong would be in the input: packets of both sides show all, a log with pongs of that side them."""
    both = by_packets(connections)
    for name in ("last_up", "last_down"):
        both &= micros(connections[name]) != NO_TIME
    captured = connections["connection"].filter(pa.array(both)).cast(pa.string())
    found = pc.is_in(pings["connection"].cast(pa.string()), captured.combine_chunks())
    shown = pc.is_in(_keys(pings, "station"), _keys(pongs, "station", turned=True))
    return np.asarray(pc.fill_null(pc.or_(found, shown), fill_value=False), dtype=bool)


def _answered(pings: pa.Table, pongs: pa.Table, until: Ints) -> Flags:
    """The pings that a pong followed in time: their own, or that of a later ping. One that was not asked for is none."""
    own = pc.is_in(_with_payload(pongs, turned=True), _with_payload(pings))
    plain = pc.is_in(
        _keys(pongs, "connection", turned=True), _keys(pings.filter(pings["detail"].is_null()), "connection")
    )
    meant = pongs.filter(pc.or_(pc.or_(own, plain), pongs["detail"].is_null()))
    return _after(pings, meant, until)


def _heard(pings: pa.Table, messages: pa.Table, frames: pa.Table, until: Ints) -> Flags:
    """The pings after which the other side was heard, by whatever it said."""
    columns = ["connection", "direction", "ts"]
    return _after(pings, pa.concat_tables([messages.select(columns), frames.select(columns)]), until)


def _after(pings: pa.Table, signs: pa.Table, until: Ints) -> Flags:
    """Whether one of these signs of the other side came after the ping, and by then."""
    times = micros(signs["ts"])
    hits = last_before(_keys(signs, "connection", turned=True), times, _keys(pings, "connection"), until)
    return np.append(times, NO_TIME)[hits] >= micros(pings["ts"])


def _keys(rows: pa.Table, name: str, *, turned: bool = False) -> pa.Array:
    """What frames belong together: a connection or station, and the side that pings; `turned` for what answers it."""
    asks = same(rows["direction"], "down" if turned else "up")
    side = pc.if_else(pa.array(asks), "up", "down")
    return pc.binary_join_element_wise(rows[name].cast(pa.string()).combine_chunks(), side, " ")


def _with_payload(rows: pa.Table, *, turned: bool = False) -> pa.Array:
    keys = _keys(rows, "connection", turned=turned)
    return pc.binary_join_element_wise(keys, rows["detail"].combine_chunks(), " ")

"""Connections that come up, and then nobody speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.heartbeat.beats import captured, lone_beats
from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.ends import established
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.as_of import first_of
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, same, seconds
from analyzer.kernels.damage import lost_between
from analyzer.kernels.intervals import habit
from analyzer.ocpp.in_force import interval_in_force
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints, Reals

UNSEEN = ("replaced", "lost")


@check("WS29", "Connected, and not a word", severity="error")
def no_word(
    connections: pa.Table,
    messages: pa.Table,
    settings: pa.Table,
    sources: pa.Table,
    issues: pa.Table,
    *,
    shortest: float = 60.0,
    factor: float = 3.0,
    fewest: int = 2,
) -> pa.Table:
    """The upgrade to WebSocket succeeded, and then neither side sent an OCPP message.

    A charger that comes back may be silent until its next Heartbeat: so it takes `factor` intervals, and `shortest`
    seconds. It is a warning where the first message came in the end. Of a charger that never spoke in a capture the
    interval is not known: there it takes `fewest` connections that ended so.

    Why it matters: both sides believe that the charger is online, and wait for each other.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:01:01x5/60s CP1 > Heartbeat
        08:01:01.1x5/60s CP1 < = {"currentTime": "$(now)"}
        08:06:00 CP1 - 1001 by csms
        08:06:30 CP1 + ocpp1.6
        08:16:30 CP1 - 1000 by csms
    Near miss:
        # it comes back, and its first Heartbeat is due an interval later
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "$(now)", "interval": 300, "status": "Accepted"}
        08:06:00 CP1 - 1001 by csms
        08:06:30 CP1 + ocpp1.6
        08:11:30 CP1 > Heartbeat
        08:11:30.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # the new connection is as dead as the one before, and replaced; a log without messages tells nothing
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "$(now)", "interval": 60, "status": "Accepted"}
        08:06:00 CP1 - timeout
        08:06:30 CP1 + ocpp1.6
        08:16:30 CP1 + ocpp1.6
        08:16:31 CP1 > Heartbeat
        08:16:31.1 CP1 < = {"currentTime": "$(now)"}
        08:00:00x3/600s CP2 + ocpp1.6
        08:09:00x3/600s CP2 - fin
    Not a fault when: nobody saw the end of the connection, or what lies in it could not be read; the input ends first.
    Likely causes: the charger waits for the CSMS, or the CSMS for the charger; a subprotocol that one side does not
        speak; a CSMS that accepts a charger it does not know.
    What to do: look at the subprotocol that was agreed (WS05), and at the charger's log after the upgrade; restart it.
    Source: OCPP 1.6 4.2; 2.0.1 B01; the limits are this tool's own.
    """
    begins, spoke = micros(connections["upgraded"]), _first_words(connections, messages)
    inputs = dict(zip(sources["source"].to_pylist(), micros(sources["end"]).tolist(), strict=True))
    ends = micros(connections["end"])
    last = np.array([inputs.get(name, NO_TIME) for name in connections["source"].to_pylist()], dtype=np.int64)
    until = np.where(spoke != NO_TIME, spoke, np.where(ends == NO_TIME, last, ends))
    lengths, kept = seconds(begins, until), _kept(connections, messages, settings, begins)
    lost = lost_between(issues, connections["connection"], connections["source"], begins, until)
    judged = established(connections) & (begins != NO_TIME) & ~lost & ~_unread(connections, issues)
    judged &= (spoke != NO_TIME) | ~same(connections["end_kind"], *UNSEEN)
    silent, shown = spoke == NO_TIME, captured(connections, sources)
    talking = set(coded(messages["station"]).names)
    findings = []
    for station, rows in by_station(connections):
        own = rows[judged[rows]]
        chosen = own[lengths[own] > np.maximum(factor * kept[own], shortest)]
        if station not in talking:
            mute = own[(ends[own] != NO_TIME) & (lengths[own] > shortest)]
            chosen = mute if station in shown and len(mute) >= fewest else mute[:0]
        if len(chosen):
            findings.append(_finding(connections, chosen, lengths, silent, kept))
        elif not len(own):
            findings.append(not_judged(station, "no upgrade of it was seen"))
        elif (np.isnan(kept[own]) & (lengths[own] > shortest)).any():
            findings.append(not_judged(station, "its heartbeat interval is not known"))
    return table(findings)


def _finding(connections: pa.Table, chosen: Ints, lengths: Reals, silent: Flags, kept: Reals) -> Finding:
    worst = int(chosen[np.argmax(lengths[chosen])])
    never = int(silent[chosen].sum())
    begins = micros(connections["upgraded"])
    interval = f"; its heartbeat interval is {kept[worst]:g} s" if kept[worst] > 0 else ""
    text = f"The connection was up for {duration(lengths[worst])} " + (
        "and nobody said a word" if silent[worst] else "before the first word was said"
    )
    return Finding(
        connections["station"][worst].as_py(),
        text + (f"; {plural(len(chosen), 'such connection')}" if len(chosen) > 1 else "") + interval,
        start=int(begins[chosen].min()),
        end=int((begins[chosen] + np.rint(lengths[chosen] * SECOND).astype(np.int64)).max()),
        connection=connections["connection"][worst].as_py(),
        value=float(lengths[worst]),
        unit="s",
        count=len(chosen),
        evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
        severity=None if never else "warning",
    )


def _first_words(connections: pa.Table, messages: pa.Table) -> Ints:
    """When the first message was seen on each connection."""
    order = np.argsort(micros(messages["ts"]), kind="stable")
    times = micros(messages["ts"])[order]
    rows = first_of(messages["connection"].take(pa.array(order)), times, connections["connection"])
    return np.append(times, NO_TIME)[rows]


def _kept(connections: pa.Table, messages: pa.Table, settings: pa.Table, begins: Ints) -> Reals:
    """The heartbeat interval in force when each connection came up, or the period that the charger keeps, if longer."""
    intervals, _ = interval_in_force(settings, connections["station"], begins)
    beats, spans = lone_beats(messages)
    habits = {station: habit(spans[rows]) for station, rows in by_station(beats)}
    usual = np.array([habits.get(name, np.nan) for name in connections["station"].to_pylist()], dtype=np.float64)
    return np.fmax(intervals, usual)


def _unread(connections: pa.Table, issues: pa.Table) -> Flags:
    """The connections of which something is told that could not be read."""
    names = [name for name in coded(issues["connection"]).names if name]
    return same(connections["connection"], *names, "")

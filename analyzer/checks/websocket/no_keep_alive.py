"""Quiet connections that nothing keeps alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.attempts import by_packets
from analyzer.checks.websocket.ends import abrupt, cut_off, established, ordered_ends, rebooted
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, coded, micros, reals, same, seconds
from analyzer.kernels.sequences import gaps
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Reals

PING_KEY = "WebSocketPingInterval"


@check("WS16", "No keep-alive", severity="warning")
def no_keep_alive(
    connections: pa.Table,
    messages: pa.Table,
    controls: pa.Table,
    transport: pa.Table,
    outages: pa.Table,
    idle_patterns: pa.Table,
    calls: pa.Table,
    settings: pa.Table,
    *,
    quiet: float = 65.0,
    shortest: float = 600.0,
) -> pa.Table:
    """Neither side pings, and the charger is mostly silent for more than `quiet` seconds between two messages.

    Connections of `shortest` seconds or more are looked at. It is a warning where one of them ended without a close
    frame after such a quiet, and no idle cut-off tells of it already; else it is an information: a quiet connection that
    holds is no fault.

    Why it matters: most timeouts of proxies are 60 s, and a NAT forgets a quiet connection; a dead connection is not
        noticed before somebody wants something.
    Fires on:
        08:00:00 CP1 + ocpp1.6 client_port=50001
        08:00:01x4/300s CP1 > Heartbeat#a$(i)
        08:00:01.1x4/300s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:17:30 CP1 - rst
        08:18:00 CP1 + ocpp1.6 client_port=50002
        08:18:01 CP1 > Heartbeat#b
        08:18:01.1 CP1 < =#b {"currentTime": "$(now)"}
    Near miss:
        # a beat every minute
        08:00:00 CP1 + ocpp1.6 client_port=50001
        08:00:01x20/60s CP1 > Heartbeat#a$(i)
        08:00:01.1x20/60s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:21:30 CP1 - rst
        08:22:00 CP1 + ocpp1.6 client_port=50002
    Confounder:
        # TCP keeps the connection alive (RFC 9293 3.8.4); and a log, which leaves pings out
        08:00:00 CP1 + ocpp1.6 client_port=50001
        08:00:01x4/300s CP1 > Heartbeat#a$(i)
        08:00:01.1x4/300s CP1 < =#a$(i) {"currentTime": "$(now)"}
        08:00:31x30/30s CP1 * keep_alive by station
        08:17:30 CP1 - rst
        08:18:00 CP1 + ocpp1.6 client_port=50002
        08:00:00 CP2 + ocpp1.6
        08:00:01x4/300s CP2 > Heartbeat#a$(i)
        08:00:01.1x4/300s CP2 < =#a$(i) {"currentTime": "$(now)"}
    Not a fault when: either side pings, or TCP does; the connection was watched for less than `shortest` seconds, is
        encrypted, or is told by a log, which may leave pings out.
    Likely causes: WebSocketPingInterval is 0 or not supported; the server's pings are switched off.
    What to do: set WebSocketPingInterval to 30 to 60 s, or let the server ping.
    Source: OCPP-J 1.6 5.3; OCPP-J 1.6 errata 3.11; 2.0.1 part 4 8.4.
    """
    lives = _lives(connections)
    seen = by_packets(connections) & established(connections) & (micros(connections["last_up"]) != NO_TIME)
    long = seen & (lives >= shortest)
    kept = _kept(connections, controls, transport)
    typical = _typical_gap(connections, messages)
    bare = long & ~kept & (typical > quiet)
    broken = bare & abrupt(connections) & _died_quiet(connections, outages, quiet)
    broken &= ~(ordered_ends(calls, connections) | rebooted(connections, outages))
    broken &= ~cut_off(connections, outages, idle_patterns)
    times = micros(connections["ts"])
    pings = _ping_interval(settings)
    findings = []
    for station, rows in by_station(connections):
        own = rows[long[rows]]
        if not len(own):
            findings.append(not_judged(station, "no connection was watched for long enough, frame by frame"))
        chosen = own[bare[own]]
        if not len(chosen):
            continue
        ended = int(broken[chosen].sum())
        usual = float(np.median(typical[chosen]))
        parts = [
            f"Nobody sends pings on {len(chosen)} of {plural(len(own), 'connection')}",
            f"the charger says something every {duration(usual)} (median)",
            f"{ended} of them ended without a close frame after a quiet" if ended else "",
            f"its {PING_KEY} is {pings[station]}" if station in pings else "",
        ]
        known = times[chosen][times[chosen] != NO_TIME]
        findings.append(
            Finding(
                station,
                "; ".join(filter(None, parts)),
                start=int(known.min()) if len(known) else None,
                end=int(known.max()) if len(known) else None,
                value=usual,
                limit=quiet,
                unit="s",
                count=len(chosen),
                evidence=evidence(connections, chosen[:MAX_EVIDENCE]),
                severity=None if ended else "info",
            )
        )
    return table(findings)


def _lives(connections: pa.Table) -> Reals:
    """How long each connection was seen to live."""
    last = np.maximum.reduce([micros(connections[name]) for name in ("end", "last_up", "last_down")])
    found: Reals = np.nan_to_num(seconds(micros(connections["ts"]), last))
    return found


def _kept(connections: pa.Table, controls: pa.Table, transport: pa.Table) -> Flags:
    """The connections on which somebody pings, or TCP keeps alive."""
    signs = [controls.filter(pa.array(same(controls["kind"], "ping", "pong")))]
    signs.append(transport.filter(pa.array(same(transport["kind"], "keep_alive"))))
    names = sorted({name for table in signs for name in coded(table["connection"]).names})
    return same(connections["connection"], *names) if names else np.zeros(connections.num_rows, dtype=bool)


def _typical_gap(connections: pa.Table, messages: pa.Table) -> Reals:
    """The median time between two messages of the charger, for each connection; NaN where it said one or none."""
    said = messages.filter(pa.array(same(messages["direction"], "up") & (micros(messages["ts"]) != NO_TIME)))
    connection, times = coded(said["connection"]), micros(said["ts"])
    order = np.lexsort((times, connection.codes))
    codes, spans = connection.codes[order], gaps(connection.codes[order], times[order])
    codes, spans = codes[~np.isnan(spans)], spans[~np.isnan(spans)]
    bounds = np.searchsorted(codes, np.arange(len(connection.names) + 1))
    medians = {
        name: float(np.median(spans[bounds[code] : bounds[code + 1]]))
        for code, name in enumerate(connection.names)
        if bounds[code + 1] > bounds[code]
    }
    return np.array([medians.get(name, np.nan) for name in connections["connection"].to_pylist()], dtype=np.float64)


def _died_quiet(connections: pa.Table, outages: pa.Table, quiet: float) -> Flags:
    """The connections that ended after a quiet of both sides."""
    names = outages["connection"].filter(pa.array(reals(outages["idle_any"]) > quiet)).cast(pa.string())
    return same(connections["connection"], *names.to_pylist()) if len(names) else np.zeros(connections.num_rows, bool)


def _ping_interval(settings: pa.Table) -> dict[str, str]:
    """What is known of the interval of pings that each charger has, the last that was told."""
    told = settings.filter(
        pa.array(same(settings["key"], PING_KEY) & np.asarray(settings["effective"].fill_null(True)))
    )
    return {row["station"]: f"{row['text']} s" for row in told.select(["station", "text"]).to_pylist() if row["text"]}

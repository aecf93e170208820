"""Connections of which one side has gone, and the other does not know it."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from analyzer.checks.heartbeat.beats import captured
from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket import black_hole
from analyzer.checks.websocket.ends import cut_off, established, rebooted
from analyzer.checks.websocket.idle_cutoff import unwatched
from analyzer.checks.websocket.resent import OTHER, Tail, heard_of, tails, whole
from analyzer.findings import MAX_EVIDENCE, UNKNOWN, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, coded, flags, micros, reals, records, same, seconds
from analyzer.ocpp.commands import commanded
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from analyzer.kernels.columns import Flags

SIDES = {"up": "station", "down": "csms"}
WHO = {"up": ("The charger", "the CSMS"), "down": ("The CSMS", "the charger")}
UNSEEN = ("replaced", "open")


@check("WS17", "Half-open connection", severity="error")
def half_open(
    connections: pa.Table,
    outages: pa.Table,
    idle_patterns: pa.Table,
    transport: pa.Table,
    messages: pa.Table,
    controls: pa.Table,
    tls_records: pa.Table,
    calls: pa.Table,
    issues: pa.Table,
    sources: pa.Table,
    *,
    fewest: int = 5,
    longest: float = 30.0,
) -> pa.Table:
    """One side of a connection was gone while the other still took it for alive.

    In a capture one side sends the same bytes again, `fewest` times or for more than `longest` seconds, nothing comes
    back any more, and then the connection is reset or given up, or the charger connects anew. Where no segments tell of
    it, the charger connects while nobody had seen an end of its connection before: a warning where the CSMS had sent
    calls into that in vain, else an information.

    Why it matters: until it is noticed, the CSMS shows a charger as online that cannot be reached, and some refuse its
        new connection because the old one is still there.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00 CP1 < TriggerMessage {"requestedMessage": "StatusNotification"}
        08:02:01x6/7s CP1 * retransmission by csms bytes=90
        08:03:30 CP1 + ocpp1.6
        08:03:31 CP1 > Heartbeat
        08:03:31.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        # it is answered in the end; and of the second nobody saw what came of it
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00 CP1 < TriggerMessage {"requestedMessage": "StatusNotification"}
        08:02:01x6/7s CP1 * retransmission by csms bytes=90
        08:02:40 CP1 > = {"status": "Accepted"}
        08:03:30 CP1 - 1001 by station
        08:04:00 CP1 + ocpp1.6
        08:04:30 CP1 < TriggerMessage {"requestedMessage": "StatusNotification"}
        08:04:31x6/7s CP1 * retransmission by csms bytes=90
    Confounder:
        # the charger restarts by order and says no goodbye: the CSMS talks to the dead
        08:00:00 CP1 + ocpp1.6
        08:01:00 CP1 < Reset {"type": "Hard"}
        08:01:00.2 CP1 > = {"status": "Accepted"}
        08:01:10 CP1 < TriggerMessage {"requestedMessage": "StatusNotification"}
        08:01:11x6/7s CP1 * retransmission by csms bytes=90
        08:02:30 CP1 + ocpp1.6
    Not a fault when: the charger had accepted a Reset or a firmware update, or rebooted, which the outage's cause tells;
        an idle cut-off explains the end (WS11, WS12), or large packets vanish (WS37); the silent side closes its window
        or says goodbye; a part of the capture was lost there. A log that tells of no end at all is not judged.
    Likely causes: loss of radio or power; a NAT that forgot the connection; a router that restarted.
    What to do: send WebSocket pings from both sides; let the CSMS drop the old connection when the charger connects anew.
    Source: OCPP-J 1.6 errata 3.11; RFC 9293 3.5.1; steve issue 357; ocpp-go issue 314.
    """
    excused = cut_off(connections, outages, idle_patterns) | rebooted(connections, outages)
    excused_names = set(coded(connections["connection"].filter(pa.array(excused))).names)
    signs = heard_of(messages, controls, tls_records, transport)
    holes = black_hole.black_hole(connections, transport, messages, controls, tls_records, issues, sources)
    vanished = set(coded(holes["station"].filter(pa.array(~same(holes["severity"], UNKNOWN)))).names)
    closed = _last_closed(transport)
    dead = [
        tail
        for tail in _noticed(whole(tails(transport, signs), transport, issues), connections)
        if (len(tail.rows) >= fewest or tail.seconds > longest)
        and tail.heard != NO_TIME  # else the capture may be of one direction
        and tail.connection not in excused_names
        and not (tail.station in vanished and bool((tail.sizes >= black_hole.LARGE).all()))
        and closed.get((tail.connection, OTHER[tail.direction]), NO_TIME) < max(tail.heard, NO_TIME + 1)
    ]
    dead = [tail for tail, ordered in zip(dead, _ordered(dead, calls), strict=True) if not ordered]
    findings = [*_resent(dead, transport)]
    told = {tail.connection for tail in dead} | excused_names
    findings += _replaced(outages, connections, calls, told, captured(connections, sources))
    return table([*findings, *unwatched(connections, findings)])


def _noticed(found: Iterable[Tail], connections: pa.Table) -> Iterator[Tail]:
    """Those after which the connection was reset or given up by the side that waited, or the charger connected anew."""
    columns = ["station", "connection", "ts", "end", "end_kind", "end_side"]
    rows = {row["connection"]: row for row in records(connections.select(columns))}
    latest: dict[str, int] = {}
    for row in rows.values():
        latest[row["station"]] = max(latest.get(row["station"], NO_TIME), NO_TIME if row["ts"] is None else row["ts"])
    for tail in found:
        row = rows.get(tail.connection, {})
        if not row or (row["end"] is not None and row["end"] < tail.times[0]):
            continue  # what is sent again after the end is the goodbye
        side, kind = row["end_side"], row["end_kind"]
        goodbye = kind in {"close", "fin"} and side != SIDES[tail.direction]
        ended = kind in {"rst", "timeout", "lost"} or (kind in {"close", "fin"} and not goodbye)
        if not goodbye and (ended or latest[tail.station] > tail.times[0]):
            yield tail


def _last_closed(transport: pa.Table) -> dict[tuple[str, str], int]:
    """When each side of each connection last closed its receive window: then it is there, and takes no more."""
    rows = transport.filter(pa.array(same(transport["kind"], "zero_window"))).select(["connection", "direction", "ts"])
    return {(row["connection"], row["direction"]): row["ts"] for row in sorted(records(rows), key=itemgetter("ts"))}


def _ordered(dead: Sequence[Tail], calls: pa.Table) -> list[bool]:
    stations = pa.chunked_array([pa.array([tail.station for tail in dead], pa.string())])
    begun = np.array([tail.times[0] for tail in dead], dtype=np.int64)
    return [bool(flag) for flag in commanded(calls, stations, begun)]


def _resent(dead: Sequence[Tail], transport: pa.Table) -> Iterator[Finding]:
    grouped: dict[str, list[Tail]] = {}
    for tail in dead:
        grouped.setdefault(tail.station, []).append(tail)
    for station, own in grouped.items():
        worst = max(own, key=lambda tail: tail.seconds)
        who, whom = WHO[worst.direction]
        times = f", and so on {plural(len(own), 'connection')} in all" if len(own) > 1 else ""
        yield Finding(
            station,
            f"{who} sent the same bytes again {len(worst.rows)} times in {duration(worst.seconds)} and heard nothing of "
            f"{whom} any more{times}",
            start=min(int(tail.times[0]) for tail in own),
            end=max(int(tail.times[-1]) for tail in own),
            connection=worst.connection,
            value=worst.seconds,
            unit="s",
            count=len(own),
            evidence=evidence(transport, worst.rows[:MAX_EVIDENCE]),
            subject="resent",
        )


def _replaced(
    outages: pa.Table, connections: pa.Table, calls: pa.Table, told: set[str], shown: set[str]
) -> Iterator[Finding]:
    """The connections that nobody saw end before the charger came back, and those of logs that tell of no end."""
    unseen = same(outages["end_kind"], *UNSEEN) & np.asarray(outages["next_connection"].is_valid(), dtype=bool)
    starts, noticed = micros(outages["start"]), micros(outages["noticed"])
    unseen &= ~same(outages["connection"], *told, "") & ~commanded(calls, outages["station"], starts)
    ending = shown | set(coded(connections["station"].filter(pa.array(_seen_to_end(connections)))).names)
    vain = _in_vain(calls, dict(zip(outages["connection"].to_pylist(), starts.tolist(), strict=True)))
    lengths, names = seconds(starts, noticed), outages["connection"].to_pylist()
    for station, rows in by_station(outages):
        own = rows[unseen[rows]]
        if not len(own):
            continue
        if station not in ending:
            yield not_judged(station, "the input tells of no end of its connections")
            continue
        worst = int(own[np.argmax(lengths[own])])
        sent = sum(vain.get(names[row], 0) for row in own.tolist())
        yield Finding(
            station,
            f"The charger connected anew while nobody had seen the end of its connection before, "
            f"{plural(len(own), 'time')}; it had been silent for {duration(lengths[worst])}"
            + (" at most" if len(own) > 1 else "")
            + (f"; the CSMS sent {plural(sent, 'call')} in vain" if sent else ""),
            start=int(starts[own].min()),
            end=int(noticed[own].max()),
            connection=names[worst],
            value=float(lengths[worst]),
            unit="s",
            count=len(own),
            evidence=evidence(outages, own[:MAX_EVIDENCE], "noticed"),
            severity="warning" if sent else "info",
            subject="replaced",
        )


def _seen_to_end(connections: pa.Table) -> Flags:
    found: Flags = established(connections) & flags(connections["end_observed"])
    return found


def _in_vain(calls: pa.Table, starts: Mapping[Any, int]) -> dict[str, int]:
    """How many calls of the CSMS on each connection were never answered after the charger had fallen silent on it."""
    down = same(calls["direction"], "down") & ~same(calls["status"], "answered", "error", "send")
    names, times = calls["connection"].to_pylist(), micros(calls["ts"])
    found: dict[str, int] = {}
    for row in np.flatnonzero(down & (reals(calls["open"]) >= 0)).tolist():
        if names[row] in starts and times[row] >= starts[names[row]]:
            found[names[row]] = found.get(names[row], 0) + 1
    return found

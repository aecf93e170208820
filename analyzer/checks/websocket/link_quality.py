"""Links that lose packets, are slow, or whose ends do not keep up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.resent import heard_of, sides, tails
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, SECOND, coded, micros, reals, same, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.kernels.columns import Flags, Ints

FIRST_PROBE = 3 * SECOND
"""A side that has something to say asks a closed window again after its retransmission timeout (RFC 9293 3.8.6.1)."""


@check("WS31", "Poor link", severity="warning")
def link_quality(
    connections: pa.Table,
    transport: pa.Table,
    messages: pa.Table,
    controls: pa.Table,
    tls_records: pa.Table,
    *,
    warn_share: float = 0.02,
    fail_share: float = 0.1,
    fewest_segments: int = 200,
    slow_seconds: float = 1.0,
    fewest_handshakes: int = 5,
    closed_seconds: float = 5.0,
) -> pa.Table:
    """TCP had to send much again, took long for a round trip, or found one side too busy to read.

    More than `warn_share` of `fewest_segments` or more sent again is a warning, more than `fail_share` an error. So are,
    as warnings, 19 of 20 round trips of `fewest_handshakes` or more above `slow_seconds` at worst (the 95th percentile),
    and a receive window that stayed closed for more than `closed_seconds` while the other side asked again.

    Why it matters: on a poor link answers come late, timeouts strike, and connections die for no reason of their own.
    Fires on:
        08:00:00 CP1 + ocpp1.6 segments=240 retransmissions=12
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:01:10x4/1s CP1 * retransmission by station bytes=60
        08:02:00 CP1 > Heartbeat
        08:02:00.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        08:00:00 CP1 + ocpp1.6 segments=1000 retransmissions=20 round_trip=0.9
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # one dead link, which is another finding; and too few segments to tell
        08:00:00 CP1 + ocpp1.6 segments=240 retransmissions=12
        08:01:00 CP1 > Heartbeat
        08:01:00.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00 CP1 > Heartbeat
        08:02:01x12/5s CP1 * retransmission by station bytes=60
        08:03:30 CP1 - timeout
        08:00:00 CP2 + ocpp1.6 segments=20 retransmissions=4 round_trip=2.5
        08:01:00 CP2 > Heartbeat
        08:01:00.1 CP2 < = {"currentTime": "$(now)"}
    Not a fault when: what was sent again was the last of a dead connection (WS17, WS37); there was too little traffic to
        tell. A log tells nothing of TCP, and is not judged.
    Likely causes: weak radio signal; a congested or throttled mobile network; a charger or CSMS that is overloaded, where
        the window stays closed.
    What to do: look at the signal strength; another antenna or network; look at the load of the side that does not read.
    Source: RFC 6298; RFC 9293 3.8.6.1; the limits are this tool's own.
    """
    signs = heard_of(messages, controls, tls_records, transport)
    vain: dict[str, int] = {}
    for tail in tails(transport, signs):
        vain[tail.connection] = vain.get(tail.connection, 0) + len(tail.rows)
    segments, trips = wholes(connections["segments"]), reals(connections["round_trip"])
    again = wholes(connections["retransmissions"], 0)
    again = np.maximum(again - np.array([vain.get(name, 0) for name in connections["connection"].to_pylist()]), 0)
    closed = _closed_windows(transport, heard_of(messages, controls, tls_records, transport.slice(0, 0)))
    long = np.flatnonzero(closed > closed_seconds)
    shut = {name: long[rows] for name, rows in by_station(transport.take(pa.array(long)))}
    resent = np.flatnonzero(same(transport["kind"], "retransmission"))
    proofs = {name: resent[rows] for name, rows in by_station(transport.take(pa.array(resent)))}
    findings: list[Finding] = []
    for station, rows in by_station(connections):
        sent, known = rows[segments[rows] > 0], rows[~np.isnan(trips[rows])]
        found = [
            *_lossy(
                connections,
                transport,
                proofs.get(station, resent[:0]),
                sent,
                segments,
                again,
                fewest_segments,
                warn_share,
                fail_share,
            ),
            *_slow(connections, known, trips, fewest_handshakes, slow_seconds),
            *_shut(transport, shut.get(station, long[:0]), closed, closed_seconds),
        ]
        findings += found
        if not found and not len(sent) and not len(known):
            findings.append(not_judged(station, "the input does not tell of TCP"))
        elif not found and segments[sent].sum() < fewest_segments and len(known) < fewest_handshakes:
            findings.append(not_judged(station, "too little traffic to tell how good its link is"))
    return table(findings)


def _lossy(
    connections: pa.Table,
    transport: pa.Table,
    proof: Ints,
    own: Ints,
    segments: Ints,
    again: Ints,
    fewest: int,
    warn: float,
    fail: float,
) -> Iterator[Finding]:
    total, repeated = int(segments[own].sum()), int(again[own].sum())
    share = repeated / max(total, 1)
    if total < fewest or share <= warn:
        return
    span = _span(connections, own)
    shown = evidence(transport, proof[:MAX_EVIDENCE]) or evidence(connections, own[:MAX_EVIDENCE])
    yield Finding(
        connections["station"][int(own[0])].as_py(),
        f"{repeated} of {plural(total, 'TCP segment')} had to be sent again ({100 * share:.3g} %)",
        start=span[0],
        end=span[1],
        value=100 * share,
        limit=100 * warn,
        unit="Percent",
        count=repeated,
        evidence=shown,
        severity="error" if share > fail else None,
        subject="loss",
    )


def _slow(connections: pa.Table, own: Ints, trips: np.ndarray, fewest: int, slow: float) -> Iterator[Finding]:
    if len(own) < fewest:
        return
    worst = float(np.percentile(trips[own], 95))
    if worst <= slow:
        return
    span, long = _span(connections, own), own[np.argsort(-trips[own], kind="stable")]
    yield Finding(
        connections["station"][int(own[0])].as_py(),
        f"Round trips take up to {duration(worst)} (95th percentile of {plural(len(own), 'TCP handshake')}, "
        f"median {float(np.median(trips[own])):.2g} s)",
        start=span[0],
        end=span[1],
        value=worst,
        limit=slow,
        unit="s",
        count=int((trips[own] > slow).sum()),
        evidence=evidence(connections, long[:MAX_EVIDENCE]),
        subject="slow",
    )


def _shut(transport: pa.Table, own: Ints, closed: np.ndarray, limit: float) -> Iterator[Finding]:
    if not len(own):
        return
    sent = same(transport["direction"], "up")[own]
    for side, who in (("up", "The charger"), ("down", "The CSMS")):
        rows = own[sent == (side == "up")]
        if len(rows):
            worst, times = int(rows[np.argmax(closed[rows])]), micros(transport["ts"])[rows]
            yield Finding(
                transport["station"][worst].as_py(),
                f"{who} did not read for {duration(closed[worst])}: its receive window was closed"
                + (f", {plural(len(rows), 'time')} in all" if len(rows) > 1 else ""),
                start=int(times.min()),
                end=int((times + (closed[rows] * SECOND).astype(np.int64)).max()),
                connection=transport["connection"][worst].as_py(),
                value=float(closed[worst]),
                limit=limit,
                unit="s",
                count=len(rows),
                evidence=evidence(transport, rows[:MAX_EVIDENCE]),
                subject=f"window {side}",
            )


def _span(connections: pa.Table, own: Ints) -> tuple[int | None, int | None]:
    """From the first sight of these connections to the last that is known of them."""
    rows = connections.select(["ts", "end", "last_up", "last_down"]).take(pa.array(own))
    known = np.array([micros(column) for column in rows.columns])
    told = known[known != NO_TIME]
    return (int(told.min()), int(told.max())) if len(told) else (None, None)


def _closed_windows(transport: pa.Table, signs: pa.Table) -> np.ndarray:
    """For each row of the transport that closes a window, the seconds for which the other side asked it again, else 0."""
    kinds, times = transport["kind"], micros(transport["ts"])
    shut = same(kinds, "zero_window") & np.asarray(transport["direction"].is_valid(), dtype=bool)
    probing: Flags = same(kinds, "keep_alive")
    probing |= same(kinds, "retransmission") & (wholes(transport["bytes"]) >= 0) & (wholes(transport["bytes"]) <= 1)
    probes = _by_side(transport.filter(pa.array(probing)))
    spoken = _by_side(signs)
    waiting = sides(transport, other=True).to_pylist()
    found, none = np.zeros(transport.num_rows), np.empty(0, dtype=np.int64)
    for row in np.flatnonzero(shut).tolist():
        asked, said = probes.get(waiting[row], none), spoken.get(waiting[row], none)
        first = np.searchsorted(asked, times[row])
        later = said[np.searchsorted(said, times[row], side="right") :]
        last = np.searchsorted(asked, later[0]) if len(later) else len(asked)
        if first < last and asked[first] - times[row] <= FIRST_PROBE:
            found[row] = (asked[last - 1] - times[row]) / SECOND
    return found


def _by_side(table: pa.Table) -> dict[str, Ints]:
    """The times at which each side of each connection was seen, sorted."""
    named, times = coded(sides(table)), micros(table["ts"])
    order = np.lexsort((times, named.codes))
    bounds = np.searchsorted(named.codes[order], np.arange(len(named.names) + 1))
    return {name: times[order[bounds[code] : bounds[code + 1]]] for code, name in enumerate(named.names)}

"""What a capture or a log lacks of a charger's traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.heartbeat.beats import captured
from analyzer.checks.rows import by_station, duration, evidence, plural
from analyzer.checks.websocket.ends import established
from analyzer.findings import MAX_EVIDENCE, Evidence, Finding, not_judged, table
from analyzer.kernels.columns import NO_TIME, SECOND, coded, flags, micros, same, wholes
from analyzer.plan import check

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints

COUNTER = r"^[0-9]{1,15}$"
"""Message ids that may be a counter's."""
FEWEST_COUNTED, COUNTED = 20, 0.98
"""So many calls of a connection, and this share of them, follow by one, silences aside: then they are counted, and none is left out."""
CUT = "snap length"


class Missing(NamedTuple):
    """One thing that is missing: in words, from when to when, and the rows that show it."""

    text: str
    start: int
    end: int
    proof: list[Evidence]


@check("WS36", "Capture or log incomplete", severity="info")
def incomplete(
    connections: pa.Table,
    messages: pa.Table,
    controls: pa.Table,
    issues: pa.Table,
    sources: pa.Table,
    *,
    longest: float = 600.0,
) -> pa.Table:
    """A part of the charger's traffic is not in the input: what it lacks can neither be blamed nor trusted.

    Told are connections that were joined in the middle, holes in their streams, and lines that a log lacks: for more
    than `longest` seconds nothing stands there of a live connection, and the charger's message ids, which it counts,
    skip some meanwhile.

    Why it matters: a gap of the input looks like a silence of the charger. No check takes what may have stood there for
        missing, so some things are not judged.
    Fires on:
        08:00:00 CP1 + start_observed=false
        08:00:01x3/60s CP1 > Heartbeat
        08:00:01.1x3/60s CP1 < = {"currentTime": "$(now)"}
    Near miss:
        # a silence of the charger: it counts on where it stopped
        08:00:00 CP1 + ocpp1.6
        08:00:01x30/60s CP1 > Heartbeat#$(100+i)
        08:00:01.1x30/60s CP1 < =#$(100+i) {"currentTime": "$(now)"}
        09:00:01x30/60s CP1 > Heartbeat#$(130+i)
        09:00:01.1x30/60s CP1 < =#$(130+i) {"currentTime": "$(now)"}
    Confounder:
        # what is lost lies between two connections: the charger was offline, and counted what it could not send
        08:00:00 CP1 + ocpp1.6
        08:00:01x30/60s CP1 > Heartbeat#$(100+i)
        08:00:01.1x30/60s CP1 < =#$(100+i) {"currentTime": "$(now)"}
        08:31:00 CP1 - fin
        09:00:00 CP1 + ocpp1.6
        09:00:01x30/60s CP1 > Heartbeat#$(200+i)
        09:00:01.1x30/60s CP1 < =#$(200+i) {"currentTime": "$(now)"}
    Not a fault when: it never is one of the charger. A log that tells messages only is not judged.
    Likely causes: a capture that was started late, or with a snap length (`-s`) that cuts packets; a machine that could
        not keep up; a ring of files of which one is missing; a log that was rotated or restarted.
    What to do: capture again with `-s 0` and a larger buffer (`-B`); name all files of a set, or all rotated logs.
    Source: RFC 9293 3.4; pcap-savefile(5); the limits are this tool's own.
    """
    holes = issues.filter(pa.array(same(issues["kind"], "hole") & flags(issues["damage"])))
    joined = established(connections) & ~flags(connections["start_observed"])
    joined &= np.asarray(connections["start_observed"].is_valid(), dtype=bool)
    of_holes, times, sizes = dict(by_station(holes)), micros(connections["ts"]), wholes(connections["lost_bytes"], 0)
    # A capture shows by TCP's sequence numbers what it lacks.
    logged = ~same(connections["station"], *captured(connections, sources), "") & established(connections)
    skips, uncounted = _silences(connections.filter(pa.array(logged)), messages, controls, longest)
    inferred = flags(connections["inferred"])
    findings = []
    for station, rows in by_station(connections):
        chosen, own = rows[joined[rows]], of_holes.get(station)
        found = [] if not len(chosen) else [_joined(connections, len(rows), chosen, times[chosen])]
        found += [] if own is None else [_holes(holes.take(pa.array(own)), int(sizes[rows].sum()))]
        found += skips.get(station, [])
        if found:
            starts = [part.start for part in found if part.start != NO_TIME]
            findings.append(
                Finding(
                    station,
                    f"Not all of its traffic is there: {'; '.join(part.text for part in found)}",
                    start=min(starts, default=None),
                    end=max((part.end for part in found if part.end != NO_TIME), default=None),
                    count=len(found),
                    evidence=[entry for part in found for entry in part.proof[:2]],
                )
            )
        elif inferred[rows].all():
            findings.append(not_judged(station, "the input does not tell of connections, only of messages"))
        elif station in uncounted:
            findings.append(not_judged(station, "its message ids are no counter that would show a missing line"))
    return table(findings)


def _joined(connections: pa.Table, every: int, chosen: Ints, times: Ints) -> Missing:
    of = f"{len(chosen)} of {plural(every, 'connection')}" if every > 1 else "its connection"
    proof = evidence(connections, chosen[:MAX_EVIDENCE])
    return Missing(f"{of} had begun before the input does", int(times.min()), int(times.max()), proof)


def _holes(holes: pa.Table, size: int) -> Missing:
    times, count = micros(holes["ts"]), int(wholes(holes["count"], 1).sum())
    cut = bool(pc.any(pc.fill_null(pc.match_substring(holes["detail"], CUT), fill_value=False)).as_py())
    text = plural(count, "hole") + (f" of {size} bytes in all" if size else "") + ", by the snap length" * cut
    known = times[times != NO_TIME]
    ends = (int(known.min()), int(known.max())) if len(known) else (NO_TIME, NO_TIME)
    return Missing(text, *ends, evidence(holes, range(min(holes.num_rows, MAX_EVIDENCE))))


def _silences(
    connections: pa.Table, messages: pa.Table, controls: pa.Table, longest: float
) -> tuple[dict[str, list[Missing]], set[str]]:
    """What is missing of each station by its counted ids, and the stations with long silences that count none."""
    told = connections["connection"].cast(pa.string()).combine_chunks()
    columns = ["station", "source", "connection", "ts", "origin"]
    signs = pa.concat_tables([messages.select(columns), controls.select(columns)]).unify_dictionaries()
    known = pc.is_in(signs["connection"].cast(pa.string()), told)
    signs = signs.filter(pc.and_(known, signs["ts"].is_valid()))
    named, times = coded(signs["connection"]), micros(signs["ts"])
    order = np.lexsort((times, named.codes))
    codes, times = named.codes[order], times[order]
    spans = np.where(np.diff(codes, prepend=-1) == 0, np.diff(times, prepend=0), 0)
    long = np.flatnonzero(spans > longest * SECOND)
    counters = _counters(messages, longest)
    counted = np.array([name in counters for name in named.names], dtype=bool)[codes[long]]
    stations = signs["station"].take(pa.array(order[long])).to_pylist()
    found: dict[str, list[Missing]] = {}
    for place, station in ((long[at], stations[at]) for at in np.flatnonzero(counted).tolist()):
        start, end = int(times[place - 1]), int(times[place])
        skipped = _skipped(*counters[named.names[codes[place]]], start, end)
        if skipped:
            text = f"nothing of {duration((end - start) / SECOND)} on a live connection, though its ids skip {skipped}"
            proof = evidence(signs, order[[place - 1, place]])
            found.setdefault(station, []).append(Missing(text, start, end, proof))
    return found, {station for station, known in zip(stations, counted.tolist(), strict=True) if not known}


def _counters(messages: pa.Table, longest: float) -> dict[str, tuple[Ints, Ints]]:
    """The times and ids of the charger's calls on each connection where it counts them and leaves none out."""
    calls = messages.filter(pa.array(same(messages["type"], "call") & same(messages["direction"], "up")))
    calls = calls.filter(pc.fill_null(pc.match_substring_regex(calls["id"], COUNTER), fill_value=False))
    named, times = coded(calls["connection"]), micros(calls["ts"])
    ids = np.asarray(calls["id"].cast(pa.int64()), dtype=np.int64)
    order = np.lexsort((wholes(calls["origin"]), times, named.codes))
    found = {}
    for own in np.split(order, np.flatnonzero(np.diff(named.codes[order])) + 1):
        steps = np.diff(ids[own])[np.diff(times[own]) <= longest * SECOND]
        if len(steps) >= FEWEST_COUNTED and (steps == 1).mean() >= COUNTED:
            found[named.names[named.codes[own[0]]]] = times[own], ids[own]
    return found


def _skipped(times: Ints, ids: Ints, start: int, end: int) -> int:
    """How many ids a charger left out in a silence."""
    before, after = np.searchsorted(times, start, side="right") - 1, np.searchsorted(times, end)
    return max(int(ids[after] - ids[before]) - 1, 0) if before >= 0 and after < len(times) else 0

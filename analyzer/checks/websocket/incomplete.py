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
    from collections.abc import Iterator

    from analyzer.kernels.columns import Ints

COUNTER = r"^[0-9]{1,15}$"
"""Message ids that may be a counter's."""
FEWEST_COUNTED, COUNTED = 20, 0.98
"""So many calls of a connection, and this share of them, follow by one: then it is a counter that leaves nothing out."""
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
    silences: dict[str, list[Silence]] = {}
    for row in _silences(connections, messages, controls, longest):
        silences.setdefault(row.station, []).append(row)
    joined = established(connections) & ~flags(connections["start_observed"])
    joined &= np.asarray(connections["start_observed"].is_valid(), dtype=bool)
    of_holes, shown = dict(by_station(holes)), captured(connections, sources)
    findings = []
    for station, rows in by_station(connections):
        # A capture shows by TCP's sequence numbers what it lacks.
        silent = [] if station in shown else silences.get(station, [])
        found = [
            *_joined(connections, rows, rows[joined[rows]]),
            *_holes(connections, rows, holes.take(pa.array(of_holes.get(station, rows[:0])))),
            *(row.missing for row in silent if row.skipped),
        ]
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
        elif flags(connections["inferred"])[rows].all():
            findings.append(not_judged(station, "the input does not tell of connections, only of messages"))
        elif any(row.skipped is None for row in silent):
            findings.append(not_judged(station, "its message ids are no counter that would show a missing line"))
    return table(findings)


def _joined(connections: pa.Table, rows: Ints, chosen: Ints) -> Iterator[Missing]:
    if len(chosen):
        times = micros(connections["ts"])[chosen]
        of = f"{len(chosen)} of {plural(len(rows), 'connection')}" if len(rows) > 1 else "its connection"
        text = f"{of} had begun before the input does"
        yield Missing(text, int(times.min()), int(times.max()), evidence(connections, chosen[:MAX_EVIDENCE]))


def _holes(connections: pa.Table, rows: Ints, holes: pa.Table) -> Iterator[Missing]:
    if holes.num_rows:
        times, count = micros(holes["ts"]), int(wholes(holes["count"], 1).sum())
        size = int(wholes(connections["lost_bytes"], 0)[rows].sum())
        cut = bool(pc.any(pc.fill_null(pc.match_substring(holes["detail"], CUT), fill_value=False)).as_py())
        text = plural(count, "hole") + (f" of {size} bytes in all" if size else "") + ", by the snap length" * cut
        known = times[times != NO_TIME]
        ends = (int(known.min()), int(known.max())) if len(known) else (NO_TIME, NO_TIME)
        yield Missing(text, *ends, evidence(holes, range(min(holes.num_rows, MAX_EVIDENCE))))


class Silence(NamedTuple):
    """A time in which nothing stands there of a live connection, and how many ids were skipped; None where untold."""

    station: str
    skipped: int | None
    start: int
    end: int
    proof: list[Evidence]

    @property
    def missing(self) -> Missing:
        """That lines of it are missing."""
        span = duration((self.end - self.start) / SECOND)
        text = f"nothing of {span} on a live connection, though its message ids skip {self.skipped}"
        return Missing(text, self.start, self.end, self.proof)


def _silences(connections: pa.Table, messages: pa.Table, controls: pa.Table, longest: float) -> list[Silence]:
    """The times of more than `longest` seconds without anything on connections that were told of."""
    told = connections["connection"].filter(pa.array(established(connections)))
    columns = ["station", "source", "connection", "ts", "origin"]
    signs = pa.concat_tables([messages.select(columns), controls.select(columns)]).unify_dictionaries()
    signs = signs.filter(
        pc.and_(
            pc.is_in(signs["connection"].cast(pa.string()), told.cast(pa.string()).combine_chunks()),
            signs["ts"].is_valid(),
        )
    )
    named, times = coded(signs["connection"]), micros(signs["ts"])
    order = np.lexsort((times, named.codes))
    codes, times = named.codes[order], times[order]
    gaps = np.where(np.diff(codes, prepend=-1) == 0, np.diff(times, prepend=0), 0)
    counters = _counters(messages)
    found = []
    for place in np.flatnonzero(gaps > longest * SECOND).tolist():
        start, end = int(times[place - 1]), int(times[place])
        row = signs.slice(int(order[place]), 1).to_pylist()[0]
        skipped = _skipped(*counters[row["connection"]], start, end) if row["connection"] in counters else None
        found.append(Silence(row["station"], skipped, start, end, evidence(signs, order[[place - 1, place]])))
    return found


def _counters(messages: pa.Table) -> dict[str, tuple[Ints, Ints]]:
    """The times and ids of the charger's calls on each connection where it counts them and leaves none out."""
    calls = messages.filter(pa.array(same(messages["type"], "call") & same(messages["direction"], "up")))
    calls = calls.filter(pc.fill_null(pc.match_substring_regex(calls["id"], COUNTER), fill_value=False))
    named, times = coded(calls["connection"]), micros(calls["ts"])
    ids = np.asarray(calls["id"].cast(pa.int64()), dtype=np.int64)
    order = np.lexsort((wholes(calls["origin"]), times, named.codes))
    found = {}
    for own in np.split(order, np.flatnonzero(np.diff(named.codes[order])) + 1):
        steps = np.diff(ids[own])
        if len(steps) >= FEWEST_COUNTED and (steps == 1).mean() >= COUNTED:
            found[named.names[named.codes[own[0]]]] = times[own], ids[own]
    return found


def _skipped(times: Ints, ids: Ints, start: int, end: int) -> int:
    """How many ids a charger left out in a silence."""
    before, after = np.searchsorted(times, start, side="right") - 1, np.searchsorted(times, end)
    return max(int(ids[after] - ids[before]) - 1, 0) if before >= 0 and after < len(times) else 0

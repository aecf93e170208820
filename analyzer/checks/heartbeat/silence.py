"""Silence of a charger on a live connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.checks.heartbeat.beats import lone_beats
from analyzer.checks.heartbeat.last_silence import COLUMNS, ended, still_open
from analyzer.checks.rows import by_station, duration, evidence
from analyzer.findings import MAX_EVIDENCE, Finding, not_judged, table
from analyzer.kernels.as_of import first_of, last_before
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, coded, flags, micros, reals, same
from analyzer.kernels.damage import lost_between
from analyzer.kernels.intervals import habit
from analyzer.kernels.sequences import gaps
from analyzer.ocpp.in_force import (
    INFERRED,
    INTERVAL_KEY,
    changed_from_unknown,
    interval_before,
    interval_in_force,
    interval_next,
)
from analyzer.plan import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.kernels.columns import Flags, Ints, Reals

FEWEST_TOO_LONG = 3
NOTABLY = 1.02


class Gaps(NamedTuple):
    """Silences: the signs of life that end them, how long they were, when they began, and the interval in force."""

    ends: pa.Table
    lengths: Reals
    begins: Ints
    interval: Reals
    origin: npt.NDArray[np.object_]
    unknown: Flags

    def only(self, chosen: Flags) -> Gaps:
        """The chosen ones."""
        ends = self.ends.filter(pa.array(chosen))
        return Gaps(
            ends,
            self.lengths[chosen],
            self.begins[chosen],
            self.interval[chosen],
            self.origin[chosen],
            self.unknown[chosen],
        )


@check("HB01", "Silence longer than the heartbeat interval", severity="error")
def silence(
    messages: pa.Table,
    controls: pa.Table,
    issues: pa.Table,
    connections: pa.Table,
    settings: pa.Table,
    *,
    warn_factor: float = 2.25,
    fail_factor: float = 3.0,
    slack: float = 5.0,
) -> pa.Table:
    """The charger said nothing on a live connection for longer than its heartbeat interval allows.

    Any message of the charger counts as a sign of life, and so do its pings and pongs. A silence is worth a warning
    from `warn_factor` intervals and `slack` seconds on, an error from `fail_factor` intervals. A charger that beats at
    another period than it was ordered is measured by the longer of the two: that it does is HB04's finding. When the
    interval is shortened, the old one holds once more: the charger's timer runs already.

    Why it matters: a CSMS takes a charger that is silent for two or three intervals for offline; it cannot be started
        from afar, and what it measures comes late or never.
    Fires on:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
        08:01:01x5/60s CP1 > Heartbeat
        08:01:01.1x5/60s CP1 < = {"currentTime": "$(now)"}
        08:10:01 CP1 > Heartbeat
        08:10:01.1 CP1 < = {"currentTime": "$(now)"}
    Near miss:
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
        08:01:01x5/60s CP1 > Heartbeat
        08:01:01.1x5/60s CP1 < = {"currentTime": "$(now)"}
        08:07:20 CP1 > Heartbeat
        08:07:20.1 CP1 < = {"currentTime": "$(now)"}
    Confounder:
        # meter values and a ping stand in for heartbeats; the silence is cut off by the end of the connection
        08:00:00 CP1 + ocpp1.6
        08:00:01 CP1 > BootNotification {"chargePointVendor": "Example", "chargePointModel": "AC22"}
        08:00:01.1 CP1 < = {"currentTime": "2026-01-01T08:00:01Z", "interval": 60, "status": "Accepted"}
        08:01:01 CP1 > Heartbeat
        08:01:01.1 CP1 < = {"currentTime": "$(now)"}
        08:02:00x5/60s CP1 > MeterValues {"connectorId": 1, "meterValue": []}
        08:02:00.1x5/60s CP1 < = {}
        08:08:00 CP1 > ping
        08:08:00.1 CP1 < pong
        08:14:00 CP1 - fin
        08:20:00 CP1 + ocpp1.6
        08:20:01 CP1 > Heartbeat
        08:20:01.1 CP1 < = {"currentTime": "$(now)"}
    Not a fault when: the silence ends with the connection, with a BootNotification or with the input (an open one lasts
        to the last message of the CSMS), when a part of the input was lost in it, or when the charger never sends a
        Heartbeat at all, which OCPP-J allows. A charger that skips beats on fixed ticks is legally silent for up to two
        intervals, and one that is silent for longer more often than not keeps another period: it is not judged. Nor is
        one that was silent before its connection ended, or before a change of an interval that is not known.
    Likely causes: the charger hangs; radio loss; a half-open socket; the interval was never applied.
    What to do: look at the charger's own log of that time; switch on WebSocket pings; mend or update the firmware.
    Source: OCPP 1.6 4.6 and 9.1.10; OCPP-J 1.6 5.3; 2.0.1 G02.FR.02, G02.FR.04, G02.FR.05.
    """
    found = _silences(messages, controls, issues, connections, settings, shortest=slack)
    allowed = _allowed(found, messages, settings)
    long = found.lengths > warn_factor * allowed + slack
    judged = ~flags(found.ends["ended"]) & ~found.unknown
    findings = [*_not_judged(messages, settings), *_keeping_none(found.only(judged), allowed[judged], long[judged])]
    ends = found.ends
    whole = long & ~lost_between(issues, ends["connection"], ends["source"], found.begins, micros(ends["ts"]))
    left_out = _left_out(found.only(whole & ~judged))
    found, allowed = found.only(whole & judged), allowed[whole & judged]
    inferred = set(connections["connection"].filter(connections["inferred"]).to_pylist())
    unjudged = {row.station for row in findings}
    for station, rows in by_station(found.ends):
        if station in unjudged:
            continue
        worst = int(rows[np.argmax(found.lengths[rows])])
        largest = np.sort(rows[np.argsort(-found.lengths[rows], kind="stable")][:MAX_EVIDENCE])
        told = found.ends["connection"][worst].as_py() not in inferred
        findings.append(
            Finding(
                station,
                _summary(found, worst, allowed[worst], len(rows), told=told),
                start=int(found.begins[rows].min()),
                end=int(micros(found.ends["ts"])[rows].max()),
                value=float(found.lengths[worst]),
                limit=float(warn_factor * allowed[worst] + slack),
                unit="s",
                count=len(rows),
                evidence=evidence(found.ends, largest),
                severity=None if (found.lengths > fail_factor * allowed + slack)[rows].any() else "warning",
            )
        )
    stated = {row.station for row in findings}
    return table([*findings, *(row for row in left_out if row.station not in stated)])


def _summary(found: Gaps, worst: int, allowed: float, count: int, *, told: bool) -> str:
    origin = found.origin[worst]
    known = {INFERRED: "as it beats", None: "the longer one around a change"}.get(origin, f"known from {origin}")
    parts = [
        f"The charger said nothing for {duration(found.lengths[worst])}{' on a live connection' * told}",
        f"its heartbeat interval is {found.interval[worst]:g} s ({known})"
        + (f", though it keeps {allowed:g} s" if allowed > NOTABLY * found.interval[worst] else ""),
        f"{count} such silences in all" if count > 1 else "",
        "" if told else "the input does not tell of connections, so it may have been offline",
    ]
    return "; ".join(filter(None, parts))


def _allowed(found: Gaps, messages: pa.Table, settings: pa.Table) -> Reals:
    """The interval in force, or the period that the charger keeps under it when it has nothing else to say, if longer."""
    beats, spans = lone_beats(messages)
    under, _ = interval_in_force(settings, beats["station"], micros(beats["ts"]))
    habits = {
        (station, interval): habit(spans[rows[under[rows] == interval]])
        for station, rows in by_station(beats)
        for interval in np.unique(under[rows][~np.isnan(under[rows])]).tolist()
    }
    stations = found.ends["station"].to_pylist()
    kept = [habits.get(key, np.nan) for key in zip(stations, found.interval.tolist(), strict=True)]
    # fmax takes the other where one is missing, and without an interval nothing is judged.
    return np.where(np.isnan(found.interval), np.nan, np.fmax(found.interval, np.array(kept, dtype=np.float64)))


def _silences(
    messages: pa.Table,
    controls: pa.Table,
    issues: pa.Table,
    connections: pa.Table,
    settings: pa.Table,
    *,
    shortest: float,
) -> Gaps:
    """The times between two signs of life of a charger on one connection, with the heartbeat interval then in force.

    The last one of a connection goes on to its end, or, where it was open still, to the last message of the CSMS on it.
    Those that a BootNotification ends are left out: registration keeps its own time, and a reboot is no silence.
    """
    said = _up(messages)
    said = said.append_column(
        "boot", pa.array(same(messages["action"], "BootNotification")[same(messages["direction"], "up")])
    )
    alive = controls.filter(pa.array(~same(controls["kind"], "close")))
    signs = pa.concat_tables(
        [said, _up(alive), _up(issues), still_open(messages, connections), ended(connections)],
        promote_options="default",
    ).unify_dictionaries()
    signs = signs.filter(pc.and_(signs["ts"].is_valid(), signs["connection"].is_valid()))
    connection, times = coded(signs["connection"]).codes, micros(signs["ts"])
    order = np.lexsort((times, connection))
    lengths = gaps(connection[order], times[order])
    kept = (lengths > shortest) & ~flags(signs["boot"])[order]
    ends, lengths = signs.take(pa.array(order[kept])), lengths[kept]
    return _under(messages, settings, ends, lengths)


def _under(messages: pa.Table, settings: pa.Table, ends: pa.Table, lengths: Reals) -> Gaps:
    """Silences by their ends and lengths, with the interval that was in force.

    A timer of unknown length runs from before a change until the first Heartbeat after it; by what is known later it is
    told whether a silence is one to judge at all.
    """
    stations, until = ends["station"], micros(ends["ts"])
    begins = until - np.rint(lengths * SECOND).astype(np.int64)
    at_start, at_first = interval_in_force(settings, stations, begins)
    at_end, origin = interval_in_force(settings, stations, until)
    beats = messages.filter(pa.array(same(messages["action"], "Heartbeat") & same(messages["direction"], "up")))
    moments = micros(beats["ts"])
    heard = np.append(moments, END_OF_TIME)[first_of(beats["station"], moments, stations)]
    beaten = np.append(moments, NO_TIME)[last_before(beats["station"], moments, stations, begins)]
    former = interval_before(settings, stations, begins, beaten)
    interval = np.fmax(np.fmax(at_start, at_end), former)
    # A boot that leaves the interval to the charger came in between: no order holds any more.
    interval = np.where(np.isnan(at_end) & np.isnan(former), np.nan, interval)
    known = np.where(at_start == interval, _objects(at_first), _objects([None]))
    known = np.where(at_end == interval, _objects(origin), known)
    unknown = np.isnan(interval) | (beaten < changed_from_unknown(settings, stations, until, heard))
    following = np.where(heard <= until, interval_next(settings, stations, until), np.nan)
    return Gaps(ends, lengths, begins, np.where(np.isnan(interval), following, interval), known, unknown)


def _objects(values: list[str | None]) -> npt.NDArray[np.object_]:
    return np.array(values, dtype=object)


def _up(rows: pa.Table) -> pa.Table:
    return rows.filter(pa.array(same(rows["direction"], "up"))).select(COLUMNS)


def _keeping_none(found: Gaps, allowed: Reals, long: Flags) -> Iterator[Finding]:
    """A statement for each station that is silent for too long more often than not: its period is another."""
    kept = ~long & (found.lengths > allowed / 2)
    for station, rows in by_station(found.ends):
        if long[rows].sum() >= FEWEST_TOO_LONG and long[rows].sum() > kept[rows].sum():
            interval = found.interval[rows[long[rows]][0]]
            yield not_judged(station, f"it does not keep the interval of {interval:g} s, nor another that is known")


def _left_out(found: Gaps) -> Iterator[Finding]:
    """A statement for each station with silences that are too long and cannot be held against it."""
    ended = flags(found.ends["ended"])
    for station, rows in by_station(found.ends):
        longest = int(rows[np.argmax(found.lengths[rows])])
        why = "before its connection ended, which its outages tell"
        why = why if ended[longest] else "while its heartbeat interval was not known"
        yield not_judged(station, f"it was silent for {duration(found.lengths[longest])} {why}")


def _not_judged(messages: pa.Table, settings: pa.Table) -> Iterator[Finding]:
    rows = settings.filter(pa.array(same(settings["key"], INTERVAL_KEY) & (reals(settings["number"]) > 0)))
    known = set(rows["station"].to_pylist())
    beating = set(messages["station"].filter(pa.array(same(messages["action"], "Heartbeat"))).to_pylist())
    for station, _ in by_station(messages):
        if station not in beating:
            yield not_judged(station, "it sends no Heartbeat, which OCPP-J allows; pings may keep it alive")
        elif station not in known:
            yield not_judged(station, "its heartbeat interval is not known")

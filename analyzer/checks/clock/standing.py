"""How each charger's clock stands: against the input's clock, and against what the CSMS said the time was."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import by_station, duration
from analyzer.kernels.as_of import first_of, last_before
from analyzer.kernels.columns import NO_TIME, SECOND, micros, reals, same, seconds, wholes
from analyzer.ocpp.payloads import decode, members, text
from analyzer.ocpp.timestamps import parse

if TYPE_CHECKING:
    from analyzer.kernels.columns import Flags, Ints, Reals

RIGHT = 20.0
"""Seconds within which a clock is right: the threshold for adjusting it that OCPP 2.0.1 2.1.32 calls reasonable."""
HELD = 60.0
"""Seconds for which the messages of an hour must agree on an offset, unless it is none or other hours agree."""
AGREE = 5.0
QUARTER = 900.0
"""Time zones differ from UTC by whole quarters of an hour."""
NEAR_A_ZONE = 60.0
FARTHEST_ZONE = 14 * 3600.0
ASSUMED = "assumed"
"""What the zone of a log ends with that neither its times, its messages nor the user name."""
TOO_FEW = "too few live messages with a timestamp tell how its clock stands"


class Standing(NamedTuple):
    """How a station's clock stands.

    `error` is how many seconds it stands ahead, `rows` are the rows of the table `clock` that show it, `unzoned` is how
    many of the station's `samples` timestamps have no zone. `why` says why it cannot be judged.
    """

    station: str
    error: float
    rows: Ints
    samples: int
    unzoned: int
    why: str | None = None

    @property
    def zone(self) -> float | None:
        """The time zone, in seconds east of UTC, that the error is; None where it is none."""
        nearest = float(np.round(self.error / QUARTER)) * QUARTER
        near = nearest != 0 and abs(self.error - nearest) <= NEAR_A_ZONE and abs(nearest) <= FARTHEST_ZONE
        return nearest if near else None


def standings(clock: pa.Table, heartbeats: pa.Table, calls: pa.Table, sources: pa.Table) -> list[Standing]:
    """How the clock of each station stands that said what time it is.

    A charger that agrees with the input's clock or with the CSMS's is not at fault: of the two errors the smaller
    counts. An error counts where most hours show it, or the last two do: what was right in between was corrected.
    """
    said = csms_offsets(heartbeats, calls)
    sure = solid(clock, said)
    offsets, samples, unzoned = reals(clock["offset"]), wholes(clock["samples"], 0), wholes(clock["unzoned"], 0)
    doubtful = _assumed(clock, sources)
    found = []
    for station, rows in by_station(clock):
        counts = int(samples[rows].sum()), int(unzoned[rows].sum())
        own = rows[sure[rows]]
        if not len(own):
            found.append(Standing(station, np.nan, rows, *counts, TOO_FEW))
            continue
        csms = said.get(station)
        errors = smaller(offsets[own], csms)
        wrong = np.abs(errors) > RIGHT
        at_fault = wrong.mean() > 0.5 or bool(wrong[-2:].all())
        shown = wrong if at_fault else ~wrong
        standing = Standing(station, middle(errors[shown]), own[shown], *counts)
        unsure = csms is None and bool(doubtful[own].any())
        found.append(standing._replace(why=_doubt(standing, middle(offsets[own][shown]), csms, unsure=unsure)))
    return found


def solid(clock: pa.Table, said: dict[str, float]) -> Flags:
    """The rows of the table `clock` whose offset is no accident of a burst of late messages.

    It held for a while, or other hours agree with it, or it says that the clock is right.
    """
    offsets, found = reals(clock["offset"]), reals(clock["held"]) >= HELD
    for station, rows in by_station(clock):
        found[rows] |= np.abs(smaller(offsets[rows], said.get(station))) <= RIGHT
        order = rows[np.argsort(offsets[rows])]
        agree = np.diff(offsets[order]) <= AGREE
        found[order[1:]] |= agree
        found[order[:-1]] |= agree
    return found


def csms_offsets(heartbeats: pa.Table, calls: pa.Table) -> dict[str, float]:
    """How far the CSMS's clock stands ahead of the input's, by what it answered to Heartbeat and BootNotification."""
    asked = calls.filter(pa.array(same(calls["action"], "BootNotification")))
    boots = np.array([_current_time(answer) for answer in asked["answer"].to_pylist()], dtype=np.int64)
    arrived = micros(heartbeats["ts"]) + np.rint(np.nan_to_num(reals(heartbeats["latency"])) * SECOND).astype(np.int64)
    offsets = np.append(seconds(arrived, micros(heartbeats["csms_time"])), seconds(micros(asked["answered"]), boots))
    names = [chunk for table in (heartbeats, asked) for chunk in table["station"].cast(pa.string()).chunks]
    found = {}
    for station, rows in by_station(pa.table({"station": pa.chunked_array(names, pa.string())})):
        known = offsets[rows][~np.isnan(offsets[rows])]
        if len(known):
            found[station] = float(np.median(known))
    return found


def offsets_at(clock: pa.Table, sure: Flags, stations: pa.ChunkedArray, times: Ints) -> Reals:
    """How many seconds ahead each (station, time) was stamped, by the sure rows of `clock`; NaN where none tells.

    The last row before counts, else the first after it.
    """
    rows = clock.filter(pa.array(sure))
    names, moments = rows["station"], micros(rows["ts"])
    before, first = last_before(names, moments, stations, times), first_of(names, moments, stations)
    return np.append(reals(rows["offset"]), np.nan)[np.maximum(before, first)]


def smaller(offsets: Reals, csms: float | None) -> Reals:
    """The errors of a charger's clock: against the input's clock or the CSMS's, whichever is smaller."""
    if csms is None:
        return offsets
    return np.where(np.abs(offsets - csms) < np.abs(offsets), offsets - csms, offsets)


def middle(values: Reals) -> float:
    """The median; of an even number of values the upper one, which latency made smaller least."""
    return float(np.sort(values)[len(values) // 2])


def ahead(error: float) -> str:
    """How a clock stands, in words.

    >>> ahead(3598.7), ahead(-61.2), ahead(-200_000)
    ('3598.7 s ahead', '61.2 s behind', '55.6 h behind')
    """
    size = abs(error)
    words = duration(size) if size < 600 or size > FARTHEST_ZONE + QUARTER else f"{round(size, 1):g} s"
    return f"{words} {'ahead' if error > 0 else 'behind'}"


def _doubt(standing: Standing, offset: float, csms: float | None, *, unsure: bool) -> str | None:
    """Why a clock cannot be judged that seems right, or wrong."""
    if unsure and abs(standing.error) >= QUARTER - NEAR_A_ZONE:
        return "nothing tells the time zone of the input's own times"
    if csms is None or abs(csms) <= RIGHT or abs(standing.error) > RIGHT:
        return None
    if abs(offset) <= RIGHT:
        return f"its clock agrees with the input's, and the CSMS's clock stands {ahead(csms)} of both"
    return (
        f"its clock and the CSMS's agree, and both stand {ahead(csms)} of the input's: "
        "the input's clock or time zone is wrong"
    )


def _assumed(clock: pa.Table, sources: pa.Table) -> Flags:
    """The rows that come from a log whose time zone was only assumed."""
    zones = zip(sources["source"].to_pylist(), sources["zone"].to_pylist(), strict=True)
    names = [name for name, zone in zones if (zone or "").endswith(ASSUMED)]
    return same(clock["source"], *names)


def _current_time(answer: str | None) -> int:
    moment = parse(text(members(decode(answer)).get("currentTime")) or "")
    return moment[0] if moment else NO_TIME

"""Idle cut-offs: connections that end after the same quiet time, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.kernels.columns import NO_TIME, Flags, Ints, Reals, coded, micros, reals, same, wholes
from analyzer.kernels.idle import FEWEST, Pattern, Quiet, pattern, quiet_times
from analyzer.ocpp.commands import commanded
from analyzer.ocpp.in_force import interval_in_force

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOCKS = ("any", "up", "down")
EXPLICIT = ("close", "fin", "rst", "lost", "timeout")
SILENT = ("replaced", "open", "lost", "timeout", "rst")
OTHER_REASONS = (1002, 1003, 1007, 1008, 1009, 1010, 1012, 1013)
"""Close codes that say why: no idle cut-off (RFC 6455 7.4.1)."""


class Lived(NamedTuple):
    """Signs of life: station, connection, time, side, and whether the CSMS was heard on it later or just then.

    Sorted by station, connection and time.
    """

    stations: Ints
    connections: Ints
    times: Ints
    up: Flags
    heard: Flags

    def of(self, station: int) -> Lived:
        """The signs of one station."""
        own = slice(*np.searchsorted(self.stations, [station, station + 1]).tolist())
        return Lived(self.stations[own], self.connections[own], self.times[own], self.up[own], self.heard[own])


def idle_patterns(
    outages: pa.Table, messages: pa.Table, controls: pa.Table, calls: pa.Table, settings: pa.Table
) -> pa.Table:
    """One row per station and kind of cut-off.

    Three clocks are tried, because devices count differently: a proxy both ways, some servers only what the charger
    sends, some chargers only what they receive. A cut-off needs both: most ends in one narrow window of quiet, and
    that quiet told apart from what connections survived. Ends noticed only at the next heartbeat give the first alone.
    Ends by a reboot, by a command or with a close code that says why are no part of it.
    """
    rows = outages.filter(pa.array(~same(outages["boot"], "reboot")))
    rows = rows.filter(pa.array(~commanded(calls, rows["station"], micros(rows["noticed"]))))
    if not rows.num_rows:
        return schema.empty("idle_patterns")
    stations = coded(rows["station"])
    lived, connections = _lived(messages, controls, stations.names)
    interval, _ = interval_in_force(settings, rows["station"], micros(rows["noticed"]))
    quiet = _fatal_quiet(rows, stations.codes, calls, lived, connections)
    dead = ~np.isnan(quiet) & (same(rows["end_kind"], *SILENT) | same(rows["end_side"], "station"))
    explicit = same(rows["end_kind"], *EXPLICIT) & ~same(rows["end_side"], "station") & ~dead
    explicit &= ~np.isin(wholes(rows["close_code"]), OTHER_REASONS)
    ages = {clock: reals(rows[f"idle_{clock}"]) for clock in CLOCKS}
    found = []
    for code, station in enumerate(stations.names):
        own = stations.codes == code
        signs = lived.of(code)
        hard = _best(rows, own & explicit, ages, signs, interval, "hard")
        silent = _best(rows, own & dead, {"any": quiet}, signs, interval, "silent")
        found += [{"station": station, **row} for row in (hard, silent) if row]
    return schema.sort(schema.from_rows("idle_patterns", found))


def _lived(messages: pa.Table, controls: pa.Table, names: list[str]) -> tuple[Lived, list[str]]:
    """The signs of life, and the names of the connections by their codes."""
    alive = controls.filter(pa.array(~same(controls["kind"], "close")))
    signs = pa.concat_tables(
        [table.select(["station", "connection", "ts", "direction"]) for table in (messages, alive)]
    )
    signs = signs.filter(signs["ts"].is_valid()).unify_dictionaries()
    place = pc.fill_null(pc.index_in(signs["station"].cast(pa.string()), pa.array(names, pa.string())), -1)
    stations, connections, times = np.asarray(place, dtype=np.int64), coded(signs["connection"]), micros(signs["ts"])
    order = np.lexsort((times, connections.codes, stations))
    up = same(signs["direction"], "up")
    last_heard = np.full(len(connections.names) + 1, NO_TIME)
    np.maximum.at(last_heard, connections.codes[~up], times[~up])
    heard = times <= last_heard[connections.codes]
    return (
        Lived(stations[order], connections.codes[order], times[order], up[order], heard[order]),
        connections.names,
    )


def _survived(lived: Lived, clock: str, kind: str) -> Quiet:
    """Quiet times that connections survived; where they die in silence, only those after which the CSMS was heard."""
    chosen = lived.heard if kind == "silent" else np.ones(len(lived.times), dtype=bool)
    if clock != "any":
        chosen = chosen & (lived.up == (clock == "up"))
    return quiet_times(lived.connections[chosen], lived.times[chosen])


def _best(
    rows: pa.Table, chosen: Flags, ages: Mapping[str, Reals], lived: Lived, interval: Reals, kind: str
) -> Mapping[str, object] | None:
    """The row for the clock that tells the ends best, None where none does."""
    if int(chosen.sum()) < FEWEST:
        return None
    periods = interval[chosen & ~np.isnan(interval)]
    period = float(np.median(periods)) if len(periods) else np.nan
    noticed = micros(rows["noticed"])
    best: tuple[str, Pattern] | None = None
    for clock, age in ages.items():
        fatal = Quiet(age[chosen], noticed[chosen])
        found = pattern(_survived(lived, clock, kind), fatal, period, narrow=kind == "hard")
        if found and (best is None or _merit(found) > _merit(best[1])):
            best = clock, found
    if best is None:
        return None
    clock, found = best
    age = ages[clock]
    inside = chosen & (noticed >= found.first) & (noticed <= found.last) & ~np.isnan(age)
    low, high = (found.window.low, found.window.high) if kind == "hard" else (found.cut.fatal, np.inf)
    places = np.flatnonzero(inside & (age >= low) & (age <= high))
    first = rows.slice(int(places[0]), 1).to_pylist()[0]
    return {
        "kind": kind,
        "clock": clock,
        "seconds": float(np.median(age[places])),
        "count": len(places),
        "ends": int(inside.sum()),
        "share": found.window.share,
        "youden": found.cut.youden,
        "survived": found.cut.survived,
        "fatal": found.cut.fatal,
        "interval": None if np.isnan(period) else period,
        "start": int(noticed[places].min()),
        "end": int(noticed[places].max()),
        "source": first["source"],
        "origin": first["origin"],
    }


def _merit(found: Pattern) -> tuple[float, float, float]:
    return round(found.cut.youden, 2), round(found.window.share, 2), -found.spread


def _fatal_quiet(rows: pa.Table, stations: Ints, calls: pa.Table, lived: Lived, connections: list[str]) -> Reals:
    """Quiet before the first call that nobody answered until the connection ended; NaN where the end was another."""
    numbers = {name: code for code, name in enumerate(connections)}
    stuck = calls.filter(pa.array(same(calls["status"], "unanswered", "interrupted") & same(calls["direction"], "up")))
    asked: dict[str, list[int]] = {}
    for name, ts in zip(stuck["connection"].to_pylist(), micros(stuck["ts"]).tolist(), strict=True):
        asked.setdefault(name, []).append(ts)
    quiet = np.full(rows.num_rows, np.nan)
    ends = zip(rows["connection"].to_pylist(), micros(rows["noticed"]).tolist(), stations.tolist(), strict=True)
    for row, (name, noticed, station) in enumerate(ends):
        if name not in asked or name not in numbers:
            continue
        own = lived.of(station)
        low, high = np.searchsorted(own.connections, [numbers[name], numbers[name] + 1])
        times, up = own.times[low:high], own.up[low:high]
        last_down = times[~up & (times < noticed)].max(initial=NO_TIME)
        unheard = [ts for ts in asked[name] if last_down < ts < noticed]
        before = times[times < min(unheard, default=NO_TIME)]
        if unheard and len(before):
            quiet[row] = (min(unheard) - int(before.max())) / 1e6
    return quiet

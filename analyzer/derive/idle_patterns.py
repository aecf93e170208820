"""Idle cut-offs: connections that end after the same quiet time, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema
from analyzer.derive.settings import interval_in_force
from analyzer.kernels.columns import NO_TIME, Ints, Reals, coded, micros, reals, same
from analyzer.kernels.idle import Cutoff, Window, cutoff, densest_window
from analyzer.kernels.sequences import gaps

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOCKS = ("any", "up", "down")
FEWEST = 5
SHARE = 0.6
SURE, SURE_IN_A_RACE = 0.9, 0.7
RACE = 0.02
"""How near to the heartbeat interval a cut-off is a race with it: then a beat sometimes wins, and J is lower."""
SHORTEST = 5.0
"""Seconds of quiet below which nothing is called a cut-off."""
EXPLICIT = ("close", "fin", "rst", "lost", "timeout")
SILENT = ("replaced", "open", "lost", "timeout", "rst")


class Lived(NamedTuple):
    """Signs of life: station, connection, time and side, sorted by connection and time."""

    stations: Ints
    connections: Ints
    times: Ints
    up: np.ndarray


def idle_patterns(
    outages: pa.Table, messages: pa.Table, controls: pa.Table, calls: pa.Table, settings: pa.Table
) -> pa.Table:
    """One row per station and kind of cut-off.

    Three clocks are tried, because devices count differently: a proxy both ways, some servers only what the charger
    sends, some chargers only what they receive. A cut-off needs both: most ends in one narrow window of quiet, and
    that quiet told apart from what connections survived. Ends noticed only at the next heartbeat give the first alone.
    """
    rows = outages.filter(pa.array(~same(outages["boot"], "reboot")))
    if not rows.num_rows:
        return schema.empty("idle_patterns")
    names = coded(rows["station"]).names
    lived, names_of_connections = _lived(messages, controls, names)
    interval, _ = interval_in_force(settings, rows["station"], micros(rows["noticed"]))
    quiet = _fatal_quiet(rows, calls, lived, names_of_connections)
    dead = ~np.isnan(quiet) & same(rows["end_kind"], *SILENT)
    explicit = same(rows["end_kind"], *EXPLICIT) & ~same(rows["end_side"], "station") & ~dead
    ages = {clock: reals(rows[f"idle_{clock}"]) for clock in CLOCKS}
    found = []
    for code, station in enumerate(names):
        own = coded(rows["station"]).codes == code
        hard = _pattern(rows, own & explicit, ages, lived, code, interval)
        silent = _pattern(rows, own & dead, {"any": quiet}, lived, code, interval)
        found += [{"station": station, **pattern} for pattern in (hard, silent) if pattern]
    return schema.sort(schema.from_rows("idle_patterns", found))


def _lived(messages: pa.Table, controls: pa.Table, names: list[str]) -> tuple[Lived, list[str]]:
    """The signs of life, and the names of the connections by their codes."""
    signs = pa.concat_tables([table.select(["station", "connection", "ts", "direction"]) for table in (messages, controls)])
    signs = signs.unify_dictionaries()
    stations = np.asarray(pc.fill_null(pc.index_in(signs["station"].cast(pa.string()), pa.array(names, pa.string())), -1), dtype=np.int64)
    connections, times = coded(signs["connection"]), micros(signs["ts"])
    order = np.lexsort((times, connections.codes))
    up = same(signs["direction"], "up")
    return Lived(stations[order], connections.codes[order], times[order], up[order]), connections.names


def _survived(lived: Lived, station: int, clock: str) -> Reals:
    chosen = lived.stations == station
    if clock != "any":
        chosen &= lived.up == (clock == "up")
    spans = gaps(lived.connections[chosen], lived.times[chosen])
    return spans[~np.isnan(spans)]


def _pattern(
    rows: pa.Table, chosen: np.ndarray, ages: Mapping[str, Reals], lived: Lived, station: int, interval: Reals
) -> Mapping[str, object] | None:
    if int(chosen.sum()) < FEWEST:
        return None
    kind = "hard" if len(ages) == len(CLOCKS) else "silent"
    best: tuple[float, float, str, Window, Cutoff] | None = None
    period = float(np.nanmedian(interval[chosen])) if (~np.isnan(interval[chosen])).any() else np.nan
    for clock, age in ages.items():
        died = age[chosen & ~np.isnan(age)]
        window = densest_window(died[died >= SHORTEST])
        cut = cutoff(_survived(lived, station, clock), died)
        # Half a second of rounding aside: the gap before a race that the heartbeat won counts as survived.
        racing = abs(window.median - period) <= RACE * period
        narrow = kind == "silent" or (window.count >= FEWEST and window.count / len(died) >= SHARE)
        if narrow and cut.youden >= (SURE_IN_A_RACE if racing else SURE) and cut.fatal >= SHORTEST:
            candidate = (cut.youden, window.count / len(died), clock, window, cut)
            best = candidate if best is None or candidate[:2] > best[:2] else best
    if best is None:
        return None
    youden, share, clock, window, cut = best
    died = ages[clock]
    fits = chosen & (died >= (window.low if kind == "hard" else cut.fatal))
    fits &= died <= window.low * 1.02 + 1.0 if kind == "hard" else True
    places = np.flatnonzero(fits)
    first = rows.slice(int(places[0]), 1).to_pylist()[0]
    times = micros(rows["noticed"])[places]
    return {
        "kind": kind,
        "clock": clock,
        "seconds": float(np.median(died[places])),
        "count": len(places),
        "ends": int(chosen.sum()),
        "share": share,
        "youden": youden,
        "survived": cut.survived,
        "fatal": cut.fatal,
        "interval": None if np.isnan(period) else period,
        "start": int(times.min()),
        "end": int(times.max()),
        "source": first["source"],
        "origin": first["origin"],
    }


def _fatal_quiet(rows: pa.Table, calls: pa.Table, lived: Lived, connections: list[str]) -> Reals:
    """Quiet before the first call that nobody answered until the connection ended; NaN where the end was another."""
    numbers = {name: code for code, name in enumerate(connections)}
    stuck = calls.filter(pa.array(same(calls["status"], "unanswered", "interrupted") & same(calls["direction"], "up")))
    asked: dict[str, list[int]] = {}
    for name, ts in zip(stuck["connection"].to_pylist(), micros(stuck["ts"]).tolist(), strict=True):
        asked.setdefault(name, []).append(ts)
    quiet = np.full(rows.num_rows, np.nan)
    for row, (name, noticed) in enumerate(zip(rows["connection"].to_pylist(), micros(rows["noticed"]).tolist(), strict=True)):
        low, high = np.searchsorted(lived.connections, [numbers.get(name, -1), numbers.get(name, -1) + 1])
        times, up = lived.times[low:high], lived.up[low:high]
        last_down = times[~up & (times < noticed)].max(initial=NO_TIME)
        unheard = [ts for ts in asked.get(name, []) if last_down < ts < noticed]
        before = times[times < min(unheard, default=NO_TIME)]
        if unheard and len(before):
            quiet[row] = (min(unheard) - int(before.max())) / 1e6
    return quiet

"""The energy register and the power of each connector over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import NO_TIME, SECOND, micros, reals, same, wholes
from analyzer.plots import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyzer.kernels.columns import Ints, Reals

TITLE = "Does the meter count, and does the power fit?"
REGISTER, POWER = "Energy.Active.Import.Register", "Power.Active.Import"
MAX_SERIES = 6
MAX_SHADES = 200
GAP = 3.0
"""A line is broken where two samples lie further apart than this many times the median."""
DAY = 86_400 * SECOND
Key = tuple[str, int, int]


def meter_register(readings: pa.Table, transactions: pa.Table, *, station: str | None = None) -> Figure:
    """Register in kWh above, power in kW below, a colour a connector, transactions shaded."""
    readings, transactions = (style.of_station(table, station) for table in (readings, transactions))
    energy, power = _whole(readings, REGISTER, "Wh"), _whole(readings, POWER, "W")
    if not energy.num_rows and not power.num_rows:
        why = "No meter values were seen." if not readings.num_rows else "No energy register and no power was sampled."
        return style.nothing(TITLE, why)
    series = _series(pa.concat_tables([energy, power]).unify_dictionaries())
    shown = series[:MAX_SERIES]
    figure = style.new_figure(4.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    style.prepare(upper, TITLE, style.note(len(series) - len(shown), "samples"))
    style.prepare(lower)
    most = style.MAX_POINTS // (2 * len(shown))
    for axes, table, what in ((upper, energy, "register, kWh"), (lower, power, "power, kW")):
        for number, key in enumerate(shown):
            _draw(axes, table.filter(pa.array(_of(table, key))), style.SERIES[number], _name(key, shown), most)
        axes.set_ylabel(what, fontsize=8.5, color=style.GREY)
        axes.yaxis.get_major_formatter().set_useOffset(False)  # type: ignore[attr-defined]
        if not table.num_rows:
            axes.text(0.01, 0.5, "not sampled", transform=axes.transAxes, color=style.GREY, fontsize=8.5)
            axes.set_yticks([])
    _shade((upper, lower), transactions, shown)
    style.time_axis(lower)
    style.legend(figure, style.labelled((upper, lower)))
    return figure


def _whole(readings: pa.Table, measurand: str, unit: str) -> pa.Table:
    """The readings of a measurand that are numbers with a time, of all phases together."""
    phases = np.array([phase is None for phase in readings["phase"].to_pylist()], dtype=bool)
    chosen = same(readings["measurand"], measurand) & same(readings["unit"], unit) & phases
    chosen &= ~np.isnan(reals(readings["value"])) & (_times(readings) != NO_TIME)
    return readings.filter(pa.array(chosen))


def _times(readings: pa.Table) -> Ints:
    """When each value was measured, or else when it was seen."""
    measured = micros(readings["measured"])
    return np.where(measured == NO_TIME, micros(readings["ts"]), measured)


def _keys(table: pa.Table) -> list[Key]:
    stations = [name or "" for name in table["station"].to_pylist()]
    return list(zip(stations, wholes(table["evse"]).tolist(), wholes(table["connector"]).tolist(), strict=True))


def _series(table: pa.Table) -> list[Key]:
    """The connectors with the most samples first."""
    counts: dict[Key, int] = {}
    for key in _keys(table):
        counts[key] = counts.get(key, 0) + 1
    return sorted(counts, key=lambda key: (-counts[key], key))


def _of(table: pa.Table, key: Key) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    station, evse, connector = key
    return same(table["station"], station) & (wholes(table["evse"]) == evse) & (wholes(table["connector"]) == connector)


def _name(key: Key, shown: list[Key]) -> str:
    station, evse, connector = key
    part = "whole station" if connector == 0 and evse < 1 else f"connector {connector}" if connector >= 0 else ""
    part = " ".join(word for word in (f"EVSE {evse}" if evse >= 0 else "", part) if word)
    several = len({name for name, _, _ in shown}) > 1
    return f"{style.label(station)} {part}".strip() if several else part or style.label(station)


def _draw(axes: Axes, table: pa.Table, colour: str, name: str, most: int) -> None:
    if not table.num_rows:
        return
    order = np.argsort(_times(table), kind="stable")
    times, values = _times(table)[order], reals(table["value"])[order] / 1000
    across, along = _broken(times, values, most)
    axes.plot(across, along, color=colour, linewidth=1.2, marker="o", markersize=2.4, markeredgewidth=0, label=name)


def _broken(times: Ints, values: Reals, most: int) -> tuple[Reals, Reals]:
    """The points thinned out, with a hole in the line where no sample was for long."""
    steps = np.diff(times)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else float(SECOND)
    holes = np.flatnonzero(steps > GAP * usual) + 1
    kept = style.thinned(values, most)
    places = np.searchsorted(kept, holes)
    across, along = style.days(times[kept]), values[kept]
    return np.insert(across, np.unique(places), np.nan), np.insert(along, np.unique(places), np.nan)


def _shade(panels: Sequence[Axes], transactions: pa.Table, shown: Sequence[Key]) -> None:
    """Shade the times at which a connector that is drawn was in a transaction."""
    chosen = np.array([key in shown for key in _keys(transactions)], dtype=bool)
    begins, ends = micros(transactions["started"]), micros(transactions["stopped"])
    begins = np.where(begins == NO_TIME, micros(transactions["start"]), begins)
    low, high = (round(limit * DAY) for limit in panels[0].get_xlim())
    begins, ends = np.where(begins == NO_TIME, low, begins), np.where(ends == NO_TIME, high, ends)
    spans = style.merged(begins[chosen], ends[chosen])[:MAX_SHADES]
    for first, last in style.days(np.clip(spans, low, high)):
        for axes in panels:
            axes.axvspan(first, last, color=style.GREEN, alpha=0.08, linewidth=0, zorder=0, label="transaction")
    for axes in panels:
        axes.set_xlim(low / DAY, high / DAY)

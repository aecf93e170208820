"""Gaps between heartbeats against the interval in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import NO_TIME, flags, micros, reals
from analyzer.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyzer.kernels.columns import Ints, Reals

TITLE = "Did heartbeats come at their interval?"
MAX_STATIONS = 6
LATE = 1.5
"""Intervals from which on a heartbeat counts as late, when the stations to be drawn are chosen."""
WIDE = 30.0
"""Longest gap by shortest from which on the axis is logarithmic."""


def heartbeat_gaps(heartbeats: pa.Table, *, station: str | None = None) -> Figure:
    """A panel a station: every gap where it ended, the interval in force as a line; gaps with no other request filled."""
    known = ~np.isnan(reals(heartbeats["gap"])) & (micros(heartbeats["ts"]) != NO_TIME)
    seen = style.of_station(heartbeats, station)
    table = style.of_station(heartbeats.filter(pa.array(known)), station)
    if not table.num_rows:
        why = "No heartbeats were seen." if not seen.num_rows else "No connection saw two heartbeats with a time."
        return style.nothing(TITLE, why)
    names, left = style.choose(MAX_STATIONS, _late(table), table)
    figure = style.new_figure(1.4 + (2.2 if len(names) == 1 else 1.5 * len(names)))
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for place, (axes, name) in enumerate(zip(panels, names, strict=True)):
        style.prepare(axes, *((TITLE, style.note(left, "late heartbeats")) if place == 0 else ("", "")), pad=22)
        _panel(axes, style.of_station(table, name), style.MAX_POINTS // (2 * len(names)))
        axes.set_ylabel("gap, s", fontsize=8.5, color=style.GREY)
        _name(axes, style.label(name))
    style.time_axis(panels[-1])
    style.legend(figure, style.labelled(panels))
    style.tell(figure, TITLE, *(_told(style.of_station(table, name), style.label(name)) for name in names))
    return figure


def _name(axes: Axes, name: str) -> None:
    """The station over its panel, which a name at the side would outgrow."""
    axes.text(
        0,
        1.03,
        name,
        transform=axes.transAxes,
        fontsize=8.5,
        fontweight="bold",
        color=style.GREY,
        va="bottom",
        parse_math=False,
    )


def _told(table: pa.Table, name: str) -> str:
    gaps, interval = reals(table["gap"]), reals(table["interval"])
    late = int((gaps > LATE * interval).sum())
    ordered = ", ".join(f"{value:g}" for value in np.unique(interval[~np.isnan(interval)])[:3])
    against = f"{late} longer than {LATE} intervals; interval in force {ordered} s" if ordered else "no interval known"
    return f"{name}: {style.counted(len(gaps), 'gap')}, {np.median(gaps):.1f} s in the median, {against}."


def _late(table: pa.Table) -> pa.Table:
    return table.filter(pa.array(reals(table["gap"]) > LATE * reals(table["interval"])))


def _panel(axes: Axes, table: pa.Table, most: int) -> None:
    order = np.argsort(micros(table["ts"]), kind="stable")
    across, gaps = style.days(micros(table["ts"])[order]), reals(table["gap"])[order]
    quiet, interval = flags(table["quiet"])[order], reals(table["interval"])[order]
    if (~np.isnan(interval)).any():
        places = _steps(interval)
        axes.step(
            across[places],
            interval[places],
            where="post",
            color=style.INK,
            linewidth=1,
            zorder=3,
            label="interval in force",
        )
    for chosen, fill, name in (
        (quiet, style.BLUE, "gap, charger otherwise silent"),
        (~quiet, "none", "gap with other requests in it"),
    ):
        places = np.flatnonzero(chosen)[style.thinned(gaps[chosen], most)]
        if len(places):
            axes.plot(
                across[places],
                gaps[places],
                "o",
                markersize=3.2,
                markerfacecolor=fill,
                markeredgecolor=style.BLUE if fill != "none" else style.GREEN,
                markeredgewidth=0.8,
                label=name,
            )
    positive = gaps[gaps > 0]
    if len(positive) and positive.max() > WIDE * positive.min():
        from matplotlib.ticker import FuncFormatter

        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axes.set_ylim(bottom=0, top=max(float(gaps.max()), float(np.nanmax(np.append(interval, 0)))) * 1.15 or 1)


def _steps(interval: Reals) -> Ints:
    """Where the interval changes, and both ends."""
    filled = np.nan_to_num(interval, nan=-1.0)
    changed = np.flatnonzero(filled[1:] != filled[:-1]) + 1
    return np.unique(np.concatenate([[0], changed, [len(interval) - 1]]))

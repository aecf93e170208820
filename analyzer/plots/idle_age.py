"""How long connections had been quiet when they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.kernels.columns import flags, reals
from analyzer.kernels.idle import densest_window
from analyzer.plots import style

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyzer.kernels.columns import Reals

TITLE = "How long had it been quiet when the connection ended?"
ROWS = {
    "idle_up": "charger\nquiet",
    "idle_any": "both\nquiet",
    "idle_down": "CSMS\nquiet",
}
TIMEOUTS = {60: "60 nginx, AWS ALB", 100: "100 Cloudflare", 240: "240 Azure", 350: "350 AWS NLB"}
"""Idle timeouts in seconds that devices have by default."""
FEWEST_IN_WINDOW = 3
SHORTEST = 0.1
"""Seconds at which the logarithmic axis begins."""
BINS = 80
CENTRE = 1.1
"""Times the middle of the axis: bars right of it have their words at the left."""


def idle_age(outages: pa.Table, connections: pa.Table, *, station: str | None = None) -> Figure:
    """Three rows: quiet times of the charger, of both sides and of the CSMS before each end, with known timeouts."""
    table = style.of_station(outages, station)
    ages = {name: np.maximum(_known(reals(table[name])), SHORTEST) for name in ROWS}
    every = np.concatenate(list(ages.values()))
    if not len(every):
        return style.nothing(TITLE, _why_nothing(table, style.of_station(connections, station)))
    figure = style.new_figure(4.2)
    panels = figure.subplots(len(ROWS), 1, sharex=True)
    low, high = every.min() / 1.5, every.max() * 1.5
    bins = np.geomspace(low, high, BINS)
    for place, (axes, name) in enumerate(zip(panels, ROWS, strict=True)):
        style.prepare(axes, *((TITLE, style.counted(table.num_rows, "end")) if place == 0 else ("", "")), pad=22)
        _row(axes, ages[name], bins)
        axes.set_ylabel(ROWS[name], fontsize=8.5, color=style.GREY, rotation=0, ha="right", va="center")
        _timeouts(axes, low, high, named=place == 0)
    _scale(panels[-1], low, high)
    quiet = (f"{' '.join(ROWS[name].split())} for {np.median(of):.1f} s" for name, of in ages.items() if len(of))
    style.tell(figure, TITLE, f"{style.counted(table.num_rows, 'end')}; in the median {', '.join(quiet)}.")
    return figure


def _why_nothing(outages: pa.Table, connections: pa.Table) -> str:
    if outages.num_rows:
        return "No message was seen on the connections that ended."
    told = not connections.num_rows or not flags(connections["inferred"]).all()
    return "No outage was seen." if told else "The input tells of messages only, not of connections."


def _known(values: Reals) -> Reals:
    return values[~np.isnan(values)]


def _row(axes: Axes, ages: Reals, bins: Reals) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xscale("log")
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    if not len(ages):
        axes.text(0.01, 0.5, "not seen", transform=axes.transAxes, color=style.GREY, fontsize=8.5, va="center")
        axes.set_yticks([])
        return
    window = densest_window(ages)
    counts, _ = np.histogram(ages, bins)
    dense = window.members >= FEWEST_IN_WINDOW
    inside = dense & (bins[1:] >= window.low) & (bins[:-1] <= window.high)
    for chosen, colour in ((inside, style.RED), (~inside, style.BLUE)):
        full = np.flatnonzero(chosen & (counts > 0))
        axes.bar(bins[full], counts[full], np.diff(bins)[full], align="edge", color=colour, linewidth=0)
    if dense:
        # The words stand at the side of the axis where the bars that they tell of do not.
        left = window.median > np.sqrt(bins[0] * bins[-1]) * CENTRE
        axes.text(
            0.01 if left else 0.99,
            0.92,
            f"{window.members} of {len(ages)} at {window.median:.1f} s",
            transform=axes.transAxes,
            ha="left" if left else "right",
            va="top",
            fontsize=9,
            color=style.RED,
            fontweight="bold",
        )
    axes.set_ylim(0, counts.max() * 1.15)


def _timeouts(axes: Axes, low: float, high: float, *, named: bool) -> None:
    for seconds, name in TIMEOUTS.items():
        if low <= seconds <= high:
            axes.axvline(seconds, color=style.GREY, linewidth=0.8, linestyle=(0, (3, 3)), alpha=0.7, zorder=0)
            if named:
                axes.text(
                    seconds,
                    1.0,
                    f" {name}",
                    transform=axes.get_xaxis_transform(),
                    fontsize=7,
                    color=style.GREY,
                    va="bottom",
                    ha="left",
                    rotation=0,
                )


def _scale(axes: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("seconds from the last message to the end (logarithmic)", fontsize=8.5, color=style.GREY)

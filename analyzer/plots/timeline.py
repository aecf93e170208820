"""Connections, messages, outages and findings of each station over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import NO_TIME, flags, micros, same
from analyzer.plots import style
from analyzer.schema.base import FAILED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyzer.kernels.columns import Flags, Ints

TITLE = "When was the charger connected, and who spoke?"
MAX_STATIONS = 30
CELLS, MOST_CELLS, FEWEST_CELLS = 2400, 600, 80
"""Stretches of time in the whole plot, and in a lane: a stretch is marked where there is a message in it."""
BAR, INNER, OUTER, REACH = 0.12, 0.16, 0.27, 0.34
"""Half heights in lanes: of a connection's bar, where the marks of messages begin and end, of an outage."""
NARROWEST = 500
"""An outage is drawn at least so wide, as a part of the whole time, that an eye can see it."""
CONNECTED, IN_THE_INPUT, OFFLINE = "#9ccbe8", "#dcdcdc", "#de7733"
MARKERS = {
    "info": ("o", style.GREY),
    "warning": ("v", style.ORANGE),
    "error": ("X", style.RED),
    "critical": ("D", style.PURPLE),
}
"""The worst is drawn last, on top."""


class Window(NamedTuple):
    """The time that is drawn, in microseconds."""

    start: int
    end: int


def timeline(
    connections: pa.Table, messages: pa.Table, outages: pa.Table, findings: pa.Table, *, station: str | None = None
) -> Figure:
    """A lane a station: bars while it was connected, gaps while it was offline, marks of messages and findings."""
    connections, messages, outages, findings = (
        style.of_station(table, station) for table in (connections, messages, outages, findings)
    )
    lanes, left = style.choose(MAX_STATIONS, outages, messages, connections)
    window = _window(connections, messages)
    if not lanes or window is None:
        return style.nothing(TITLE, "No connection and no message with a time was seen.")
    figure = style.new_figure(1.5 + max(0.42 * len(lanes), 0.8))
    axes = figure.add_subplot()
    style.prepare(axes, TITLE, style.note(left, "outages"))
    axes.grid(visible=False, axis="y")
    cells = min(MOST_CELLS, max(FEWEST_CELLS, CELLS // len(lanes)))
    for height, name in enumerate(reversed(lanes)):
        own = [style.of_station(table, name) for table in (connections, messages, outages)]
        _bars(axes, height, own[0], window)
        _gaps(axes, height, own[2], window)
        _messages(axes, height, own[1], window, cells)
    _markers(axes, lanes, findings, window)
    axes.set_yticks(range(len(lanes)), [style.label(name) for name in reversed(lanes)], parse_math=False)
    axes.set_ylim(-0.6, len(lanes) - 0.4)
    margin = max((window.end - window.start) // 100, 500_000)
    axes.set_xlim(*style.days(np.array([window.start - margin, window.end + margin])))
    style.time_axis(axes)
    style.legend(figure, style.labelled([axes]))
    style.tell(figure, TITLE, _told(len(lanes), left, connections, messages, outages, findings))
    return figure


def _told(lanes: int, left: int, *tables: pa.Table) -> str:
    counts = zip(tables, ("connection", "message", "outage", "finding"), strict=True)
    of = ", ".join(style.counted(table.num_rows, what) for table, what in counts)
    return f"{style.counted(lanes + left, 'charger')}{f', {lanes} of them drawn' if left else ''}: {of}."


def _window(connections: pa.Table, messages: pa.Table) -> Window | None:
    times = np.concatenate([micros(connections["ts"]), micros(connections["end"]), micros(messages["ts"])])
    times = times[times != NO_TIME]
    return Window(int(times.min()), int(times.max())) if len(times) else None


def _bars(axes: Axes, height: int, connections: pa.Table, window: Window) -> None:
    failed = same(connections["end_kind"], *FAILED)
    begins, ends = micros(connections["ts"]), micros(connections["end"])
    begins = np.where(begins == NO_TIME, window.start, begins)
    ends = np.where(ends == NO_TIME, window.end, ends)
    inferred = flags(connections["inferred"])
    for chosen, colour, name in (
        (~failed & ~inferred, CONNECTED, "connected"),
        (~failed & inferred, IN_THE_INPUT, "only messages are known"),
    ):
        _boxes(axes, style.merged(begins[chosen], ends[chosen]), height - BAR, height + BAR, colour, name)
    if failed.any():
        tries = style.days(np.unique(begins[failed]))
        places = style.thinned(tries, FEWEST_CELLS)
        axes.plot(
            tries[places], np.full(len(places), height), "|", color=style.RED, markersize=9, label="attempt that failed"
        )


def _gaps(axes: Axes, height: int, outages: pa.Table, window: Window) -> None:
    begins, ends = micros(outages["start"]), micros(outages["end"])
    known = begins != NO_TIME
    ends = np.where(ends == NO_TIME, window.end, ends)
    ends = np.maximum(ends, begins + (window.end - window.start) // NARROWEST)
    spans = style.merged(begins[known], ends[known])
    _boxes(axes, spans, height - REACH, height + REACH, OFFLINE, "offline")


def _messages(axes: Axes, height: int, messages: pa.Table, window: Window, cells: int) -> None:
    up, times = same(messages["direction"], "up"), micros(messages["ts"])
    for chosen, side, colour, name in (
        (up, 1, style.BLUE, "charger spoke"),
        (~up, -1, style.GREEN, "CSMS spoke"),
    ):
        spans = _cells(times[chosen & (times != NO_TIME)], window, cells)
        _boxes(axes, spans, height + side * INNER, height + side * OUTER, colour, name)


def _cells(times: Ints, window: Window, cells: int) -> Ints:
    """The stretches of time in which there is any message, neighbours as one."""
    width = max((window.end - window.start) // cells, 1)
    begins = window.start + np.unique((times - window.start) // width) * width
    return style.merged(begins, begins + width)


def _boxes(axes: Axes, spans: Ints, low: float, high: float, colour: str, name: str) -> None:
    """Boxes over spans of time as one path, which keeps the file small."""
    if not len(spans):
        return
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    left, right = style.days(spans[:, 0]), style.days(spans[:, 1])
    bottom, top = np.full(len(spans), low), np.full(len(spans), high)
    corners = np.stack([left, bottom, left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 2)
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(spans))
    axes.add_patch(PathPatch(Path(corners, codes), facecolor=colour, edgecolor="none", label=name))


def _markers(axes: Axes, lanes: list[str], findings: pa.Table, window: Window) -> None:
    """A mark over the lane where a finding begins."""
    starts = micros(findings["start"])
    inside = (starts >= window.start) & (starts <= window.end)
    heights = {name: len(lanes) - 1 - lane + REACH + 0.08 for lane, name in enumerate(lanes)}
    for severity, (marker, colour) in MARKERS.items():
        chosen: Flags = same(findings["severity"], severity) & inside
        stations = findings["station"].filter(pa.array(chosen)).to_pylist()
        placed = sorted({(float(day), heights[name]) for day, name in zip(style.days(starts[chosen]), stations, strict=True) if name in heights})  # fmt: skip
        if placed:
            across, along = zip(*placed[:MOST_CELLS], strict=True)
            axes.plot(
                across,
                along,
                marker,
                color=colour,
                markersize=6,
                markeredgecolor="white",
                markeredgewidth=0.6,
                label=severity,
            )

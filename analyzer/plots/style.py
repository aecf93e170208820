"""The look that all plots share, and strings of strangers made harmless for it."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer.kernels.columns import NO_TIME, same

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyzer.kernels.columns import Ints, Reals

BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#aa4499", "#56b4e9"
"""Colours that people with any colour vision tell apart (Okabe and Ito, 2008)."""
INK, GREY, FAINT = "#24292f", "#6e7781", "#d8dee4"
SERIES = ((BLUE, "o"), (RED, "s"), (GREEN, "^"), (PURPLE, "D"), (ORANGE, "v"), (SKY, "P"))
"""Colour and mark of each series: a shape of its own, so that colour is never all that tells them apart."""
WIDTH = 8.8
"""Inches."""
HANDLE, LETTER = 0.65, 0.075
"""Inches that an entry of a legend takes beside its text, and a letter of it."""
NAME_LENGTH = 24
MAX_POINTS = 1400
"""Points of a whole plot; more are thinned out, extremes kept."""
HARMFUL = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
"""Unicode categories that move the cursor, turn the direction of writing, cannot be seen, or that XML does not allow."""
FORMATS = ["%Y", "%b", "%d", "%H:%M", "%H:%M", "%S.%f"]
FIRST_OF_ALL = ["", "%Y", "%d %b", "%d %b", "%H:%M", "%H:%M"]
COMMON = ["", "%Y", "%b %Y", "%d %b %Y", "%d %b %Y", "%d %b %Y %H:%M"]
"""How the time axis writes years, months, days, hours, minutes, seconds; the first of each; what all share."""


def label(text: object) -> str:
    r"""A string of the input as it may stand in a plot: no control characters, no formulas, 24 characters at most.

    >>> label("CP\x001"), label("a charger with a very long name"), label(" ")
    ('CP�1', 'a charger with a very l…', 'unnamed')
    """
    told = "".join("\ufffd" if unicodedata.category(letter) in HARMFUL else letter for letter in str(text))
    told = told.strip() or "unnamed"
    return told if len(told) <= NAME_LENGTH else told[: NAME_LENGTH - 1] + "…"


def new_figure(height: float) -> Figure:
    """An empty figure of this height in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout="constrained", facecolor="white")


def tell(figure: Figure, *parts: str) -> None:
    """Say in words what the figure shows, for people who do not see it."""
    figure.set_label(" ".join(part for part in parts if part))


def told(figure: Figure) -> str:
    """What the figure shows, in words."""
    return str(figure.get_label())


def counted(count: int, what: str) -> str:
    """A count with its noun.

    >>> counted(1, "gap"), counted(1200, "gap")
    ('1 gap', '1200 gaps')
    """
    return f"{count} {what}{'s' * (count != 1)}"


def prepare(axes: Axes, title: str = "", note: str = "", pad: float = 10) -> None:
    """Give axes the common look: the question as title at the left, a note in grey at the right."""
    if title:
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=pad)
    if note:
        axes.set_title(note, loc="right", fontsize=8.5, color=GREY, pad=pad)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(which="both", colors=GREY, labelsize=8.5, length=3)
    axes.grid(visible=True, color=FAINT, linewidth=0.6, alpha=0.7)
    axes.set_axisbelow(True)
    axes.patch.set_visible(False)


def time_axis(axes: Axes, clock: str = "time, UTC") -> None:
    """Write the time axis in UTC with dates no longer than needed; `clock` tells whose time it is."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]  # matplotlib types no dates
    formatter = ConciseDateFormatter(  # type: ignore[no-untyped-call]  # likewise
        locator, formats=FORMATS, zero_formats=FIRST_OF_ALL, offset_formats=COMMON
    )
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(formatter)
    axes.xaxis.get_offset_text().set_color(GREY)
    axes.xaxis.get_offset_text().set_fontsize(8.5)
    axes.set_xlabel(clock, fontsize=8.5, color=GREY)


def legend(figure: Figure, handles: Mapping[str, Artist]) -> None:
    """A legend under the plots: what each mark means, by its name, in rows."""
    longest = max(map(len, handles), default=0)
    columns = max(min(int(WIDTH / (HANDLE + LETTER * longest)), len(handles)), 1)
    entries = list(handles.items())
    entries = [entry for column in range(columns) for entry in entries[column::columns]]  # matplotlib fills columns
    shown = figure.legend(
        [handle for _, handle in entries],
        [name for name, _ in entries],
        loc="outside lower left",
        ncols=columns,
        frameon=False,
        fontsize=8.5,
        labelcolor=INK,
    )
    for text in shown.get_texts():
        text.set_parse_math(False)


def labelled(panels: Iterable[Axes]) -> dict[str, Artist]:
    """What the panels drew under a name, each name once."""
    return {
        name: handle for axes in panels for handle, name in zip(*axes.get_legend_handles_labels(), strict=True) if name
    }


def nothing(title: str, why: str) -> Figure:
    """A figure without axes that says why it is empty."""
    figure = new_figure(1.2)
    figure.text(0.01, 0.8, title, color=INK, fontsize=11, fontweight="bold", va="center")
    figure.text(0.01, 0.4, why, color=GREY, fontsize=10, va="center", parse_math=False)
    tell(figure, title, why)
    return figure


def of_station(table: pa.Table, station: str | None) -> pa.Table:
    """The rows of one station, or all where none is named."""
    return table if station is None else table.filter(pa.array(same(table["station"], station)))


def days(times: Ints) -> Reals:
    """Times as the days that matplotlib counts; a missing one is NaN."""
    return np.where(times == NO_TIME, np.nan, times / 86_400e6)


def thinned(values: Reals, most: int) -> Ints:
    """The places of at most so many values, the lowest and highest of each stretch among them, in order.

    >>> thinned(np.array([0.0, 5.0, 1.0, 9.0, 2.0, 1.0]), 4).tolist()
    [0, 1, 3, 5]
    """
    if len(values) <= most:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(len(values)), max(most // 2, 1))
    lows = [stretch[np.argmin(values[stretch])] for stretch in stretches]
    highs = [stretch[np.argmax(values[stretch])] for stretch in stretches]
    return np.unique([*lows, *highs])


def merged(begins: Ints, ends: Ints) -> Ints:
    """Spans that overlap or touch as one, as rows of begin and end.

    >>> merged(np.array([0, 5, 20]), np.array([6, 9, 30])).tolist()
    [[0, 9], [20, 30]]
    """
    if not len(begins):
        return np.empty((0, 2), dtype=np.int64)
    order = np.argsort(begins, kind="stable")
    first, last = begins[order], np.maximum.accumulate(ends[order])
    fresh = np.concatenate([[True], first[1:] > last[:-1]])
    return np.stack([first[fresh], last[np.concatenate([fresh[1:], [True]])]], axis=1)


def choose(most: int, *tables: pa.Table) -> tuple[list[str], int]:
    """At most so many stations in the order of their names, and how many are left out.

    Those with the most rows in the first table are chosen, among equals those with the most in the next.
    """
    counts = [_counts(table) for table in tables]
    names = sorted({name for of in counts for name in of}, key=natural)
    chosen = sorted(names, key=lambda name: tuple(-of.get(name, 0) for of in counts))[:most]
    return sorted(chosen, key=natural), len(names) - len(chosen)


def natural(name: str) -> list[tuple[int, str]]:
    """The key that sorts CP-2 before CP-10.

    >>> sorted(["CP-10", "CP-2"], key=natural)
    ['CP-2', 'CP-10']
    """
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d{1,18})", name)]


def note(left: int, what: str) -> str:
    """A note that some stations are left out; empty where none is."""
    return f"those with the most {what}; {left} more not shown" if left else ""


def _counts(table: pa.Table) -> dict[str, int]:
    counts = table.select(["station"]).group_by("station").aggregate([([], "count_all")]).to_pylist()
    return {row["station"]: row["count_all"] for row in counts if row["station"] is not None}

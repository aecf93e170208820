"""The energy register and the power of each connector over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.as_of import last_or_first
from analyzer.kernels.columns import NO_TIME, SECOND, micros, reals, same, wholes
from analyzer.plots import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from analyzer.kernels.columns import Flags, Ints, Reals

TITLE = "Does the meter count, and does the power fit?"
REGISTER, POWER = "Energy.Active.Import.Register", "Power.Active.Import"
MAX_SERIES = 6
MAX_SHADES = 200
MAX_MARKS = 40
"""Marks on a line, which may have more points."""
FAR = 5.0
"""Registers are drawn from their first values where all together span so many times what the busiest one rose."""
GAP = 3.0
"""A line is broken where two samples lie further apart than this many times the median."""
DAY = 86_400 * SECOND


class Place(NamedTuple):
    """What is metered; -1 where a number is not told."""

    station: str
    evse: int
    connector: int


def meter_register(readings: pa.Table, transactions: pa.Table, *, station: str | None = None) -> Figure:
    """Register in kWh above, power in kW below, a colour and a mark a connector, transactions shaded."""
    readings, transactions = (style.of_station(table, station) for table in (readings, transactions))
    readings = _placed(readings, transactions)
    energy, power = _whole(readings, REGISTER, "Wh"), _whole(readings, POWER, "W")
    if not energy.num_rows and not power.num_rows:
        why = "No meter values were seen." if not readings.num_rows else "No energy register and no power was sampled."
        return style.nothing(TITLE, why)
    places = _places(pa.concat_tables([energy, power]).unify_dictionaries())
    shown = places[:MAX_SERIES]
    figure = style.new_figure(4.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    style.prepare(upper, TITLE, style.note(len(places) - len(shown), "samples"))
    style.prepare(lower)
    apart = _apart(energy, shown)
    _lines(upper, energy, shown, "register above its\nfirst value, kWh" if apart else "register, kWh", rise=apart)
    _lines(lower, power, shown, "power, kW")
    for axes, table, measurand in ((upper, energy, REGISTER), (lower, power, POWER)):
        if not table.num_rows:
            _empty(axes, "sampled by phase only" if same(readings["measurand"], measurand).any() else "not sampled")
    shades = _shade((upper, lower), transactions, shown)
    # Values are drawn when they were measured, which only the charger's clock tells.
    style.time_axis(lower, "time by the charger's clock; without a zone it is read as UTC")
    style.legend(figure, style.labelled((upper, lower)))
    style.tell(figure, TITLE, _extent("Register", energy, "kWh"), _extent("Power", power, "kW"), _counts(shown, shades))
    return figure


def _placed(readings: pa.Table, transactions: pa.Table) -> pa.Table:
    """The readings with the connector of their transaction where they tell none, as in StopTransaction (1.6 6.49)."""
    evse, connector = wholes(readings["evse"]).copy(), wholes(readings["connector"]).copy()
    nowhere = np.flatnonzero((evse < 0) & (connector < 0))
    untold = readings.take(pa.array(nowhere))
    names, wanted = (
        pc.binary_join_element_wise(table["station"].cast(pa.string()), table["transaction"], "\0")
        for table in (transactions, untold)
    )
    hits = last_or_first(names, micros(transactions["ts"]), wanted, micros(untold["ts"]))
    for name, numbers in (("evse", evse), ("connector", connector)):
        numbers[nowhere] = np.append(wholes(transactions[name]), -1)[hits]
    for name, numbers in (("evse", evse), ("connector", connector)):
        readings = readings.set_column(readings.column_names.index(name), name, pa.array(numbers))
    return readings


def _whole(readings: pa.Table, measurand: str, unit: str) -> pa.Table:
    """The readings of a measurand that are numbers with a time, of all phases together."""
    chosen = same(readings["measurand"], measurand) & same(readings["unit"], unit)
    chosen &= np.asarray(readings["phase"].is_null()) & np.asarray(readings["station"].is_valid())
    chosen &= np.isfinite(reals(readings["value"])) & (_times(readings) != NO_TIME)
    return readings.filter(pa.array(chosen))


def _times(readings: pa.Table) -> Ints:
    """When each value was measured, or else when it was seen."""
    return _either(readings, "measured", "ts")


def _either(table: pa.Table, first: str, second: str) -> Ints:
    """The times of one column, and of another where it has none."""
    times = micros(table[first])
    return np.where(times == NO_TIME, micros(table[second]), times)


def _places(table: pa.Table) -> list[Place]:
    """What is metered, with the most samples first."""
    counts = table.group_by(["station", "evse", "connector"]).aggregate([([], "count_all")]).to_pylist()
    counts.sort(key=lambda row: (-row["count_all"], row["station"], row["evse"], row["connector"]))
    return [Place(row["station"], row["evse"], row["connector"]) for row in counts]


def _of(table: pa.Table, place: Place) -> Flags:
    chosen = same(table["station"], place.station)
    chosen &= (wholes(table["evse"]) == place.evse) & (wholes(table["connector"]) == place.connector)
    return chosen


def _name(place: Place, shown: Sequence[Place]) -> str:
    words = [f"EVSE {place.evse}"] if place.evse >= 0 else []
    if place.connector > 0:
        words.append(f"connector {place.connector}")
    elif place.connector == 0 and place.evse < 1:
        words.append("whole station")
    part = " ".join(words) or "connector not told"
    several = len({other.station for other in shown}) > 1
    return f"{style.label(place.station)} {part}" if several else part


def _apart(table: pa.Table, shown: Sequence[Place]) -> bool:
    """Whether registers lie so far apart that one axis would make a flat line of each."""
    values = [reals(table["value"])[_of(table, place)] for place in shown]
    counted = [of for of in values if len(of)]
    if len(counted) < 2:
        return False
    widest = max(float(np.ptp(of)) for of in counted)
    return float(np.ptp(np.concatenate(counted))) > FAR * widest


def _lines(axes: Axes, table: pa.Table, shown: Sequence[Place], what: str, *, rise: bool = False) -> None:
    most = style.MAX_POINTS // (2 * len(shown))
    for place, (colour, mark) in zip(shown, style.SERIES, strict=False):
        own = table.filter(pa.array(_of(table, place)))
        if own.num_rows:
            across, along = _broken(own, most)
            along -= along[0] if rise else 0
            axes.plot(
                across,
                along,
                color=colour,
                linewidth=1.4,
                marker=mark,
                markersize=3.2,
                markevery=max(len(across) // MAX_MARKS, 1),
                markeredgewidth=0,
                label=_name(place, shown),
            )
    axes.set_ylabel(what, fontsize=8.5, color=style.GREY)
    axes.ticklabel_format(axis="y", style="plain", useOffset=False)


def _broken(table: pa.Table, most: int) -> tuple[Reals, Reals]:
    """The points thinned out, in kW or kWh, with a hole in the line where no sample was for long."""
    order = np.argsort(_times(table), kind="stable")
    times, values = _times(table)[order], reals(table["value"])[order] / 1000
    steps = np.diff(times)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else float(SECOND)
    holes = np.flatnonzero(steps > GAP * usual) + 1
    kept = style.thinned(values, most)
    places = np.unique(np.searchsorted(kept, holes))
    across, along = style.days(times[kept]), values[kept]
    return np.insert(across, places, np.nan), np.insert(along, places, np.nan)


def _empty(axes: Axes, why: str) -> None:
    axes.text(0.01, 0.5, why, transform=axes.transAxes, color=style.GREY, fontsize=8.5, va="center")
    axes.set_yticks([])


def _shade(panels: Sequence[Axes], transactions: pa.Table, shown: Sequence[Place]) -> int:
    """Shade the times at which a connector that is drawn was in a transaction; how many transactions these are.

    The charger's own times come first, as with its readings: its clock may be wrong, and messages arrive late.
    """
    chosen = np.zeros(transactions.num_rows, dtype=bool)
    for place in shown:
        chosen |= _of(transactions, place)
    begins, ends = (_either(transactions, *names) for names in (("start", "started"), ("end", "stopped")))
    chosen &= (begins != NO_TIME) | (ends != NO_TIME)  # a transaction that is only mentioned has no known extent
    low, high = (round(limit * DAY) for limit in panels[0].get_xlim())
    begins, ends = np.where(begins == NO_TIME, low, begins), np.where(ends == NO_TIME, high, ends)
    chosen &= (begins < high) & (ends > low)
    spans = style.merged(begins[chosen], ends[chosen])[:MAX_SHADES]
    for first, last in style.days(np.clip(spans, low, high)):
        for axes in panels:
            axes.axvspan(first, last, color=style.GREEN, alpha=0.13, linewidth=0, zorder=0, label="transaction")
    for axes in panels:
        axes.set_xlim(low / DAY, high / DAY)
    return int(chosen.sum())


def _extent(what: str, table: pa.Table, unit: str) -> str:
    if not table.num_rows:
        return f"{what} not sampled."
    values = reals(table["value"]) / 1000
    return f"{what} from {values.min():.1f} to {values.max():.1f} {unit} in {style.counted(len(values), 'sample')}."


def _counts(shown: Sequence[Place], shades: int) -> str:
    stations = len({place.station for place in shown})
    return (
        f"{style.counted(stations, 'charger')}, {style.counted(len(shown), 'line')}, "
        f"{style.counted(shades, 'transaction')} shaded."
    )

"""Draws a plot by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer import plan
from analyzer.plots import KINDS

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure


def needs(kind: str) -> tuple[str, ...]:
    """The tables that a plot reads."""
    return plan.needs(KINDS[kind])


def draw(kind: str, *tables: pa.Table, station: str | None = None) -> Figure:
    """A plot from its tables in the order of `needs`, of all stations or of one."""
    return KINDS[kind](*tables, station=station)

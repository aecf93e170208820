"""What happened last on one side of a connection before a time: a message, a hole, a text that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import NO_TIME, micros, same

if TYPE_CHECKING:
    from analyzer.kernels.columns import Ints

SIDES = {"up": "the charger", "down": "the CSMS"}
WHO = {"up": "The charger", "down": "The CSMS"}
"""Who sends in a direction, at the beginning of a sentence."""
OTHER = {"up": "down", "down": "up"}


def last_of_side(
    events: pa.Table, rows: pa.Table, times: Ints, *, other: bool = False, scope: str = "connection"
) -> Ints:
    """For each row, the time of the last event at or before its time on its connection and side, or `NO_TIME`.

    `other` looks at the side that answers, `scope` names the column that stands for the connection. An event whose side
    is not known counts for both.
    """
    events = pa.concat_tables([_one_sided(events, scope, "up"), _one_sided(events, scope, "down")])
    moments = micros(events["ts"])
    hits = last_before(_sides(events, scope), moments, _sides(rows, scope, other=other), times)
    return np.append(moments, NO_TIME)[hits]


def _sides(table: pa.Table, scope: str, *, other: bool = False) -> pa.ChunkedArray:
    up = pa.chunked_array([pa.array(same(table["direction"], "up") != other)])
    sides = pc.if_else(up, "up", "down")
    return pc.binary_join_element_wise(pc.fill_null(table[scope].cast(pa.string()), ""), sides, "\0")


def _one_sided(events: pa.Table, scope: str, side: str) -> pa.Table:
    """The scope, side and time of the events that are of this side or may be."""
    own = events.filter(pa.array(~same(events["direction"], OTHER[side])))
    columns = [own[scope].cast(pa.string()), pa.array([side] * len(own), pa.string()), own["ts"]]
    return pa.table(columns, names=[scope, "direction", "ts"])

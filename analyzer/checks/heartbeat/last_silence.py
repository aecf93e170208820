"""How long the last silence of a connection is known to have lasted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.checks.rows import end_source
from analyzer.kernels.as_of import last_before
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, Flags, flags, micros, same

COLUMNS = ["station", "connection", "ts", "source", "origin"]


def still_open(messages: pa.Table, connections: pa.Table) -> pa.Table:
    """The last message of the CSMS on each connection that the end of the input cut off, after all of the charger."""
    rows = connections.filter(pa.array(~_over(connections) & ~flags(connections["inferred"])))
    down = messages.filter(pa.array(same(messages["direction"], "down"))).select(COLUMNS)
    times = micros(down["ts"])
    last = last_before(down["connection"], times, rows["connection"], np.full(rows.num_rows, END_OF_TIME))
    after = (last >= 0) & (np.append(times, NO_TIME)[last] > micros(rows["last_up"]))
    return down.take(pa.array(last[after]))


def ended(connections: pa.Table) -> pa.Table:
    """The end of each connection that ended, as far as that was told."""
    told = (
        _over(connections)
        & ~flags(connections["inferred"])
        & (micros(connections["end"]) >= micros(connections["last_up"]))
    )
    rows = connections.filter(pa.array(told))
    columns = [rows["station"], rows["connection"], rows["end"], end_source(rows), rows["end_origin"]]
    return pa.table([*columns, pa.array(np.ones(rows.num_rows, dtype=bool))], names=[*COLUMNS, "ended"])


def _over(connections: pa.Table) -> Flags:
    over: Flags = np.asarray(connections["end_kind"].is_valid(), dtype=bool) & ~same(connections["end_kind"], "open")
    return over

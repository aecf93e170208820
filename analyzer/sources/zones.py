"""The time zone of a log that does not name it, found from what the CSMS said the time was."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer import schema

if TYPE_CHECKING:
    from collections.abc import Mapping

QUARTER = 15 * 60
NEAR = 120
"""How near to a multiple of 15 minutes the shift must be, in seconds: a CSMS's log and its answers share a clock."""
AGREEING = 0.8
_CURRENT_TIME = re.compile(r'"currentTime"\s*:\s*"([^"]{10,40})"')


def correct(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables with their times shifted to UTC, where the `currentTime` of the answers says that they are not."""
    shift = _shift(tables["messages"])
    if shift is None:
        return dict(tables)
    hours = f"UTC{-shift / 3600:+g} h, from currentTime in the answers"
    moved = {name: _moved(table, shift) for name, table in tables.items()}
    sources = moved["sources"]
    moved["sources"] = schema.from_columns(
        "sources", {**{name: sources[name] for name in sources.column_names}, "zone": [hours] * sources.num_rows}
    )
    return moved


def _shift(messages: pa.Table) -> int | None:
    """Seconds to add to the log's times, a multiple of 15 minutes; None where nothing tells."""
    answers = messages.filter(
        pc.and_(
            pc.equal(messages["type"].cast(pa.string()), "result"),
            pc.match_substring(messages["payload"], '"currentTime"'),
        )
    ).slice(0, 500)
    offsets = [
        (moment - logged).total_seconds()
        for payload, logged in zip(answers["payload"].to_pylist(), answers["ts"].to_pylist(), strict=True)
        if logged is not None and (moment := _current_time(payload)) is not None
    ]
    if not offsets:
        return None
    steps = np.round(np.array(offsets) / QUARTER)
    likeliest = int(np.median(steps))
    near = np.abs(np.array(offsets) - likeliest * QUARTER) < NEAR
    return likeliest * QUARTER if near.mean() >= AGREEING else None


def _current_time(payload: str) -> datetime | None:
    match = _CURRENT_TIME.search(payload)
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(match[1])
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _moved(table: pa.Table, shift: int) -> pa.Table:
    step = pa.scalar(shift * 1_000_000, pa.duration("us"))
    for index, field in enumerate(table.schema):
        if field.type == schema.TIME:
            table = table.set_column(index, field, pc.add(table[field.name], step).cast(schema.TIME))
    return table

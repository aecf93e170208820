"""Base tables narrowed to a span of time, so that its edges are known as such."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import END_OF_TIME, NO_TIME, SECOND, Ints, micros, same

if TYPE_CHECKING:
    from collections.abc import Mapping

ALWAYS, NEVER = NO_TIME + 1, END_OF_TIME
"""Bounds that cut nothing off."""
OF_THE_END = ("end_side", "close_code", "close_reason", "end_origin", "end_source")
"""What is known of the end of a connection, and of none that goes on."""
TIMED = ("messages", "controls", "transport", "lookups", "certificates", "tls_records", "issues")


def narrow(base: Mapping[str, pa.Table], low: int = ALWAYS, high: int = NEVER) -> dict[str, pa.Table]:
    """What happened from `low` on and before `high`, in microseconds since the epoch.

    Rows without a time go where a bound is given, but for issues of the input as a whole. A connection that goes on
    behind the span is open at its end, one that began before it has no beginning.
    """
    narrowed = {name: _within(table, low, high) if name in TIMED else table for name, table in base.items()}
    return narrowed | {"sources": _cut(base["sources"], low, high), "connections": _live(base, low, high)}


def moment(given: datetime | str | None, otherwise: int) -> int:
    """A time in microseconds since the epoch; text is ISO 8601, and what has no zone is UTC.

    >>> moment("2026-03-02T08:00:00", NEVER) == moment("2026-03-02T09:00:00+01:00", NEVER)
    True
    """
    if given is None:
        return otherwise
    time = datetime.fromisoformat(given) if isinstance(given, str) else given
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * SECOND)


def _within(table: pa.Table, low: int, high: int) -> pa.Table:
    times = micros(table["ts"])
    keep = (times >= low) & (times < high)
    if "damage" in table.column_names or (low, high) == (ALWAYS, NEVER):
        keep |= times == NO_TIME
    return table.filter(pa.array(keep))


def _cut(sources: pa.Table, low: int, high: int) -> pa.Table:
    starts, ends = micros(sources["start"]), micros(sources["end"])
    return _replaced(
        "sources",
        sources,
        start=np.where(starts == NO_TIME, NO_TIME, np.clip(starts, low, high)),
        end=np.where(ends == NO_TIME, NO_TIME, np.clip(ends, low, high)),
    )


def _live(base: Mapping[str, pa.Table], low: int, high: int) -> pa.Table:
    """The connections that lived in the span; signs of life outside it are not known."""
    table = base["connections"]
    starts, ends = micros(table["ts"]), micros(table["end"])
    signs = [micros(table[name]) for name in ("last_up", "last_down")]
    last = np.maximum.reduce([ends, *signs])
    overlap = (starts < high) & ((last >= low) | same(table["end_kind"], "open") | (ends == NO_TIME))
    table = table.filter(pa.array(overlap))
    starts, ends = starts[overlap], ends[overlap]
    later, earlier = ends >= high, (starts != NO_TIME) & (starts < low)
    last_signs = {name: _last_sign(base, table, name, high) for name in ("last_up", "last_down")}
    cut = _replaced("connections", table, end=np.where(later, NO_TIME, ends), **last_signs)
    flags = {
        "end_kind": _where(later, "open", table["end_kind"]),
        **{name: _where(later, None, table[name]) for name in OF_THE_END},
        "end_observed": _where(later, False, table["end_observed"]),
        "start_observed": _where(earlier, False, table["start_observed"]),
    }
    return schema.from_columns("connections", {**{name: cut[name] for name in cut.column_names}, **flags})


def _last_sign(base: Mapping[str, pa.Table], connections: pa.Table, name: str, high: int) -> Ints:
    """The last message or control frame of one side before the end of the span."""
    known = micros(connections[name])
    if not (known >= high).any():
        return known
    side = "up" if name == "last_up" else "down"
    last: dict[str, int] = {}
    for table in (base["messages"], base["controls"]):
        chosen = table.filter(pa.array(same(table["direction"], side) & (micros(table["ts"]) < high)))
        plain = pa.table({"connection": chosen["connection"].cast(pa.string()), "ts": chosen["ts"].cast(pa.int64())})
        for row in plain.group_by("connection").aggregate([("ts", "max")]).to_pylist():
            last[row["connection"]] = max(row["ts_max"], last.get(row["connection"], NO_TIME))
    found = np.array([last.get(connection, NO_TIME) for connection in connections["connection"].to_pylist()])
    return np.where(known >= high, found, known)


def _where(chosen: np.ndarray, value: object, column: pa.ChunkedArray) -> list[object]:
    return [value if cut else other for cut, other in zip(chosen.tolist(), column.to_pylist(), strict=True)]


def _replaced(name: str, table: pa.Table, **times: Ints) -> pa.Table:
    columns = {column: table[column] for column in table.column_names}
    columns |= {
        column: pa.array(values, pa.int64(), mask=values == NO_TIME).cast(schema.TIME)
        for column, values in times.items()
    }
    return schema.from_columns(name, columns)

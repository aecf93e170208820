"""Arrow columns as NumPy arrays, with one meaning of null each."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Column: TypeAlias = "pa.Array | pa.ChunkedArray"

NO_TIME = np.iinfo(np.int64).min
"""What a null time is as an integer."""

END_OF_TIME = np.iinfo(np.int64).max
"""Stands for the end of what was not seen to end: it is later than any time."""
SECOND = 1_000_000
"""Microseconds in a second."""

_PLAIN = {pa.DictionaryType: pa.string(), pa.TimestampType: pa.int64()}
"""The types that `records` decodes, and what they become."""


class Coded(NamedTuple):
    """A column of names as integers: -1 is null, `names[code]` the name. Codes follow the names' order."""

    codes: Ints
    names: list[str]


def micros(column: Column) -> Ints:
    """Times as microseconds since the epoch; null is `NO_TIME`."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), NO_TIME), dtype=np.int64)


def reals(column: Column) -> Reals:
    """Numbers as floats; null is NaN."""
    return np.asarray(pc.fill_null(column.cast(pa.float64()), float("nan")), dtype=np.float64)


def wholes(column: Column, missing: int = -1) -> Ints:
    """Whole numbers; null is `missing`."""
    return np.asarray(pc.fill_null(column.cast(pa.int64()), missing), dtype=np.int64)


def coded(column: Column) -> Coded:
    """Names as integers in the names' order."""
    text = column.cast(pa.string())
    names = sorted(name for name in pc.unique(text).to_pylist() if name is not None)
    codes = pc.fill_null(pc.index_in(text, pa.array(names, pa.string())), -1)
    return Coded(np.asarray(codes, dtype=np.int64), names)


def same(column: Column, *values: str) -> Flags:
    """Where a column of names is one of these; null is not."""
    if len(values) == 1:
        found = pc.equal(column.cast(pa.string()), values[0])
    else:
        found = pc.is_in(column.cast(pa.string()), pa.array(values, pa.string()))
    return np.asarray(pc.fill_null(found, fill_value=False), dtype=bool)


def flags(column: Column) -> Flags:
    """Booleans; null is false."""
    return np.asarray(pc.fill_null(column, fill_value=False), dtype=bool)


def records(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as dictionaries, times as microseconds since the epoch.

    Arrow decodes names and times many times faster a column at once than value by value.
    """
    columns = {
        name: table[name].cast(_PLAIN.get(type(table[name].type), table[name].type)) for name in table.column_names
    }
    rows: list[dict[str, Any]] = pa.table(columns).to_pylist()
    return rows


def seconds(earlier: Ints, later: Ints) -> Reals:
    """Seconds from one time to another; NaN where either is missing."""
    known = (earlier != NO_TIME) & (later != NO_TIME)
    return np.where(known, (np.where(known, later, 0) - np.where(known, earlier, 0)) / SECOND, np.nan)

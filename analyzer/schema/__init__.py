"""The tables that everything above the wire reads and makes, declared once.

Each table is a tuple of fields with a type, a unit and a sentence. A field name has one type everywhere, so tables join
without surprises. Times are microseconds in UTC. Strings with few distinct values are dictionaries. `source` and
`origin` lead from any row back to the input: `origin` is the packet number of a capture (as Wireshark shows it) or the
line number of a log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute

from analyzer.schema.base import BASE
from analyzer.schema.derived import DERIVED
from analyzer.schema.fields import EVIDENCE, FLAG, NAME, REAL, TEXT, TIME, WHOLE, Field, Kind, TableSchema
from analyzer.schema.outcome import OUTCOME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "EVIDENCE", "FLAG", "NAME", "REAL", "TABLES", "TEXT", "TIME", "WHOLE", "Field", "Kind", "TableSchema",
    "arrow", "column", "concat", "empty", "from_columns", "from_rows", "names", "sort",
]  # fmt: skip

TABLES: Mapping[str, TableSchema] = {table.name: table for table in (*BASE, *DERIVED, *OUTCOME)}


def names(kind: Kind) -> tuple[str, ...]:
    """The names of all tables of one kind, in order of declaration."""
    return tuple(table.name for table in TABLES.values() if table.kind == kind)


def arrow(name: str) -> pa.Schema:
    """The Arrow schema of a declared table."""
    return TABLES[name].arrow


def empty(name: str) -> pa.Table:
    """A declared table without rows."""
    return arrow(name).empty_table()


def from_columns(name: str, columns: Mapping[str, Sequence[object] | pa.Array | pa.ChunkedArray]) -> pa.Table:
    """A declared table from columns; a column that is not given is null.

    >>> from_columns("runs", {"check": ["HB01"], "rows": [0]}).num_rows
    1
    """
    schema = arrow(name)
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise KeyError(f"{name} has no column {', '.join(sorted(unknown))}")
    length = len(next(iter(columns.values()), ()))
    return pa.table(
        [
            column(columns[field.name], field.type) if field.name in columns else pa.nulls(length, field.type)
            for field in schema
        ],
        schema=schema,
    )


def from_rows(name: str, rows: Iterable[Mapping[str, object]]) -> pa.Table:
    """A declared table from dictionaries; a key that is not given is null."""
    listed = list(rows)
    if not listed:
        return empty(name)
    keys = {key for row in listed for key in row}
    return from_columns(name, {key: [row.get(key) for row in listed] for key in keys})


def concat(name: str, tables: Iterable[pa.Table]) -> pa.Table:
    """Tables of one declared name, one after the other, with their dictionaries unified."""
    return pa.concat_tables([empty(name), *tables]).unify_dictionaries()


def sort(table: pa.Table) -> pa.Table:
    """The table sorted by (station, ts, origin), as every table of the project is."""
    keys = [key for key in ("station", "ts", "start", "source", "origin") if key in table.column_names]
    if not keys or table.num_rows < 2:
        return table
    ranked = pa.table(
        {key: _ranks(table[key]) if pa.types.is_dictionary(table[key].type) else table[key] for key in keys}
    )
    return table.take(pa.compute.sort_indices(ranked, sort_keys=[(key, "ascending") for key in keys]))


def _ranks(names: pa.ChunkedArray) -> pa.ChunkedArray:
    """The places of names in their order: numbers are sorted many times faster than text."""
    names = names.unify_dictionaries()
    if not names.num_chunks:
        return names.cast(pa.string())
    ranks = pa.compute.rank(names.chunk(0).dictionary, tiebreaker="min").cast(pa.int32())
    return pa.chunked_array([ranks.take(chunk.indices) for chunk in names.chunks], pa.int32())


def column(values: Sequence[object] | pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """Values as a column of a type; text that no UTF-8 holds is mended, not refused."""
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values if values.type == kind else values.cast(kind)
    try:
        return (
            pa.array(values, pa.string()).dictionary_encode()
            if pa.types.is_dictionary(kind)
            else pa.array(values, kind)
        )
    except UnicodeEncodeError:
        # JSON may escape half a surrogate pair, which no UTF-8 holds (RFC 8259 8.2).
        whole = [
            value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value
            for value in values
        ]
        return column(whole, kind)

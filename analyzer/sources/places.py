"""Tells the files of a sequence apart again: the file and the packet number in it for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from analyzer import schema
from analyzer.kernels.columns import flags, wholes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analyzer.kernels.columns import Column, Ints
    from analyzer.wire.items import Totals

NOWHERE = -1


class Places(NamedTuple):
    """The files of rows, as places in the sequence, and the packet numbers in them."""

    files: Ints
    numbers: Ints


def placed(tables: Mapping[str, pa.Table], names: Sequence[str], parts: Sequence[Totals]) -> dict[str, pa.Table]:
    """The base tables of a sequence of files, of which the rows have numbers that go on from file to file.

    What is of no packet is of the first file. The one row of `sources` becomes one for each file.
    """
    before = np.array([part.before for part in parts], dtype=np.int64)
    made = {name: _placed(name, table, names, before) for name, table in tables.items() if name != "sources"}
    return made | {"sources": _sources(tables["sources"], made, names, parts)}


def summed(sources: Sequence[pa.Table]) -> pa.Table:
    """The table `sources` of a sequence of files of which messages and control frames were counted part by part."""
    rows = sources[0].to_pylist()
    for other in sources[1:]:
        for row, more in zip(rows, other.to_pylist(), strict=True):
            row["messages"], row["lifecycle"] = row["messages"] + more["messages"], row["lifecycle"] + more["lifecycle"]
            row["damaged"] |= more["damaged"]
    return schema.from_rows("sources", rows)


def _placed(name: str, table: pa.Table, names: Sequence[str], before: Ints) -> pa.Table:
    columns = {column: table[column] for column in table.column_names}
    first = _find(table["origin"], before)
    columns |= {"source": _named(first.files, names), "origin": _numbers(first)}
    if "end_origin" in columns:
        end = _find(table["end_origin"], before)
        elsewhere = (end.numbers != NOWHERE) & (end.files != first.files)
        columns |= {
            "end_source": _named(np.where(elsewhere, end.files, NOWHERE), names),
            "end_origin": _numbers(end),
        }
    return schema.sort(schema.from_columns(name, columns))


def _find(origins: Column, before: Ints) -> Places:
    numbers = wholes(origins, 0)
    files = np.searchsorted(before, numbers, side="right") - 1
    inside = numbers - before[files]
    return Places(files, np.where(inside > 0, inside, NOWHERE))


def _named(files: Ints, names: Sequence[str]) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(files, mask=files == NOWHERE))


def _numbers(places: Places) -> pa.Array:
    return pa.array(places.numbers, mask=places.numbers == NOWHERE)


def _sources(whole: pa.Table, made: Mapping[str, pa.Table], names: Sequence[str], parts: Sequence[Totals]) -> pa.Table:
    (row,) = whole.to_pylist()
    counts = {name: made[name]["source"].to_pylist() for name in ("messages", "controls")}
    damaged = set(made["issues"].filter(pa.array(flags(made["issues"]["damage"])))["source"].to_pylist())
    return schema.from_rows(
        "sources",
        [
            {
                **row,
                "source": name,
                "start": part.first_ts,
                "end": part.last_ts,
                "bytes": part.bytes,
                "records": part.packets,
                "messages": counts["messages"].count(name),
                "lifecycle": counts["controls"].count(name),
                "damaged": name in damaged,
                "sequence": names[0],
            }
            for name, part in zip(names, parts, strict=True)
        ],
    )

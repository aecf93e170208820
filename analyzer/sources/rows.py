"""The rows of one table in the making: gathered one by one, kept as Arrow batches, in memory or in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute

from analyzer import schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

BATCH = 16_384
"""Rows of a batch: large enough that Arrow's overhead vanishes, small enough not to be felt."""
NUMBER = "number"
"""The column that holds a connection's number until connections have names."""


class Rows:
    """The rows of a declared table. A row is a tuple in the order of `columns`, with `number` for its connection."""

    def __init__(self, table: str, folder: Path | None = None) -> None:
        names = [name for name in schema.arrow(table).names if name != "source"]
        self.table = table
        self.columns = [NUMBER if name == "connection" else name for name in names]
        if self.columns != names:
            self.columns = [name for name in self.columns if name != "station" or table == "issues"]
        self._waiting: list[tuple[object, ...]] = []
        self._batches: list[pa.RecordBatch] = []
        self._file = None if folder is None else folder / f"{table}.arrows"
        self._writer: pa.RecordBatchStreamWriter | None = None
        self._count = 0

    def __len__(self) -> int:
        """Rows so far."""
        return self._count + len(self._waiting)

    def add(self, row: tuple[object, ...]) -> None:
        """Take a row."""
        self._waiting.append(row)
        if len(self._waiting) >= BATCH:
            self._flush()

    def extend(self, columns: Sequence[Sequence[object]]) -> None:
        """Take many rows at once, column by column."""
        if len(columns[0]):
            self._flush()
            self._count += len(columns[0])
            self._keep(self._batch(columns))

    def note(self, **columns: object) -> None:
        """Take a row by its columns; the others are null."""
        self.add(tuple(columns.get(name) for name in self.columns))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, in batches, in the order in which they came; where they wait in a file, none may come after that."""
        self._flush()
        if self._writer is None:
            yield from self._batches
            return
        self._writer.close()
        with pa.OSFile(str(self._file)) as file, pa.ipc.open_stream(file) as reader:
            yield from reader

    def _flush(self) -> None:
        if self._waiting:
            self._count += len(self._waiting)
            waiting, self._waiting = self._waiting, []
            self._keep(self._batch(list(zip(*waiting, strict=True))))

    def _keep(self, batch: pa.RecordBatch) -> None:
        if self._file is None:
            self._batches.append(batch)
            return
        if self._writer is None:
            self._writer = pa.ipc.new_stream(str(self._file), batch.schema)
        self._writer.write_batch(batch)

    def _batch(self, columns: Sequence[Sequence[object]]) -> pa.RecordBatch:
        fields = {field.name: field.type for field in schema.arrow(self.table)}
        arrays = [
            pa.array(values, pa.int32()) if name == NUMBER else schema.column(values, fields[name])
            for name, values in zip(self.columns, columns, strict=True)
        ]
        return pa.record_batch(arrays, names=self.columns)


class Names:
    """What connections are called in the end, and the stations that they are of, by their numbers."""

    def __init__(self, connections: Sequence[str], stations: Sequence[object]) -> None:
        known = sorted({str(station) for station in stations if station is not None})
        place = {station: code for code, station in enumerate(known)}
        self._connections = pa.array(connections, pa.string())
        self._stations = schema.column(known, pa.string())
        self._station_of = pa.array([None if each is None else place[str(each)] for each in stations], pa.int32())

    def put(
        self, table: str, batches: Iterable[pa.RecordBatch], source: str, dropped: Collection[int] = ()
    ) -> pa.Table:
        """Batches as a declared table: names instead of numbers, without the dropped connections."""
        listed = list(batches)
        if not listed:
            return schema.empty(table)
        rows = pa.Table.from_batches(listed).unify_dictionaries()
        columns = {name: rows[name] for name in rows.column_names}
        columns["source"] = _always(source, rows.num_rows)
        numbers = columns.pop(NUMBER, None)
        if numbers is not None:
            if dropped:
                kept = pa.compute.invert(pa.compute.is_in(numbers, pa.array(sorted(dropped), pa.int32())))
                columns = {name: column.filter(kept) for name, column in columns.items()}
                numbers = numbers.filter(kept)
            columns |= self._named(numbers.combine_chunks(), columns.get("station"))
        return schema.from_columns(table, columns)

    def _named(self, numbers: pa.Array, otherwise: pa.ChunkedArray | None) -> dict[str, pa.Array]:
        """The names of connections and their stations; `otherwise` the station of a row that is of no connection."""
        connections = pa.DictionaryArray.from_arrays(numbers, self._connections)
        stations = pa.DictionaryArray.from_arrays(self._station_of.take(numbers), self._stations)
        if otherwise is not None:
            text = pa.compute.coalesce(stations.cast(pa.string()), otherwise.combine_chunks().cast(pa.string()))
            stations = text.dictionary_encode()
        return {"connection": connections, "station": stations}


def _always(text: str, count: int) -> pa.DictionaryArray:
    value = schema.column([text], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), value)

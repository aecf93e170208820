"""Writes tables as Parquet, part by part, and shows them only when all are whole."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Self

from analyzer import schema

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa
    import pyarrow.parquet as pq


class Writers:
    """The files of a folder, one a table. They are renamed to their names where nothing failed, else removed."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._files: dict[str, pq.ParquetWriter] = {}
        self._stack = contextlib.ExitStack()
        self.rows: dict[str, int] = {}

    def __enter__(self) -> Self:
        """Make the folder, if it is not there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def write(self, name: str, table: pa.Table) -> None:
        """Write rows of a table behind those that were written before."""
        import pyarrow.parquet as pq

        if name not in self._files:
            path = str(self._unfinished(name))
            self._files[name] = self._stack.enter_context(
                pq.ParquetWriter(path, schema.arrow(name), compression="zstd")
            )
            self.rows[name] = 0
        if table.num_rows or not self.rows[name]:
            self._files[name].write_table(table)
        self.rows[name] += table.num_rows

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the files their names, or remove them."""
        self._stack.close()
        for name in self._files:
            if kind is None:
                self._unfinished(name).replace(self._folder / f"{name}.parquet")
            else:
                self._unfinished(name).unlink(missing_ok=True)

    def _unfinished(self, name: str) -> Path:
        return self._folder / f".{name}.parquet.unfinished"

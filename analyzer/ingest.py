"""Reads inputs and writes their tables as Parquet, one capture of whatever size in bounded memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer import engine, schema
from analyzer.capture import Capture, collector_paused, options_of, read
from analyzer.derive import DERIVATIONS
from analyzer.parquet import Writers
from analyzer.sources import inputs
from analyzer.sources.parts import LARGE, Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from analyzer.sources.parts import Tables


def ingest(
    *paths: str | Path,
    into: str | Path,
    format: str | None = None,  # noqa: A002 - the command's word
    zone: str | None = None,
    ports: Iterable[int] = (),
    dissector: str = "fast",
    keylog: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
    accept: Callable[[Capture], None] = lambda _: None,
) -> dict[str, int]:
    """Write all base and derived tables of some inputs as Parquet into a folder; the rows of each by name.

    What was read is shown to `accept` before the files have their names, its large tables empty where there were too
    many rows for memory; if that raises an error, no file is changed. The other arguments are those of `read`.
    """
    options = options_of(format, zone, ports, dissector, keylog)
    with tempfile.TemporaryDirectory(prefix="ocpp-analyzer-") as folder, Writers(into) as writers:
        if len(paths) == 1 and inputs.is_capture(str(paths[0]), options):
            spool = Spool(Path(folder), lambda part: _write(writers, part))
            with collector_paused():
                (small,) = inputs.read([str(paths[0])], options=options._replace(spool=spool), progress=progress)
            capture = Capture(small)
            for name in schema.names("base"):
                if name not in LARGE:
                    writers.write(name, small[name])
        else:
            capture = read(
                *paths, format=format, zone=zone, ports=ports, dissector=dissector, keylog=keylog, progress=progress
            )
            for name, table in capture.tables.items():
                writers.write(name, table)
        accept(capture)
    return writers.rows


def _write(writers: Writers, part: Tables) -> None:
    """Write the large tables of a part, and what follows from it."""
    workspace = engine.Workspace(part, DERIVATIONS)
    for name in (*LARGE, *schema.names("derived")):
        writers.write(name, workspace.table(name))

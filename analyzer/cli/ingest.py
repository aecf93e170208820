"""`ingest`: the tables as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.cli import choices, exits
from analyzer.cli.loading import accept

if TYPE_CHECKING:
    from analyzer.capture import Capture


def ingest(
    paths: choices.Paths,
    into: Annotated[Path, typer.Option("--into", help="The folder to write the tables into.")],
    log_format: choices.LogFormat = None,
    tz: choices.Zone = None,
    port: choices.Port = None,
    dissector: choices.Dissect = choices.Dissector.FAST,
    keylog: choices.KeyLog = None,
) -> None:
    """Write base and derived tables as Parquet files, one a table, readable by pandas, DuckDB, Polars and Spark."""
    from analyzer import ingest as facade
    from analyzer.reports.progress import progress
    from analyzer.sources.opener import size
    from analyzer.sources.reading import SourceError

    damaged = []

    def take(capture: Capture) -> None:
        accept(capture)
        damaged.append(capture.damaged)

    try:
        with progress(sum(size(path) for path in paths), "reading") as advance:
            written = facade.ingest(
                *paths,
                into=into,
                format=log_format,
                zone=tz,
                ports=port or (),
                dissector=dissector.value,
                keylog=keylog,
                progress=advance,
                accept=take,
            )
    except SourceError as error:
        raise exits.Complaint(str(error)) from None
    except OSError as error:
        raise exits.Complaint(f"cannot write into {into}: {error.strerror or error}") from None
    for name, rows in written.items():
        typer.echo(f"{into / name}.parquet  {rows} rows")
    raise typer.Exit(exits.INCOMPLETE if any(damaged) else exits.FINE)

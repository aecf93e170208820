"""`ingest`: the tables as Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import choices, exits
from analyzer.cli.loading import load


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
    capture = load(paths, log_format, tz, port, dissector, keylog)
    try:
        written = capture.write(into)
    except OSError as error:
        raise exits.Complaint(f"cannot write into {into}: {error.strerror or error}") from None
    for name, rows in written.items():
        typer.echo(f"{into / name}.parquet  {rows} rows")
    raise typer.Exit(exits.INCOMPLETE if capture.damaged else exits.FINE)

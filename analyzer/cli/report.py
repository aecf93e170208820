"""`report`: the verdict in the terminal, the full report in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import choices, exits
from analyzer.cli.loading import colour, load, width

ENDINGS = {
    ".html": choices.Format.HTML,
    ".htm": choices.Format.HTML,
    ".json": choices.Format.JSON,
    ".txt": choices.Format.TEXT,
}


def report(
    paths: choices.Paths,
    output: choices.Output = None,
    format: Annotated[
        choices.Format | None, typer.Option("--format", help="Format of the file; html by default.")
    ] = None,
    station: choices.Station = None,
    log_format: choices.LogFormat = None,
    tz: choices.Zone = None,
    port: choices.Port = None,
    dissector: choices.Dissect = choices.Dissector.FAST,
    select: choices.Select = None,
    ignore: choices.Ignore = None,
    threshold: choices.Threshold = None,
    fail_on: choices.Fail = choices.FailOn.ERROR,
) -> None:
    """The main job: the verdict in the terminal, and the full report in one file with -o."""
    from analyzer import capture as facade
    from analyzer.config import ConfigError
    from analyzer.reports import terminal

    capture = load(paths, log_format, tz, port, dissector, station=station)
    try:
        result = capture.result(select=select or (), ignore=ignore or (), thresholds=threshold or ())
    except ConfigError as error:
        raise exits.Complaint(str(error)) from None
    to_stdout = output is not None and str(output) == "-"
    chosen = format or (ENDINGS.get(output.suffix.lower(), choices.Format.HTML) if output else None)
    if chosen is not None and (to_stdout or output is None):
        typer.echo(facade.render(result, chosen.value), nl=False)
    else:
        typer.echo(terminal.render(result, width=width(), colour=colour()), nl=False)
    if output is not None and chosen is not None and not to_stdout:
        _write(output, facade.render(result, chosen.value))
        typer.echo(f"Full report: {output}")
    raise typer.Exit(exits.of(capture, result.findings, fail_on))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise exits.Complaint(f"cannot write {path}: {error.strerror}") from None

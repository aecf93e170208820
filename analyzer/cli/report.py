"""`report`: the verdict in the terminal, the full report in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import choices, exits
from analyzer.cli.loading import colour, load, spare_inputs, width


def report(
    paths: choices.Paths,
    output: choices.Output = None,
    format: Annotated[
        choices.Format | None, typer.Option("--format", help="Format of the report; else its ending tells.")
    ] = None,
    station: choices.Station = None,
    log_format: choices.LogFormat = None,
    tz: choices.Zone = None,
    port: choices.Port = None,
    dissector: choices.Dissect = choices.Dissector.FAST,
    keylog: choices.KeyLog = None,
    select: choices.Select = None,
    ignore: choices.Ignore = None,
    threshold: choices.Threshold = None,
    fail_on: choices.Fail = choices.FailOn.ERROR,
) -> None:
    """The main job: the verdict in the terminal, and the full report in one file with -o."""
    from analyzer import capture as facade
    from analyzer.config import ConfigError
    from analyzer.reports import terminal

    to_stdout = output is not None and str(output) == "-"
    chosen = format.value if format else _format(output)
    spare_inputs(output, paths)
    capture = load(paths, log_format, tz, port, dissector, keylog, station=station)
    try:
        result = capture.result(select=select or (), ignore=ignore or (), thresholds=threshold or ())
    except ConfigError as error:
        raise exits.Complaint(str(error)) from None
    if chosen is not None and (to_stdout or output is None):
        typer.echo(facade.render(result, chosen), nl=False)
    else:
        typer.echo(terminal.render(result, width=width(), colour=colour()), nl=False)
    if output is not None and chosen is not None and not to_stdout:
        _write(output, facade.render(result, chosen))
        typer.echo(f"Full report: {output}")
    raise typer.Exit(exits.of(capture, result.findings, fail_on))


def _format(output: Path | None) -> str | None:
    """The format by the ending of the file's name; HTML on standard output, none where no file is asked for."""
    from analyzer.capture import format_of

    if output is None or str(output) == "-":
        return None if output is None else choices.Format.HTML.value
    try:
        return format_of(output)
    except ValueError as error:
        raise exits.Complaint(str(error)) from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise exits.Complaint(f"cannot write {path}: {error.strerror}") from None

"""`check`: the findings, a line each, for scripts."""

from __future__ import annotations

import typer

from analyzer.cli import choices, exits
from analyzer.cli.loading import load


def check(
    paths: choices.Paths,
    select: choices.Select = None,
    ignore: choices.Ignore = None,
    threshold: choices.Threshold = None,
    fail_on: choices.Fail = choices.FailOn.ERROR,
    station: choices.Station = None,
    log_format: choices.LogFormat = None,
    tz: choices.Zone = None,
    port: choices.Port = None,
    dissector: choices.Dissect = choices.Dissector.FAST,
    keylog: choices.KeyLog = None,
) -> None:
    """Run the checks and print the findings, one line each; the exit code says what was found."""
    from analyzer.config import ConfigError
    from analyzer.reports import lines

    capture = load(paths, log_format, tz, port, dissector, keylog, station=station)
    try:
        found = capture.check(select=select or (), ignore=ignore or (), thresholds=threshold or ())
    except ConfigError as error:
        raise exits.Complaint(str(error)) from None
    for line in lines.render(found, capture.base["sources"]):
        typer.echo(line)
    raise typer.Exit(exits.of(capture, found, fail_on))

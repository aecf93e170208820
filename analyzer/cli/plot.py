"""`plot`: one plot in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import choices, exits
from analyzer.cli.loading import load, spare_inputs


def plot(
    kind: Annotated[str, typer.Argument(help="timeline, heartbeat_gaps, idle_age or meter_register.")],
    paths: choices.Paths,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write it; the ending says how: svg, png, pdf.")
    ],
    station: choices.Station = None,
    log_format: choices.LogFormat = None,
    tz: choices.Zone = None,
    port: choices.Port = None,
    dissector: choices.Dissect = choices.Dissector.FAST,
    keylog: choices.KeyLog = None,
) -> None:
    """Draw one plot into a file."""
    from analyzer import capture as facade
    from analyzer.plots import KINDS

    if kind not in KINDS:
        raise exits.Complaint(f"no plot is called {kind}; there are: {', '.join(KINDS)}")
    endings = [f".{picture}" for picture in choices.Picture]
    if output.suffix.lower() not in endings:
        raise exits.Complaint(f"cannot draw {output}; its name must end in {', '.join(endings)}")
    spare_inputs(output, paths)
    capture = load(paths, log_format, tz, port, dissector, keylog, station=station)
    try:
        facade.plot(capture, kind, station=station).savefig(output)
    except OSError as error:
        raise exits.Complaint(f"cannot write {output}: {error.strerror}") from None
    typer.echo(f"{kind}: {output}")
    raise typer.Exit(exits.INCOMPLETE if capture.damaged else exits.FINE)

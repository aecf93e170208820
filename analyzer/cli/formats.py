"""`formats`: what inputs can be read, and what an input is taken for."""

from __future__ import annotations

from typing import Annotated

import typer

from analyzer.cli import exits


def formats(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Inputs to look at; nothing lists the formats.", metavar="[PATH...]")
    ] = None,
) -> None:
    """What each input is taken for and how surely, or the list of formats."""
    from analyzer.sources import log
    from analyzer.sources.inputs import inspect
    from analyzer.sources.reading import SourceError

    if not paths:
        typer.echo("capture          A packet capture, pcap or pcapng, plain or compressed.")
        for known in log.formats():
            typer.echo(f"{known.NAME:15}  {known.ABOUT}")
        return
    nothing, complaints = True, []
    for path in paths:
        try:
            for name, taken in inspect(path):
                nothing = nothing and not taken
                for guess in taken:
                    typer.echo(f"{name}  {guess.name}  {guess.sure:.0%}  {guess.about}")
                if not taken:
                    typer.echo(
                        f"{name}  not recognised: neither a capture nor a log in a format that "
                        "`ocpp-analyzer formats` lists"
                    )
        except SourceError as error:
            complaints.append(str(error))
    for complaint in complaints:
        exits.warn(complaint)
    if complaints:
        raise typer.Exit(exits.USAGE)
    raise typer.Exit(exits.NOTHING if nothing else exits.FINE)

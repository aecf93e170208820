"""`explain`: the manual of a check."""

from __future__ import annotations

from typing import Annotated

import typer

from analyzer.cli import exits


def explain(
    name: Annotated[
        str,
        typer.Argument(help="A check such as HB01, or a family such as HB; nothing lists all.", metavar="[ID|FAMILY]"),
    ] = "",
) -> None:
    """The manual of a check: why it matters, what fires it, what to do."""
    from analyzer import capture as facade

    try:
        typer.echo(facade.explain(name), nl=False)
    except KeyError as error:
        raise exits.Complaint(str(error.args[0])) from None

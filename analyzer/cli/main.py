"""`ocpp-analyzer`: the verbs, and the one place where errors become a line and an exit code."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import exits
from analyzer.cli.verbs import VERBS

app = typer.Typer(
    name="ocpp-analyzer",
    help="Says why a charger was offline, whether its heartbeats are right and its meter values can be trusted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verb in VERBS:
    app.command()(verb)


def _version(wanted: bool) -> None:
    if wanted:
        from analyzer import __version__

        typer.echo(f"ocpp-analyzer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Exit codes: 0 fine, 1 findings, 2 usage, 3 nothing to analyse, 4 the input was damaged or a check failed."""


def main() -> None:
    """Run the command; a complaint is one line on stderr."""
    try:
        app()
    except exits.Complaint as complaint:
        exits.warn(str(complaint))
        sys.exit(complaint.code)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is wrong.
        sys.stderr.close()
        sys.exit(exits.FINE)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file brings about, the user gets one line
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        exits.warn(f"a fault of this program at {where}, please report it: {type(error).__name__}: {error}")
        sys.exit(exits.INCOMPLETE)

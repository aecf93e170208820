"""The choices that options offer."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FailOn(StrEnum):
    """The severity from which findings make the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


class Format(StrEnum):
    """Formats of the full report."""

    HTML = "html"
    JSON = "json"
    TEXT = "text"


class Dissector(StrEnum):
    """Who takes packets apart: the project's own code with Scapy for the rest, or Scapy for all."""

    FAST = "fast"
    SCAPY = "scapy"


class Picture(StrEnum):
    """Formats of a plot."""

    SVG = "svg"
    PNG = "png"
    PDF = "pdf"


Paths = Annotated[list[str], typer.Argument(help="Captures and logs; `-` is standard input.", metavar="PATH...")]
LogFormat = Annotated[
    str | None,
    typer.Option("--log-format", help="The log's format, where sniffing fails; see `formats`.", metavar="NAME"),
]
Zone = Annotated[str | None, typer.Option("--tz", help="Time zone of logs that do not tell it.", metavar="ZONE")]
Port = Annotated[
    list[int] | None, typer.Option("--port", help="A TCP port of the CSMS, for captures without the upgrade.")
]
Dissect = Annotated[Dissector, typer.Option("--dissector", help="`scapy` sends every packet through Scapy.")]
KeyLog = Annotated[
    str | None, typer.Option("--keylog", help="TLS secrets to decrypt with (SSLKEYLOGFILE).", metavar="FILE")
]
Select = Annotated[
    list[str] | None, typer.Option("--select", help="Checks or families to run, such as HB,WS11.", metavar="IDS")
]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", help="Checks or families to leave out.", metavar="IDS")]
Threshold = Annotated[
    list[str] | None, typer.Option("--set", help="A threshold, such as HB01.warn_factor=2.", metavar="ID.NAME=VALUE")
]
Fail = Annotated[FailOn, typer.Option("--fail-on", help="Exit with 1 from this severity on.")]
Station = Annotated[str | None, typer.Option("--station", help="Only this charger.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Where to write it.")]

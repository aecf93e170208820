"""Loads inputs for a verb: progress on stderr, complaints in one line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.exits import NOTHING, Complaint, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.capture import Capture
    from analyzer.cli.choices import Dissector


MAX_NOTES = 10
NOTHING_READ = frozenset({"not_recognised", "no_messages"})
"""Kinds of issues that tell why nothing was read from an input."""


def load(
    paths: Sequence[str],
    log_format: str | None,
    zone: str | None,
    ports: Sequence[int] | None,
    dissector: Dissector,
    keylog: str | None = None,
    *,
    station: str | None = None,
    unnamed: bool = False,
) -> Capture:
    """The capture of these inputs; a complaint where there is nothing to analyse.

    With `unnamed` a connection of which nobody knows the charger is something, such as an encrypted one.
    """
    from analyzer import capture as facade
    from analyzer.reports.progress import progress
    from analyzer.sources.opener import size
    from analyzer.sources.reading import SourceError

    try:
        with progress(sum(size(path) for path in paths), "reading") as advance:
            capture = facade.read(
                *paths,
                format=log_format,
                zone=zone,
                ports=ports or (),
                dissector=dissector.value,
                keylog=keylog,
                progress=advance,
            )
    except SourceError as error:
        raise Complaint(str(error)) from None
    accept(capture, unnamed=unnamed)
    if station is None:
        return capture
    try:
        return capture.station(station)
    except KeyError as error:
        raise Complaint(str(error.args[0])) from None


def accept(capture: Capture, *, unnamed: bool = False) -> None:
    """Say what should be known of what was read; a complaint where there is nothing to analyse.

    `unnamed` says that connections of no charger are something to be analysed.
    """
    if not any(capture.base["sources"]["messages"].to_pylist()) and not _attempts(capture, unnamed=unnamed):
        raise Complaint(f"nothing to analyse: {_why(capture)}", NOTHING)
    for note in _notes(capture):
        warn(note)


def spare_inputs(output: Path | None, paths: Sequence[str]) -> None:
    """Complain where a result would overwrite an input: it is the evidence."""
    if output is not None and output.exists():
        for path in paths:
            if Path(path).exists() and output.samefile(path):
                raise Complaint(f"{output} is an input; it is not overwritten")


def _attempts(capture: Capture, *, unnamed: bool) -> bool:
    """Whether a charger was at least seen trying to connect, or looking up the name of its CSMS."""
    tables = (capture.base["connections"], capture.base["lookups"])
    named = any(table["station"].null_count < table.num_rows for table in tables)
    return named or (unnamed and capture.base["connections"].num_rows > 0)


def _notes(capture: Capture) -> list[str]:
    """What should be known of inputs beside others: that nothing was read from them, or a part of them was lost."""
    base = capture.base
    damage: dict[str, str] = {}
    nothing: dict[str, str] = {}
    repeated: set[str] = set()
    for row in base["issues"].select(["source", "kind", "detail", "damage"]).to_pylist():
        if row["damage"]:
            damage.setdefault(row["source"], row["detail"])
        if row["kind"] == "repeated_input":
            repeated.add(row["source"])
        if row["kind"] in NOTHING_READ:
            nothing.setdefault(row["source"], row["detail"])
    named = base["connections"].select(["source", "station"]).to_pylist()
    rows = base["sources"].to_pylist()
    seen = {row["source"] for row in named if row["station"] is not None}
    # A quiet file of a set is no news where another one of it speaks.
    speaking = {row["sequence"] for row in rows if row["messages"] or row["source"] in seen} - {None}
    notes = []
    for row in rows:
        source = row["source"]
        if row["damaged"]:
            notes.append(f"a part of {source} was lost: {damage.get(source, 'see the report')}")
        elif not row["messages"] and source not in seen | repeated and row["sequence"] not in speaking:
            notes.append(nothing.get(source) or f"{source} holds no OCPP message")
    left = len(notes) - MAX_NOTES
    return [*notes[:MAX_NOTES], *([f"{left} more inputs were not read whole"] if left > 0 else [])]


def _why(capture: Capture) -> str:
    """What was found instead of OCPP, in a line."""
    parts = [
        f"{row['source']} ({row['kind']}, {row['records']} records) holds no OCPP message that can be read"
        for row in capture.base["sources"].to_pylist()[:3]
        if row["records"]
    ]
    encrypted = capture.base["connections"]["decrypted"].to_pylist().count(False)
    if encrypted:
        parts.append(
            f"{encrypted} connection{'s' * (encrypted > 1)} in it cannot be read without keys (TLS): "
            "give --keylog, or --port of the CSMS to judge the connections alone"
        )
    elif not capture.base["connections"].num_rows and "capture" in capture.base["sources"]["kind"].to_pylist():
        parts.append("attempts to connect are judged where --port names that of the CSMS")
    parts += [str(detail)[:200] for detail in capture.base["issues"]["detail"].to_pylist()[:2]]
    return "; ".join(dict.fromkeys(parts)) or "no OCPP message was found"


def colour() -> bool:
    """Whether standard output takes colour (https://no-color.org)."""
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def width() -> int:
    """How many columns the terminal has, or COLUMNS asks for; 100 where there is neither."""
    import shutil

    return min(shutil.get_terminal_size((100, 24)).columns, 120)


def room() -> int | None:
    """How many columns a line may have in the terminal, which COLUMNS overrides; None in a pipe or file."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

"""`show`: the conversation in trace notation."""

from __future__ import annotations

from typing import Annotated

import typer

from analyzer.cli import choices, exits
from analyzer.cli.loading import load


def show(
    paths: choices.Paths,
    station: choices.Station = None,
    action: Annotated[list[str] | None, typer.Option("--action", help="Only messages of these actions.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="From this time on (ISO 8601, UTC).")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before this time (ISO 8601, UTC).")] = None,
    log_format: choices.LogFormat = None,
    tz: choices.Zone = None,
    port: choices.Port = None,
    dissector: choices.Dissect = choices.Dissector.FAST,
    keylog: choices.KeyLog = None,
) -> None:
    """Print the conversation in trace notation, which can be read back."""
    import pyarrow as pa

    from analyzer.kernels.columns import same
    from analyzer.reports import trace

    capture = load(paths, log_format, tz, port, dissector, keylog, station=station)
    try:
        capture = capture.between(since, until)
    except ValueError as error:
        raise exits.Complaint(f"{error}; times read like 2026-02-03T04:05:06") from None
    messages, controls, connections = (capture.base[name] for name in ("messages", "controls", "connections"))
    if action:
        messages = messages.filter(pa.array(same(messages["action"], *action)))
        controls, connections = controls.slice(0, 0), connections.slice(0, 0)
    for line in trace.render(messages, controls, connections):
        typer.echo(line)
    raise typer.Exit(exits.INCOMPLETE if capture.damaged else exits.FINE)

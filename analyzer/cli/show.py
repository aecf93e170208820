"""`show`: what was said, in trace notation or for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analyzer.cli import choices, exits
from analyzer.cli.loading import load, room, spare_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.capture import Capture


def show(
    paths: choices.Paths,
    station: choices.Station = None,
    action: Annotated[list[str] | None, typer.Option("--action", help="Only messages of these actions.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="From this time on (ISO 8601, UTC).")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before this time (ISO 8601, UTC).")] = None,
    connection: Annotated[
        str | None,
        typer.Option(
            "--connection", help="The conversation of one connection; `?` names those there are.", metavar="NAME"
        ),
    ] = None,
    packets: Annotated[
        Path | None,
        typer.Option("--packets", help="Write the packets of the connection there, as a pcapng.", metavar="FILE"),
    ] = None,
    log_format: choices.LogFormat = None,
    tz: choices.Zone = None,
    port: choices.Port = None,
    dissector: choices.Dissect = choices.Dissector.FAST,
    keylog: choices.KeyLog = None,
) -> None:
    """Print the conversation in trace notation, which can be read back.

    With --connection all is told that is known of one connection, for people: addresses, upgrade, TLS and end, then
    each message, ping, pong and close frame, and what TCP, TLS and the input had to say (SYN, FIN, RST, segments sent
    again, holes, issues), with packet numbers, sizes and the time since the one before. That is more than trace
    notation has words for, and cannot be read back. A terminal's width cuts long payloads; a pipe gets them whole.

    With --packets too the packets of the connection are written as they were captured, secrets in them included, each
    with a comment for Wireshark that says what it holds.
    """
    if packets is not None and connection is None:
        raise exits.Complaint("--packets writes the packets of one connection; name it with --connection")
    spare_inputs(packets, paths)
    capture = load(paths, log_format, tz, port, dissector, keylog, station=station, unnamed=connection is not None)
    try:
        capture = capture.between(since, until)
    except ValueError as error:
        raise exits.Complaint(f"{error}; times read like 2026-02-03T04:05:06") from None
    if connection is None:
        lines = _traced(capture, action)
    elif packets is None:
        lines = _told(capture, connection, action)
    else:
        lines = _written(capture, connection, packets)
    for line in lines:
        typer.echo(line)
    raise typer.Exit(exits.INCOMPLETE if capture.damaged else exits.FINE)


def _traced(capture: Capture, actions: list[str] | None) -> Iterator[str]:
    """The lines of trace notation; of some actions their messages alone."""
    import pyarrow as pa

    from analyzer.kernels.columns import same
    from analyzer.reports import trace

    messages, controls, connections = (capture.base[name] for name in ("messages", "controls", "connections"))
    if actions:
        messages = messages.filter(pa.array(same(messages["action"], *actions)))
        controls, connections = controls.slice(0, 0), connections.slice(0, 0)
    return trace.render(messages, controls, connections)


def _told(capture: Capture, connection: str, actions: list[str] | None) -> Iterator[str]:
    """The conversation of one connection."""
    from analyzer.reports import conversation

    try:
        yield from conversation.render(capture.base, connection, room(), actions or ())
    except KeyError as error:
        raise exits.Complaint(str(error.args[0])) from None


def _written(capture: Capture, connection: str, path: Path) -> Iterator[str]:
    """A line about the packets that were written."""
    from analyzer.sources.reading import SourceError

    try:
        yield f"{path}  {capture.packets(connection, path)} packets"
    except KeyError as error:
        raise exits.Complaint(str(error.args[0])) from None
    except SourceError as error:
        raise exits.Complaint(str(error)) from None
    except OSError as error:
        raise exits.Complaint(f"cannot write {path}: {error.strerror or error}") from None

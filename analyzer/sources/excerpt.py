"""Goes back to the captures that a connection was read from, for its packets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.kernels.columns import END_OF_TIME, NO_TIME, records
from analyzer.sources.contents import contents
from analyzer.sources.opener import Input, InputError, opened
from analyzer.sources.reading import CAPTURE, SourceError
from analyzer.wire.items import Totals
from analyzer.wire.records import Record, Secrets, is_capture
from analyzer.wire.selection import Wanted, select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

Row = dict[str, Any]
ENDS = ("client", "client_port", "server", "server_port")


class Excerpt(NamedTuple):
    """A packet of a connection, or TLS secrets that stand among them, and the file that it is from."""

    source: str
    content: Record | Secrets


def excerpts(base: Mapping[str, pa.Table], connection: Row) -> Iterator[Excerpt]:
    """The packets of a connection in the order of the capture, read anew and never held; of a narrowed capture its span's.

    Raises:
        SourceError: It was not captured; or a capture is gone, gives its packets only once, or is another one by now.
            What is wrong may turn out only behind the last packet.
    """
    name, source = connection["connection"], connection["source"]
    files = _files(base["sources"], source)
    if any(row["kind"] != CAPTURE for row in files):
        raise SourceError(f"there are no packets in a log: connection {name} was read from {source}")
    wanted = _wanted(base["connections"], connection)
    found = 0
    for row in files:
        if row["end"] is not None and connection["ts"] is not None and row["end"] < connection["ts"]:
            continue
        for excerpt in _select(row, _within(wanted, row)):
            found += isinstance(excerpt.content, Record)
            yield excerpt
    if not found:
        raise SourceError(f"there is no packet of connection {name} in {source} any more, or none in that span of time")


def _files(table: pa.Table, name: str) -> list[Row]:
    """The files in which packets of a connection may stand: the one that it is told of, or all of a rotated set."""
    rows = records(table)
    sets = {row["sequence"] for row in rows if row["source"] == name}
    if sets - {None}:
        rows = [row for row in rows if row["sequence"] in sets]
        return sorted(rows, key=lambda row: row["start"] or NO_TIME)
    return [row for row in rows if row["source"] == name][:1]


def _wanted(connections: pa.Table, connection: Row) -> Wanted:
    """The ends, and the time in which no other connection has the same: ports are used again."""
    alike = [row for row in records(connections) if all(row[name] == connection[name] for name in ENDS)]
    begin = connection["ts"] or NO_TIME
    earlier = any((row["ts"] or NO_TIME) < begin for row in alike)
    later = [row["ts"] for row in alike if (row["ts"] or NO_TIME) > begin]
    ends = (connection["client"], connection["client_port"]), (connection["server"], connection["server_port"])
    return Wanted(ends, begin if earlier else NO_TIME, min(later, default=END_OF_TIME))


def _within(wanted: Wanted, source: Row) -> Wanted:
    """What is wanted of a file: its start and end are those of the span to which a capture is narrowed."""
    start, end = source["start"], source["end"]
    if start is None or end is None:
        return wanted
    return wanted._replace(since=max(wanted.since, start), until=min(wanted.until, end + 1))


def _select(source: Row, wanted: Wanted) -> Iterator[Excerpt]:
    name = source["source"]
    try:
        with opened(_input(name)) as found:
            if not is_capture(found.head):
                raise SourceError(_changed(name, "it is no capture any more"))
            for item in select(found.stream, wanted):
                if isinstance(item, Totals):
                    _compare(source, item)
                else:
                    yield Excerpt(name, item)
    except InputError as error:
        raise SourceError(f"its packets cannot be read again: {error}") from None


def _input(name: str) -> Input:
    """What was read under a name: a file, or what is in an archive."""
    source = Input(name)
    if source.lasting:
        return source
    if name == "-" or Path(name).exists():
        raise SourceError(f"{name} is a pipe, which gives its packets once; save them to a file and read that")
    for parent in Path(name).parents:
        if parent.is_file():
            for each in contents(str(parent)).inputs:
                if each.name == name:
                    return each
    raise SourceError(f"{name} is gone, so its packets cannot be read again")


def _compare(source: Row, totals: Totals) -> None:
    for what, known, now in (
        ("packets", source["records"], totals.packets),
        ("bytes in packets", source["bytes"], totals.bytes),
    ):
        if known != now:
            raise SourceError(_changed(source["source"], f"it had {known} {what} and now has {now}"))


def _changed(name: str, why: str) -> str:
    return f"{name} has changed since it was read: {why}"

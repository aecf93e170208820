"""Reads one input, whatever it is: finds out what it is and hands it to the reader of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer import schema
from analyzer.sources import log, packets
from analyzer.sources.assembly import Assembly
from analyzer.sources.opener import HEAD, Input, InputError, opened, size
from analyzer.wire.records import is_capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo
    from pathlib import Path

    import pyarrow as pa

    from analyzer.sources.opener import Opened
    from analyzer.sources.parts import Spool
    from analyzer.wire.tls.keylog import KeyLog

CAPTURE = "capture"
MAX_KEYLOG = 256 << 20
"""Bytes of a key log that are read."""
UNKNOWN = "unknown"


class SourceError(Exception):
    """An input that cannot be opened, or a format that does not exist; its text is one line."""


class Options(NamedTuple):
    """How the user wants inputs to be read.

    `format` names a format instead of sniffing, `zone` is the time zone of logs that do not tell it, `ports` are TCP
    ports of CSMSs, `dissector` is `fast` or `scapy`, `keylog` holds the secrets of TLS sessions. The large tables of a
    capture go to the `spool`, if there is one.
    """

    format: str | None = None
    zone: tzinfo | None = None
    ports: frozenset[int] = frozenset()
    dissector: str = "fast"
    keylog: KeyLog | None = None
    spool: Spool | None = None


DEFAULT = Options()


class Taken(NamedTuple):
    """What an input was taken for: a format, how surely, and what it is."""

    name: str
    sure: float
    about: str


def read(
    source: Input | str,
    *,
    key: str = "1",
    options: Options = DEFAULT,
    progress: Callable[[int], None] | None = None,
    following: Callable[[int | None], tuple[str, Opened] | None] = packets.alone,
) -> dict[str, pa.Table]:
    """The base tables of one input. `key` makes the names of its connections unique among inputs.

    A capture may go on in other files, as `packets.read` says.
    """
    source = Input(source) if isinstance(source, str) else source
    named(options.format)
    try:
        with opened(source, progress) as found:
            return read_opened(source, found, key=key, options=options, following=following)
    except InputError as error:
        raise SourceError(str(error)) from None


def read_keylog(path: str | Path) -> KeyLog:
    """The secrets of a key log, the file that SSLKEYLOGFILE names."""
    from analyzer.wire.tls.keylog import KeyLog

    try:
        with opened(str(path)) as source:
            text = source.stream.read(MAX_KEYLOG + 1)
    except InputError as error:
        raise SourceError(str(error)) from None
    if len(text) > MAX_KEYLOG:
        raise SourceError(f"{path} has more than {MAX_KEYLOG >> 20} MiB, which is too much for a key log")
    made = KeyLog(text)
    if not len(made):
        raise SourceError(f"{path} holds no secrets of TLS sessions (SSLKEYLOGFILE)")
    return made


def read_opened(
    source: Input,
    found: Opened,
    *,
    key: str,
    options: Options,
    following: Callable[[int | None], tuple[str, Opened] | None] = packets.alone,
) -> dict[str, pa.Table]:
    """The base tables of an input that is open."""
    chosen = named(options.format)
    if options.format == CAPTURE or (options.format is None and is_capture(found.head)):
        made = packets.read(
            found,
            source.name,
            key,
            ports=options.ports,
            dissector=options.dissector,
            keylog=options.keylog,
            following=following,
            spool=options.spool,
        )
        return _accounted(made)
    if chosen is None:
        guesses = log.guess(found.head)
        chosen = guesses[0].format if guesses and guesses[0].sure >= log.SURE_ENOUGH else None
    if chosen is None:
        return _not_recognised(source, key, found)
    return _accounted(log.read(found, source.name, key, chosen, options.zone, size(source)))


def inspect(source: Input | str) -> list[Taken]:
    """What an input may be, the likeliest first; empty where nothing fits."""
    try:
        with opened(source) as found:
            if is_capture(found.head):
                return [Taken(CAPTURE, 1.0, "A packet capture, pcap or pcapng.")]
            return [Taken(guess.format.NAME, guess.sure, guess.format.ABOUT) for guess in log.guess(found.head)]
    except InputError as error:
        raise SourceError(str(error)) from None


def named(name: str | None) -> log.Format | None:
    """The format of a log that the user named; None of a capture, and where none was named.

    Raises:
        SourceError: No format is called so.
    """
    if name is None or name == CAPTURE:
        return None
    for candidate in log.formats():
        if name == candidate.NAME:
            return candidate
    known = ", ".join([CAPTURE, *(candidate.NAME for candidate in log.formats())])
    raise SourceError(f"no format is called {name}; there are: {known}")


def unreadable(name: str, faults: Iterable[str]) -> dict[str, pa.Table]:
    """The base tables of an archive that could not be read whole: its members are inputs of their own."""
    assembly = Assembly(name, "")
    for why in faults:
        assembly.issue("unreadable", f"the archive was not read whole: {why}", damage=True)
    return assembly.tables({"kind": UNKNOWN, "bytes": size(name), "records": 0, "damaged": True})


def _accounted(made: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables of an input, with an issue that says so where it holds no message."""
    rows = made["sources"].to_pylist()
    if any(row["messages"] for row in rows):
        return made
    first, records = rows[0], sum(row["records"] or 0 for row in rows)
    more = f" and {len(rows) - 1} more of its set" if len(rows) > 1 else ""
    what = "holds no OCPP message that can be read" if records else "is empty"
    detail = f"{first['source']}{more} ({first['kind']}, {records} records) {what}"
    issue = {"source": first["source"], "kind": "no_messages", "detail": detail, "count": 1, "damage": False}
    issues = schema.concat("issues", [made["issues"], schema.from_rows("issues", [issue])])
    return {**made, "issues": schema.sort(issues)}


def _not_recognised(source: Input, key: str, found: Opened) -> dict[str, pa.Table]:
    path, head, fault = source.name, found.head, found.fault
    assembly = Assembly(path, key)
    for why in fault:
        assembly.issue("unreadable", f"the input ends early: {why}", damage=True)
    # What is empty holds nothing that could be missed, and nobody named what stands beside a capture in an archive.
    empty = not fault and len(head) < HEAD and all(_tells_nothing(line) for line in log.decode(head).splitlines())
    known = "is empty" if not head else "holds nothing but blank lines and comments"
    what = known if empty else "is neither a capture nor a log in a known format"
    assembly.issue("not_recognised", f"{path} {what}", damage=not empty and source.member is None)
    return assembly.tables({"kind": UNKNOWN, "bytes": size(source) or len(head), "records": 0, "damaged": bool(fault)})


def _tells_nothing(line: str) -> bool:
    return not line.strip() or line.startswith("#")

"""Reads one input, whatever it is: finds out what it is and hands it to the reader of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from analyzer import schema
from analyzer.sources import log, packets
from analyzer.sources.assembly import Assembly
from analyzer.sources.opener import HEAD, InputError, opened, size
from analyzer.wire.records import is_capture

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from pathlib import Path

    import pyarrow as pa

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
    ports of CSMSs, `dissector` is `fast` or `scapy`, `keylog` holds the secrets of TLS sessions.
    """

    format: str | None = None
    zone: tzinfo | None = None
    ports: frozenset[int] = frozenset()
    dissector: str = "fast"
    keylog: KeyLog | None = None


DEFAULT = Options()


class Taken(NamedTuple):
    """What an input was taken for: a format, how surely, and what it is."""

    name: str
    sure: float
    about: str


def read(
    path: str, *, key: str = "1", options: Options = DEFAULT, progress: Callable[[int], None] | None = None
) -> dict[str, pa.Table]:
    """The base tables of one input. `key` makes the names of its connections unique among inputs."""
    chosen = _named(options.format)
    try:
        with opened(path, progress) as source:
            if options.format == CAPTURE or (options.format is None and is_capture(source.head)):
                made = packets.read(
                    source, path, key, ports=options.ports, dissector=options.dissector, keylog=options.keylog
                )
                return _accounted(made)
            if chosen is None:
                guesses = log.guess(source.head)
                chosen = guesses[0].format if guesses and guesses[0].sure >= log.SURE_ENOUGH else None
            if chosen is None:
                return _not_recognised(path, key, source.head, source.fault)
            return _accounted(log.read(source, path, key, chosen, options.zone, size(path)))
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


def inspect(path: str) -> list[Taken]:
    """What an input may be, the likeliest first; empty where nothing fits."""
    try:
        with opened(path) as source:
            if is_capture(source.head):
                return [Taken(CAPTURE, 1.0, "A packet capture, pcap or pcapng.")]
            return [Taken(guess.format.NAME, guess.sure, guess.format.ABOUT) for guess in log.guess(source.head)]
    except InputError as error:
        raise SourceError(str(error)) from None


def _named(name: str | None) -> log.Format | None:
    if name is None or name == CAPTURE:
        return None
    for candidate in log.formats():
        if name == candidate.NAME:
            return candidate
    known = ", ".join([CAPTURE, *(candidate.NAME for candidate in log.formats())])
    raise SourceError(f"no format is called {name}; there are: {known}")


def _accounted(made: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The tables of an input, with an issue that says so where it holds no message."""
    (row,) = made["sources"].to_pylist()
    if row["messages"]:
        return made
    what = "holds no OCPP message that can be read" if row["records"] else "is empty"
    detail = f"{row['source']} ({row['kind']}, {row['records']} records) {what}"
    issue = {"source": row["source"], "kind": "no_messages", "detail": detail, "count": 1, "damage": False}
    issues = schema.concat("issues", [made["issues"], schema.from_rows("issues", [issue])])
    return {**made, "issues": schema.sort(issues)}


def _not_recognised(path: str, key: str, head: bytes, fault: list[str]) -> dict[str, pa.Table]:
    assembly = Assembly(path, key)
    for why in fault:
        assembly.issue("unreadable", f"the input ends early: {why}", damage=True)
    # What is empty holds nothing that could be missed.
    empty = not fault and len(head) < HEAD and all(_tells_nothing(line) for line in log.decode(head).splitlines())
    known = "is empty" if not head else "holds nothing but blank lines and comments"
    what = known if empty else "is neither a capture nor a log in a known format"
    assembly.issue("not_recognised", f"{path} {what}", damage=not empty)
    return assembly.tables({"kind": UNKNOWN, "bytes": size(path) or len(head), "records": 0, "damaged": bool(fault)})


def _tells_nothing(line: str) -> bool:
    return not line.strip() or line.startswith("#")

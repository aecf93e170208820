"""The packets of one connection for other tools: as Scapy has them, or as a pcapng with comments for Wireshark."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.reports.conversation import find
from analyzer.reports.events import WHO, events
from analyzer.reports.text import safe
from analyzer.sources.excerpt import excerpts
from analyzer.wire.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa
    from scapy.packet import Packet

    from analyzer.wire.pcapng_writer import Writer

APPLICATION = "ocpp-analyzer"
HANDSHAKE = b"\x16\x03"
"""How a TLS record with a ClientHello begins (RFC 8446 5.1)."""
MAX_HELLOS = 8
"""Packets of a connection in which its ClientHello is looked for."""
WORDS = 3
"""Of a line of an SSLKEYLOGFILE: a label, the random of the ClientHello, a secret."""
Places = dict[tuple[str | None, int | None], list[str]]
"""What is said of packets, by their file and number."""


def dissected(base: Mapping[str, pa.Table], name: str) -> list[Packet]:
    """The packets as Scapy has them, from the link layer on, each with its time.

    Raises:
        KeyError: No connection is called so.
        SourceError: The packets cannot be read again.
    """
    from scapy.utils import EDecimal

    from analyzer.wire.scapy_dissection import Dissection

    layers = Dissection().layers
    made = []
    for excerpt in excerpts(base, find(base["connections"], name)):
        if isinstance(record := excerpt.content, Record):
            packet = layers(record)
            packet.time = EDecimal(record.ts) / 1_000_000
            packet.wirelen = record.original_length
            made.append(packet)
    return made


def write(base: Mapping[str, pa.Table], name: str, path: str | Path) -> int:
    """Write the packets as they were captured, secrets in them included, with comments; how many there are.

    The file appears once it is whole.

    Raises:
        KeyError: No connection is called so.
        SourceError: The packets cannot be read again.
        ValueError: The file is one of the inputs.
    """
    from analyzer.wire import pcapng_writer

    target = Path(path)
    if any(_is_at(target, Path(source)) for source in base["sources"]["source"].to_pylist()):
        raise ValueError(f"{target} is an input; it is not overwritten")
    connection = find(base["connections"], name)
    said = comments(base, connection)
    unfinished = target.with_name(f".{target.name}.unfinished")
    count = 0
    try:
        with unfinished.open("wb") as file:
            writer = pcapng_writer.Writer(file, APPLICATION)
            keys = _Keys()
            for excerpt in excerpts(base, connection):
                if isinstance(record := excerpt.content, Record):
                    _write_secrets(writer, keys.begun_by(record.data))
                    writer.packet(record, said.get((excerpt.source, record.number), ()))
                    count += 1
                else:
                    _write_secrets(writer, keys.found(record.data))
        unfinished.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
    return count


def _is_at(target: Path, source: Path) -> bool:
    """Whether a file is the one that was read, or the archive that this is in."""
    return target.is_file() and any(path.is_file() and target.samefile(path) for path in (source, *source.parents))


def comments(base: Mapping[str, pa.Table], connection: dict[str, Any]) -> Places:
    """What is said of each packet of a connection, in a few words and without the payloads."""
    said: Places = {(connection["source"], connection["origin"]): [_begin(connection)]}
    for event in events(base, connection):
        who = f"{WHO[event.direction]}: " if event.direction else ""
        said.setdefault((event.source, event.origin), []).append(safe(f"{who}{event.what}"))
    return said


def _begin(connection: dict[str, Any]) -> str:
    station = f" of {connection['station']}" if connection["station"] is not None else ""
    what = "upgrade request" if connection["path"] is not None else "first packet"
    return safe(f"{what}{station}, connection {connection['connection']}")


def _write_secrets(writer: Writer, keylog: bytes) -> None:
    if keylog:
        writer.secrets(keylog)


class _Keys:
    """TLS secrets in a capture of which those of one connection are given: they name the random of its ClientHello."""

    def __init__(self) -> None:
        self._lines: dict[bytes, list[bytes]] = {}
        self._hellos: list[bytes] = []

    def found(self, keylog: bytes) -> bytes:
        """Take secrets; give those of the connection if it is known to have begun."""
        for line in keylog.splitlines():
            words = line.split()
            if len(words) == WORDS:
                with contextlib.suppress(ValueError):
                    self._lines.setdefault(bytes.fromhex(words[1].decode()), []).append(line)
        return self._own(self._hellos)

    def begun_by(self, data: bytes) -> bytes:
        """Take a packet of the connection; give the secrets that it is the first to need."""
        if HANDSHAKE not in data or len(self._hellos) == MAX_HELLOS:
            return b""
        self._hellos.append(data)
        return self._own([data])

    def _own(self, hellos: Iterable[bytes]) -> bytes:
        chosen = [random for random in self._lines if any(random in hello for hello in hellos)]
        return b"".join(line + b"\n" for random in chosen for line in self._lines.pop(random))

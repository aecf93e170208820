"""Reads a packet capture: what the wire gives becomes base tables."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from analyzer.ocpp.concealment import conceal
from analyzer.ocpp.pseudonyms import pseudonym
from analyzer.sources.assembly import Assembly
from analyzer.sources.files import Files
from analyzer.sources.hops import drop_repeated_hops
from analyzer.sources.naming import name_stations
from analyzer.sources.parts import deliver, empty
from analyzer.sources.places import placed, summed
from analyzer.sources.resolved import take_lookups
from analyzer.wire.conversations import read_capture
from analyzer.wire.items import (
    Connection,
    Totals,
    WireCertificate,
    WireControl,
    WireLookup,
    WireMessage,
    WireMessages,
    WireTransport,
)
from analyzer.wire.problems import COMMENT, Problem
from analyzer.wire.tls.shelf import WireRecords

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from analyzer.sources.opener import Opened
    from analyzer.sources.parts import Spool
    from analyzer.wire.items import Item
    from analyzer.wire.tls.keylog import KeyLog

SAME = (
    "client", "client_port", "server", "server_port", "http_status", "subprotocol", "extensions", "authorization",
    "end_kind", "end_side", "close_code", "close_reason", "retransmissions", "lost_bytes", "start_observed",
    "end_observed", "path", "upgraded", "upgrade_faults", "tls_version", "cipher", "server_name", "round_trip", "segments",
)  # fmt: skip
"""Columns of `connections` that the wire gives under the same name."""
MANNERS = ("binary_messages", "fragmented_messages", "compressed_messages", "saved_bytes")
"""Those that tell how messages came, where some could be read."""
SHOWN = 2000
"""Characters of a header that are kept."""


def alone(_: int | None) -> tuple[str, Opened] | None:
    """What follows a capture that is none of a set: nothing."""
    return None


def read(
    opened: Opened,
    source: str,
    key: str,
    *,
    ports: frozenset[int] = frozenset(),
    dissector: str = "fast",
    keylog: KeyLog | None = None,
    following: Callable[[int | None], tuple[str, Opened] | None] = alone,
    spool: Spool | None = None,
) -> dict[str, pa.Table]:
    """The base tables of a capture. Packets, connections and messages that are no OCPP are counted, not kept.

    A capture may be of several files: `following` gives the name and the content of the one that goes on behind
    another, of which the last packet was seen at a time. With a `spool` the large tables go there, part by part, and
    are empty in what is returned.
    """
    assembly, files = Assembly(source, key, spool and spool.folder), Files(source, opened, following)
    reading = _Reading(assembly, files)
    for item in read_capture(
        opened.stream, ports=ports, dissector=dissector, keylog=keylog, following=files.go_on, together=True
    ):
        reading.take(item)
    row = reading.finish()
    if spool is None:
        return _placed(assembly.tables(row), files, reading.parts)
    return _delivered(assembly, row, files, reading.parts, spool)


class _Reading:
    """What is known of a capture while it is read: the numbers of its connections in the tables, and what comes last."""

    def __init__(self, assembly: Assembly, files: Files) -> None:
        self._assembly, self._files = assembly, files
        self._numbers: dict[int, int] = {}
        self._speaking: set[int] = set()
        self._lookups: list[WireLookup] = []
        self._doubled: dict[int, int] = {}
        self._controls = 0
        self.parts: list[Totals] = []

    def take(self, item: Item) -> None:
        """Take what the wire gives."""
        assembly, numbers = self._assembly, self._numbers
        match item:
            case Connection():
                _describe(assembly, numbers, item)
                if _is_ocpp(item):
                    self._speaking.add(numbers[item.number])
                self._doubled[item.number] = item.duplicates
            case WireMessage() | WireMessages():
                _messages(assembly, numbers[item.connection], item)
            case WireControl():
                self._controls += 1
                _control(assembly, numbers, item)
            case WireLookup():
                self._lookups.append(item)
            case Totals():
                self.parts.append(item)
            case _:
                _note(assembly, numbers, self._files.explained(item) if isinstance(item, Problem) else item)

    def finish(self) -> dict[str, object]:
        """Settle what can be told at the end alone, and give what is known of the capture as a whole."""
        assembly, first = self._assembly, self.parts[0]
        assembly.settle()
        for problem in self._files.unexplained(self.parts):
            _problem(assembly, self._numbers, problem)
        _tell_duplicates(assembly, sum(self._doubled.values()))
        drop_repeated_hops(assembly)
        name_stations(assembly, self._speaking)
        take_lookups(assembly, self._lookups, self._speaking)
        return {
            "kind": "capture",
            "start": first.first_ts,
            "end": first.last_ts,
            "bytes": first.bytes,
            "records": first.packets,
            "lifecycle": self._controls,
            "zone": "UTC, as captures are",
        }


def _delivered(
    assembly: Assembly, row: dict[str, object], files: Files, parts: list[Totals], spool: Spool
) -> dict[str, pa.Table]:
    """The base tables, of which the large ones went to the spool."""
    small = assembly.small(row)
    counted: list[pa.Table] = []
    for tables in deliver(assembly, small, spool):
        made = _placed(tables, files, parts)
        counted.append(made["sources"])
        spool.take(made)
    return _placed({**small, **empty()}, files, parts) | ({"sources": summed(counted)} if len(parts) > 1 else {})


def _placed(tables: dict[str, pa.Table], files: Files, parts: list[Totals]) -> dict[str, pa.Table]:
    return tables if len(parts) == 1 else placed(tables, files.names, parts)


def _messages(assembly: Assembly, number: int, item: WireMessage | WireMessages) -> None:
    if isinstance(item, WireMessages):
        assembly.take(number, item.texts)
    else:
        assembly.take(number, [(item.from_station, item.text, item.ts, item.packet)])


def _describe(assembly: Assembly, numbers: dict[int, int], item: Connection) -> None:
    if item.number not in numbers:
        numbers[item.number] = assembly.connect(None, item.ts, item.packet)
    station = _station(item.path) if _is_ocpp(item) else None
    ended = item.end_ts is not None and item.end_kind not in {None, "open"}
    assembly.describe(
        numbers[item.number],
        station=station,
        **{name: getattr(item, name) for name in SAME},
        **{name: getattr(item, name) if item.messages else None for name in MANNERS},
        host=item.host or item.server_name,
        decrypted=item.decrypted if item.tls else None,
        scheme="wss" if item.tls else "ws" if item.messages or item.method else None,
        agent=item.user_agent and item.user_agent[:SHOWN],
        offered=item.offered_subprotocols,
        # What its upgrade request tells is to be found there.
        origin=item.request_packet or item.packet,
        user=item.user if item.user is None or item.user == station else pseudonym(item.user),
        end=item.end_ts if ended else None,
        end_origin=item.end_packet if ended else None,
    )
    # What could not be read, such as a compressed message after a loss, was said all the same.
    if not item.tls:
        assembly.alive(numbers[item.number], item.last_up, item.last_down)
    if item.http_status not in {None, 101}:
        assembly.describe(numbers[item.number], end_kind="refused", end_side="csms", end=item.end_ts)


def _is_ocpp(item: Connection) -> bool:
    said = f"{item.subprotocol or ''} {item.offered_subprotocols or ''}".lower()
    return item.messages > 0 or "ocpp" in said


def _station(path: str | None) -> str | None:
    """The last segment of the URL is the charger's identity, percent-encoded (OCPP-J 1.6 3.1.1)."""
    if not path:
        return None
    return unquote(path.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]) or None


def _tell_duplicates(assembly: Assembly, count: int) -> None:
    """Say once how many packets were captured at two places: on all interfaces, or behind a mirror port."""
    if count:
        detail = f"{count} packets stand in it twice, as if captured at two places; they are counted once"
        assembly.issue("duplicate_capture", detail, count=count)


def _transport(assembly: Assembly, numbers: dict[int, int], item: WireTransport) -> None:
    side = None if item.from_station is None else "up" if item.from_station else "down"
    seen = item.ts, item.kind, side, item.bytes, item.packet, item.detail, item.duration
    assembly.transport(numbers[item.connection], *seen)


def _control(assembly: Assembly, numbers: dict[int, int], item: WireControl) -> None:
    assembly.control(
        numbers[item.connection],
        item.ts,
        "up" if item.from_station else "down",
        item.kind,
        item.packet,
        detail=None if item.kind == "close" else item.payload[:32].hex() or None,
        close_code=item.code,
        close_reason=item.reason,
    )


def _note(
    assembly: Assembly, numbers: dict[int, int], item: WireTransport | WireCertificate | WireRecords | Problem
) -> None:
    match item:
        case WireTransport():
            _transport(assembly, numbers, item)
        case WireCertificate():
            _certificate(assembly, numbers, item)
        case WireRecords():
            _records(assembly, numbers, item)
        case Problem():
            _problem(assembly, numbers, item)


def _problem(assembly: Assembly, numbers: dict[int, int], problem: Problem) -> None:
    assembly.issue(
        problem.kind,
        conceal(problem.detail) if problem.kind == COMMENT else problem.detail,
        problem.packet,
        problem.ts,
        number=numbers.get(problem.connection) if problem.connection is not None else None,
        count=problem.count,
        damage=problem.damage,
    )


def _certificate(assembly: Assembly, numbers: dict[int, int], item: WireCertificate) -> None:
    assembly.note(
        "certificates",
        numbers[item.connection],
        item.ts,
        item.packet,
        direction="up" if item.from_station else "down",
        position=item.position,
        **item.certificate._asdict(),
    )


def _records(assembly: Assembly, numbers: dict[int, int], item: WireRecords) -> None:
    """The encrypted records of a connection; that some were not kept is an issue, but no part of the input is lost."""
    number = numbers[item.connection]
    for from_station, size, ts, packet in item:
        direction = "up" if from_station else "down"
        assembly.note("tls_records", number, ts, packet, direction=direction, bytes=size)
    if item.left_out:
        detail = f"the sizes and times of {item.left_out} encrypted records are left out"
        assembly.issue("tls_records_left_out", detail, number=number, count=item.left_out)

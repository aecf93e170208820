"""Reads a packet capture: what the wire gives becomes base tables."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from analyzer.ocpp.pseudonyms import pseudonym
from analyzer.sources.assembly import Assembly
from analyzer.sources.hops import drop_repeated_hops
from analyzer.sources.naming import name_stations
from analyzer.sources.resolved import take_lookups
from analyzer.wire.conversations import read_capture
from analyzer.wire.items import (
    Connection,
    Totals,
    WireControl,
    WireLookup,
    WireMessage,
    WireMessages,
    WireTransport,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.sources.opener import Opened
    from analyzer.wire.problems import Problem

SAME = (
    "client", "client_port", "server", "server_port", "http_status", "subprotocol", "extensions", "authorization",
    "end_kind", "end_side", "close_code", "close_reason", "retransmissions", "lost_bytes", "start_observed",
    "end_observed", "path", "upgraded", "round_trip", "segments",
)  # fmt: skip
"""Columns of `connections` that the wire gives under the same name."""
SHOWN = 2000
"""Characters of a header that are kept."""


def read(
    opened: Opened, source: str, key: str, *, ports: frozenset[int] = frozenset(), dissector: str = "fast"
) -> dict[str, pa.Table]:
    """The base tables of a capture. Packets, connections and messages that are no OCPP are counted, not kept."""
    assembly = Assembly(source, key)
    numbers: dict[int, int] = {}
    speaking: set[int] = set()
    totals, controls = Totals(), 0
    lookups: list[WireLookup] = []
    doubled: dict[int, int] = {}
    for item in read_capture(opened.stream, ports=ports, dissector=dissector, together=True):
        match item:
            case Connection():
                _describe(assembly, numbers, item)
                if _is_ocpp(item):
                    speaking.add(numbers[item.number])
                doubled[item.number] = item.duplicates
            case WireMessage() | WireMessages():
                _messages(assembly, numbers[item.connection], item)
            case WireControl():
                controls += 1
                _control(assembly, numbers, item)
            case WireTransport():
                _transport(assembly, numbers, item)
            case WireLookup():
                lookups.append(item)
            case Totals():
                totals = item
            case _:
                _issue(assembly, numbers, item)
    for fault in opened.fault:
        assembly.issue("unreadable", f"the input ends early: {fault}", damage=True)
    _tell_duplicates(assembly, sum(doubled.values()))
    drop_repeated_hops(assembly)
    name_stations(assembly, speaking)
    take_lookups(assembly, lookups, speaking)
    return assembly.tables(
        {
            "kind": "capture",
            "start": totals.first_ts,
            "end": totals.last_ts,
            "bytes": totals.bytes,
            "records": totals.packets,
            "lifecycle": controls,
            "zone": "UTC, as captures are",
        }
    )


def _messages(assembly: Assembly, number: int, item: WireMessage | WireMessages) -> None:
    if isinstance(item, WireMessage):
        assembly.message(number, item.ts, "up" if item.from_station else "down", item.text, item.packet)
        return
    for from_station, text, ts, packet in item.texts:
        assembly.message(number, ts, "up" if from_station else "down", text, packet)


def _describe(assembly: Assembly, numbers: dict[int, int], item: Connection) -> None:
    if item.number not in numbers:
        numbers[item.number] = assembly.connect(None, item.ts, item.packet)
    station = _station(item.path) if _is_ocpp(item) else None
    ended = item.end_ts is not None and item.end_kind not in {None, "open"}
    assembly.describe(
        numbers[item.number],
        station=station,
        **{name: getattr(item, name) for name in SAME},
        host=item.host or item.server_name,
        scheme="wss" if item.tls else "ws" if item.messages or item.method else None,
        agent=item.user_agent and item.user_agent[:SHOWN],
        offered=item.offered_subprotocols,
        # What its upgrade request tells is to be found there.
        origin=item.request_packet or item.packet,
        user=item.user if item.user is None or item.user == station else pseudonym(item.user),
        end=item.end_ts if ended else None,
        end_origin=item.end_packet if ended else None,
    )
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


def _issue(assembly: Assembly, numbers: dict[int, int], item: Problem) -> None:
    number = numbers.get(item.connection) if item.connection is not None else None
    assembly.issue(item.kind, item.detail, item.packet, item.ts, number=number, count=item.count, damage=item.damage)


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

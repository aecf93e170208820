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
from analyzer.sources.places import placed
from analyzer.wire.conversations import Connection, Totals, WireControl, WireMessage, WireTransport, read_capture
from analyzer.wire.problems import COMMENT

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from analyzer.sources.opener import Opened
    from analyzer.wire.problems import Problem

SAME = (
    "client", "client_port", "server", "server_port", "http_status", "subprotocol", "extensions", "authorization",
    "end_kind", "end_side", "close_code", "close_reason", "retransmissions", "lost_bytes", "start_observed",
    "end_observed", "path", "upgraded",
)  # fmt: skip
"""Columns of `connections` that the wire gives under the same name."""
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
    following: Callable[[int | None], tuple[str, Opened] | None] = alone,
) -> dict[str, pa.Table]:
    """The base tables of a capture. Packets, connections and messages that are no OCPP are counted, not kept.

    A capture may be of several files: `following` gives the name and the content of the one that goes on behind
    another, of which the last packet was seen at a time.
    """
    assembly = Assembly(source, key)
    files = Files(source, opened, following)
    numbers: dict[int, int] = {}
    speaking: set[int] = set()
    parts: list[Totals] = []
    controls = 0
    for item in read_capture(opened.stream, ports=ports, dissector=dissector, following=files.go_on):
        match item:
            case Connection():
                _describe(assembly, numbers, item)
                if _is_ocpp(item):
                    speaking.add(numbers[item.number])
            case WireMessage():
                direction = "up" if item.from_station else "down"
                assembly.message(numbers[item.connection], item.ts, direction, item.text, item.packet)
            case WireControl():
                controls += 1
                _control(assembly, numbers, item)
            case WireTransport():
                side = None if item.from_station is None else "up" if item.from_station else "down"
                number = numbers[item.connection]
                assembly.transport(number, item.ts, item.kind, side, item.bytes, item.packet, item.detail)
            case Totals():
                parts.append(item)
            case _:
                _complain(assembly, numbers, files.explained(item))
    for problem in files.unexplained(parts):
        _complain(assembly, numbers, problem)
    drop_repeated_hops(assembly)
    name_stations(assembly, speaking)
    made = assembly.tables(
        {
            "kind": "capture",
            "start": parts[0].first_ts,
            "end": parts[0].last_ts,
            "bytes": parts[0].bytes,
            "records": parts[0].packets,
            "lifecycle": controls,
            "zone": "UTC, as captures are",
        }
    )
    return made if len(parts) == 1 else placed(made, files.names, parts)


def _complain(assembly: Assembly, numbers: dict[int, int], problem: Problem) -> None:
    assembly.issue(
        problem.kind,
        conceal(problem.detail) if problem.kind == COMMENT else problem.detail,
        problem.packet,
        problem.ts,
        number=numbers.get(problem.connection) if problem.connection is not None else None,
        count=problem.count,
        damage=problem.damage,
    )


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

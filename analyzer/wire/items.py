"""What a capture gives: connections, their messages, and what happened to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.problems import Problem
from analyzer.wire.tls.shelf import WireRecords

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.tls.certificates import Certificate


SIDES = {True: "station", False: "csms"}


@dataclass(slots=True)
class Connection:
    """A TCP connection that speaks WebSocket or TLS; the client is the station. Times are in microseconds.

    It is given when it is known to speak OCPP, and once more when it has ended; one that speaks none is given once.
    `number` is unique in a capture; `request_packet` is the one that completed the upgrade request, of which
    `offered_subprotocols` and `authorization` are known to be missing (empty, `none`) only where all of it was seen.
    Of the `messages` it is told how they came; `saved_bytes` is by how much compression made them shorter.
    None is what was not seen: `end_side` is of the first close frame, FIN or RST, `station` or `csms`, or `middle`.
    `round_trip` is in seconds; `segments` are those with data, `duplicates` packets that stand in the capture twice.
    """

    number: int
    ts: int
    packet: int
    client: str
    client_port: int
    server: str
    server_port: int
    handshake_seen: bool
    tls: bool = False
    tls_version: str | None = None
    cipher: str | None = None
    server_name: str | None = None
    offers_http2: bool = False
    decrypted: bool = False
    method: str | None = None
    path: str | None = None
    host: str | None = None
    user_agent: str | None = None
    offered_subprotocols: str | None = None
    request_packet: int | None = None
    subprotocol: str | None = None
    extensions: str | None = None
    authorization: str | None = None
    user: str | None = None
    http_status: int | None = None
    upgraded: int | None = None
    end_ts: int | None = None
    end_packet: int | None = None
    end_kind: str | None = None
    end_side: str | None = None
    close_code: int | None = None
    close_reason: str | None = None
    close_side: str | None = None
    last_up: int | None = None
    last_down: int | None = None
    retransmissions: int = 0
    lost_bytes: int = 0
    duplicates: int = 0
    segments: int = 0
    round_trip: float | None = None
    messages: int = 0
    binary_messages: int = 0
    fragmented_messages: int = 0
    compressed_messages: int = 0
    saved_bytes: int = 0
    upgrade_faults: str | None = None
    start_observed: bool = False
    end_observed: bool = False


class WireMessage(NamedTuple):
    """A text of an OCPP connection; `bytes` is its size after inflating."""

    connection: int
    from_station: bool
    text: str
    bytes: int
    ts: int
    packet: int


class WireMessages(NamedTuple):
    """Texts of one OCPP connection in their order, each with whether it is the station's, its time and its packet."""

    connection: int
    texts: list[tuple[bool, str, int, int]]

    def one_by_one(self) -> Iterator[WireMessage]:
        """The same, each by itself."""
        for from_station, text, ts, packet in self.texts:
            yield WireMessage(self.connection, from_station, text, len(text.encode()), ts, packet)


class WireControl(NamedTuple):
    """A control frame: ping, pong or close."""

    connection: int
    from_station: bool
    kind: str
    payload: bytes
    code: int | None
    reason: str | None
    ts: int
    packet: int


class WireTransport(NamedTuple):
    """Something that TCP or TLS told: an event of `Streams`, a hole, or tls with an alert in words."""

    connection: int
    kind: str
    from_station: bool | None
    ts: int
    packet: int
    bytes: int = 0
    detail: str | None = None
    duration: float | None = None


@dataclass(slots=True)
class WireLookup:
    """A name that was looked up in the DNS, at the end of the capture; times are in microseconds.

    `server` is the resolver, `kind` is A or AAAA; `lifetime` is how long the answer may be kept, in seconds.
    """

    ts: int
    packet: int
    client: str
    server: str
    name: str
    kind: str
    tries: int = 1
    answered: int | None = None
    status: str | None = None
    addresses: tuple[str, ...] = ()
    lifetime: int | None = None


class WireCertificate(NamedTuple):
    """A certificate that a side showed; position 0 is the leaf."""

    connection: int
    from_station: bool
    position: int
    certificate: Certificate
    ts: int
    packet: int


@dataclass(slots=True)
class Totals:
    """What a capture file held in all, the packets that are not of TCP included.

    `before` is what packet numbers go beyond in the second file of a sequence and the later ones.
    """

    packets: int = 0
    bytes: int = 0
    first_ts: int | None = None
    last_ts: int | None = None
    before: int = 0

    def count(self, ts: int, size: int) -> None:
        """Count a packet."""
        self.packets += 1
        self.bytes += size
        self.first_ts = ts if self.first_ts is None else min(self.first_ts, ts)
        self.last_ts = ts if self.last_ts is None else max(self.last_ts, ts)

    def count_all(self, first: int, last: int, packets: int, size: int) -> None:
        """Count packets of which these are the times of the earliest and of the latest."""
        self.count(first, size)
        self.count(last, 0)
        self.packets += packets - 2


Item = (
    Connection
    | WireMessage
    | WireMessages
    | WireControl
    | WireTransport
    | WireLookup
    | WireCertificate
    | WireRecords
    | Problem
    | Totals
)

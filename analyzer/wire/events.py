"""What TCP tells of a connection: the events that `Streams` gives."""

from __future__ import annotations

from typing import NamedTuple


class Opened(NamedTuple):
    """A flow is there. `handshake_seen` is false where the capture joined it in the middle."""

    flow: int
    ts: int
    packet: int
    client: str
    client_port: int
    server: str
    server_port: int
    handshake_seen: bool


class Data(NamedTuple):
    """The next bytes of one direction, with the packet that brought them."""

    flow: int
    from_client: bool
    data: bytes
    ts: int
    packet: int


class Hole(NamedTuple):
    """Bytes of one direction that the capture does not have, noticed at this packet.

    `why` says who lost them, if that can be told. `lost` is false where the capture lost nothing: where only its
    beginning or end kept it from having them, or where they never got through.
    """

    flow: int
    from_client: bool
    bytes: int
    ts: int
    packet: int
    why: str
    lost: bool = True


class Transport(NamedTuple):
    """Something of TCP worth noting: syn, syn_ack, fin, rst, retransmission, duplicate, keep_alive, zero_window or icmp.

    `duration` is how long a window was zero, in seconds. An icmp error is of the side whose packet it quotes.
    """

    flow: int
    kind: str
    from_client: bool
    ts: int
    packet: int
    bytes: int = 0
    detail: str | None = None
    duration: float | None = None


class Fault(NamedTuple):
    """Something wrong with a flow: bytes that contradict earlier ones, bytes after the end, one side never seen.

    `damage` says that a part of it is not in the capture.
    """

    flow: int
    kind: str
    detail: str
    from_client: bool
    ts: int
    packet: int
    damage: bool = False


class Measured(NamedTuple):
    """What was counted of a flow until its end: the seconds of its handshake, and its segments with data."""

    flow: int
    ts: int
    packet: int
    round_trip: float | None
    segments: int


class Ended(NamedTuple):
    """A flow is over.

    By fin, rst, timeout (what was sent from then on was never answered), replaced (its ports were used again) or open
    (the capture ends before it does); an attempt by unreachable (no SYN was answered) or port_closed (one was, by RST).
    `middle` says that neither side sent what ended it.
    """

    flow: int
    ts: int
    packet: int
    kind: str
    from_client: bool | None
    middle: bool = False


Event = Opened | Data | Hole | Transport | Fault | Measured | Ended

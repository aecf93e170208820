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

    `lost` is false where only its end kept the capture from having them.
    """

    flow: int
    from_client: bool
    bytes: int
    ts: int
    packet: int
    why: str
    lost: bool = True


class Transport(NamedTuple):
    """Something of TCP worth noting: syn, syn_ack, fin, rst, retransmission, duplicate, keep_alive or zero_window."""

    flow: int
    kind: str
    from_client: bool
    ts: int
    packet: int
    bytes: int = 0


class Fault(NamedTuple):
    """Something wrong with a flow that is no loss: bytes that contradict earlier ones, bytes after the end."""

    flow: int
    kind: str
    detail: str
    from_client: bool
    ts: int
    packet: int


class Ended(NamedTuple):
    """A flow is over: by fin, rst, replaced (its ports were used again) or open (the capture ends before it does)."""

    flow: int
    ts: int
    packet: int
    kind: str
    from_client: bool | None


Event = Opened | Data | Hole | Transport | Fault | Ended

r"""WebSocket frames and OCPP-J messages as Scapy layers, which Scapy itself does not have.

>>> from scapy.packet import Raw
>>> bytes(WebSocketFrame(masked=1, key=b"abcd") / OCPPMessage(id="7", action="Heartbeat"))[:6]
b'\x81\x96abcd'
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from scapy.config import conf
from scapy.fields import (
    BitEnumField,
    BitField,
    ConditionalField,
    Field,
    LongField,
    PacketListField,
    ShortField,
    StrFixedLenField,
)
from scapy.layers.inet import TCP
from scapy.packet import Packet, bind_bottom_up

from analyzer.wire import ocppj
from analyzer.wire.websocket import TEXT, plausible, read_header, unmask

OPCODE_NAMES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
WIDE, WIDEST = 126, 127
"""Sizes that say that the length follows in 2 or 8 bytes (RFC 6455 5.2)."""


class TextField(Field[str | None, str | None]):
    """A text, None where the message has none; it stands in JSON, so the field has no bytes of its own."""

    def __init__(self, name: str, default: str | None) -> None:
        super().__init__(name, default, "B")

    def i2repr(self, pkt: Packet | None, x: str | None) -> str:  # noqa: ARG002 - Scapy's signature
        """The text as it is shown."""
        return repr(x)


class OCPPMessage(Packet):
    """An OCPP-J message. `body` is the JSON text of its payload, of an error the details."""

    name = "OCPP"
    fields_desc: ClassVar[Any] = [
        Field("kind", ocppj.CALL, "B"),
        TextField("id", ""),
        TextField("action", None),
        TextField("error_code", None),
        TextField("error_description", None),
        TextField("body", "{}"),
    ]

    def do_dissect(self, s: bytes) -> bytes:
        """Take the envelope apart; what is none stays to the next layer."""
        envelope = ocppj.parse(s.decode("utf-8", "replace"))
        if not isinstance(envelope, ocppj.Envelope):
            self.raw_packet_cache = b""
            return s
        self.fields.update(
            kind=envelope.type,
            id=envelope.id,
            action=envelope.action,
            error_code=envelope.error_code,
            error_description=envelope.error_description,
            body=envelope.payload,
        )
        self.raw_packet_cache = s
        return b""

    def self_build(self) -> bytes:
        """The text of the message: as it was read, or made from the fields where these were set."""
        if self.raw_packet_cache is not None:
            return self.raw_packet_cache
        parts = [str(self.kind), json.dumps(self.id)]
        if self.kind in {ocppj.CALL, ocppj.SEND}:
            parts.append(json.dumps(self.action or ""))
        elif self.kind != ocppj.CALL_RESULT:
            parts.extend((json.dumps(self.error_code or ""), json.dumps(self.error_description or "")))
        return f"[{','.join([*parts, self.body])}]".encode()

    def mysummary(self) -> str:
        """One line about it."""
        return f"OCPP {ocppj.NAMES.get(self.kind, self.kind)} {self.id} {self.action or self.error_code or ''}".rstrip()


class WebSocketFrame(Packet):
    """One frame. Its payload is in clear here and masked on the wire; `size` None is found out when building."""

    name = "WebSocket frame"
    fields_desc: ClassVar[Any] = [
        BitField("fin", 1, 1),
        BitField("rsv1", 0, 1),
        BitField("rsv2", 0, 1),
        BitField("rsv3", 0, 1),
        BitEnumField("opcode", TEXT, 4, OPCODE_NAMES),
        BitField("masked", 0, 1),
        BitField("size", None, 7),
        ConditionalField(ShortField("wide_size", None), lambda frame: frame.size == WIDE),
        ConditionalField(LongField("widest_size", 0), lambda frame: frame.size == WIDEST),
        ConditionalField(StrFixedLenField("key", bytes(4), 4), lambda frame: frame.masked == 1),
    ]

    @property
    def length(self) -> int:
        """Bytes of the payload as the header tells."""
        return {WIDE: self.wide_size, WIDEST: self.widest_size}.get(self.size, self.size) or 0

    def post_dissect(self, s: bytes) -> bytes:
        """Take the mask off."""
        end = self.length
        return unmask(s[:end], self.key) + s[end:] if self.masked else s

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes]:
        """The payload, and the frames behind it."""
        return s[: self.length], s[self.length :]

    def guess_payload_class(self, payload: bytes) -> Any:  # noqa: ANN401 - a class of packets
        """OCPP where a whole text holds it."""
        whole = self.fin and not self.rsv1 and self.opcode == TEXT and len(payload) == self.length
        return OCPPMessage if whole and ocppj.looks_like_ocpp(payload) else conf.raw_layer

    def do_build(self) -> bytes:
        """The frame as bytes. Scapy would leave out `post_build` where the header is as it was read."""
        packet = self if self.explicit else next(iter(self))
        return packet.post_build(packet.self_build(), packet.do_build_payload())

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        """Find out the length, and put the mask on."""
        key = self.key if self.masked else b""
        if self.size is None:
            pkt = pkt[:1] + _length(len(pay), self.masked) + key
        return pkt + unmask(pay, key)


class WebSocket(Packet):
    """The frames of one TCP segment that begins with one."""

    name = "WebSocket"
    fields_desc: ClassVar[Any] = [PacketListField("frames", [], WebSocketFrame)]

    @classmethod
    def dispatch_hook(cls, _pkt: bytes | None = None, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - Scapy's signature
        """This layer for what may be a frame, none for the rest: the upgrade, or the middle of a frame."""
        header = read_header(_pkt) if _pkt else None
        fits = header is not None and _pkt is not None and plausible(header, _pkt)
        return cls if fits or not _pkt else conf.raw_layer


def bind(*ports: int) -> None:
    """Let Scapy dissect these TCP ports as WebSocket."""
    for port in ports:
        bind_bottom_up(TCP, WebSocket, dport=port)
        bind_bottom_up(TCP, WebSocket, sport=port)


def _length(size: int, masked: int) -> bytes:
    if size < WIDE:
        return bytes([masked << 7 | size])
    if size < 1 << 16:
        return bytes([masked << 7 | WIDE]) + size.to_bytes(2, "big")
    return bytes([masked << 7 | WIDEST]) + size.to_bytes(8, "big")

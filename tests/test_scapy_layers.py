from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st
from scapy.layers.inet import IP, TCP
from scapy.packet import Raw, split_bottom_up

from analyzer.scapy_layers import OCPPMessage, WebSocket, WebSocketFrame, bind
from analyzer.wire import ocppj
from analyzer.wire.conversations import WireMessage, read_capture
from analyzer.wire.frames import Frame, FrameReader
from analyzer.wire.link import Segment, dissect
from analyzer.wire.records import Record, read_records
from tests.wire.packets import frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALL = '[2,"7","BootNotification",{"a":[1, 2]}]'
SIZES = st.sampled_from([0, 1, 125, 126, 65_535, 65_536])


@pytest.fixture
def bound() -> Iterator[None]:
    bind(9000)
    yield
    split_bottom_up(TCP, WebSocket, dport=9000)
    split_bottom_up(TCP, WebSocket, sport=9000)


def read(data: bytes, *, from_client: bool) -> list[Frame]:
    found = list(FrameReader(from_client=from_client).feed(data, 1, 1))
    return [each for each in found if isinstance(each, Frame)]


@settings(deadline=None)
@given(opcode=st.sampled_from([0, 1, 2, 8, 9, 10]), size=SIZES, fin=st.booleans(), masked=st.booleans())
def test_frames_are_read_as_the_wire_reads_them(*, opcode: int, size: int, fin: bool, masked: bool) -> None:
    content = bytes(at % 251 for at in range(size))
    data = frame(content, opcode=opcode, fin=fin, mask=b"mask" if masked else None)
    layer = WebSocketFrame(data)
    (expected,) = read(data, from_client=masked)
    assert (bool(layer.fin), layer.opcode, bool(layer.masked)) == (expected.fin, expected.opcode, expected.masked)
    assert bytes(layer.payload) == expected.payload == content
    assert bytes(layer) == data


@settings(deadline=None)
@given(opcode=st.sampled_from([1, 2, 9]), size=SIZES, masked=st.booleans())
def test_frames_are_built_as_the_wire_reads_them(*, opcode: int, size: int, masked: bool) -> None:
    content = bytes(at % 251 for at in range(size))
    data = bytes(WebSocketFrame(opcode=opcode, masked=int(masked), key=b"mask") / Raw(content))
    assert data == frame(content, opcode=opcode, mask=b"mask" if masked else None)
    (found,) = read(data, from_client=masked)
    assert found.payload == content


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        '[3,"7",{}]',
        '[4,"7","GenericError","why",{"x":1}]',
        '[5,"7","InternalError","",{}]',
        '[6,"7","Notify",{}]',
    ],
)
def test_a_message_is_read_and_built_again(text: str) -> None:
    layer = OCPPMessage(text.encode())
    envelope = ocppj.parse(text)
    assert isinstance(envelope, ocppj.Envelope)
    assert (layer.kind, layer.id, layer.action, layer.body) == (envelope.type, "7", envelope.action, envelope.payload)
    assert bytes(layer) == text.encode()
    made = OCPPMessage(
        kind=layer.kind,
        id=layer.id,
        action=layer.action,
        body=layer.body,
        error_code=layer.error_code,
        error_description=layer.error_description,
    )
    assert bytes(made) == text.encode()


def test_a_message_that_was_changed_is_built_anew_with_its_mask() -> None:
    layer = WebSocketFrame(frame(CALL, mask=b"mask"))
    layer[OCPPMessage].id = "8"
    layer.size = None
    (found,) = read(bytes(layer), from_client=True)
    assert found.payload.decode() == CALL.replace('"7"', '"8"')


@pytest.mark.usefixtures("bound")
def test_all_frames_of_a_segment_are_dissected() -> None:
    data = frame(CALL, mask=b"mask") + frame(b"?", opcode=9, mask=b"mask") + frame("[3,7,{}]", mask=b"mask")
    packet = IP(bytes(IP(src="10.0.0.7", dst="10.0.0.1") / TCP(sport=40_000, dport=9000) / Raw(data)))
    frames = packet[WebSocket].frames
    assert [each.opcode for each in frames] == [1, 9, 1]
    assert frames[0][OCPPMessage].action == "BootNotification"
    assert frames[0][OCPPMessage].summary() == "OCPP CALL 7 BootNotification"
    assert bytes(packet[WebSocket]) == data


@pytest.mark.usefixtures("bound")
def test_an_upgrade_is_no_frame() -> None:
    packet = IP(bytes(IP() / TCP(dport=9000) / Raw(b"GET / HTTP/1.1\r\n\r\n")))
    assert WebSocket not in packet
    assert packet[Raw].load == b"GET / HTTP/1.1\r\n\r\n"


def test_text_that_is_no_message_stays_raw() -> None:
    assert OCPPMessage not in WebSocketFrame(frame("hello"))
    assert bytes(OCPPMessage(b"[2,hello").payload) == b"[2,hello"


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=80))
def test_any_bytes_are_dissected_and_built_again(data: bytes) -> None:
    packet = WebSocket(data)
    assert bytes(packet) is not None


def test_a_real_capture_gives_the_messages_that_the_wire_reads(corpus: Path) -> None:
    path = corpus / "captures" / "growatt_1224_truncated.pcap"
    with path.open("rb") as stream:
        found = [dissect(each) for each in read_records(stream) if isinstance(each, Record)]
    payloads = {each.payload for each in found if isinstance(each, Segment) and each.payload}
    layers = [each for payload in payloads for each in getattr(WebSocket(payload), "frames", [])]
    read_by_scapy = {bytes(each[OCPPMessage]).decode() for each in layers if OCPPMessage in each}
    with path.open("rb") as stream:
        read_by_wire = {item.text for item in read_capture(stream) if isinstance(item, WireMessage)}
    assert len(read_by_wire) > 50
    assert read_by_wire - read_by_scapy == {text for text in read_by_wire if len(text) > 1400}
    assert read_by_scapy <= read_by_wire

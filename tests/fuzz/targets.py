"""What each module of the wire does with any bytes: nothing is raised but what its documentation names.

A target takes bytes and hands parts of them to a module as the reader of captures would. `REACHED` tells by which target
the other modules are reached. The Hypothesis tests and atheris share the targets.
"""

from __future__ import annotations

import contextlib
import io
import json
import struct
from typing import TYPE_CHECKING
from unittest import mock

from analyzer.wire import batches, dns, icmp, link
from analyzer.wire.batches import Batch, read_batches
from analyzer.wire.deflate import InflateError, Inflater, agreement, inflated_beginning, inflated_text
from analyzer.wire.dialogue import Dialogue
from analyzer.wire.fragments import Fragments
from analyzer.wire.frames import FrameReader
from analyzer.wire.http import head_end, may_begin, parse_request, parse_response
from analyzer.wire.json_faults import fault
from analyzer.wire.link import Datagram, Segment, dissect
from analyzer.wire.lookups import Lookups
from analyzer.wire.messages import MessageReader
from analyzer.wire.ocppj import Envelope, looks_like_ocpp, parse
from analyzer.wire.pcapng_writer import Writer
from analyzer.wire.problems import Problem
from analyzer.wire.records import MAX_TIME, Record, Secrets, read_records
from analyzer.wire.roles import likely_client, sent_by_client
from analyzer.wire.scapy_dissection import Dissection
from analyzer.wire.selection import Wanted, select
from analyzer.wire.sequence import Sequence
from analyzer.wire.side import Stretch
from analyzer.wire.streams import Streams
from analyzer.wire.tls.alerts import parse_alert
from analyzer.wire.tls.certificates import chain, read
from analyzer.wire.tls.handshake import Messages
from analyzer.wire.tls.hello import hello_side, parse_client_hello, parse_server_hello
from analyzer.wire.tls.keylog import KeyLog, Keys
from analyzer.wire.tls.records import Record as TlsRecord, RecordReader
from analyzer.wire.tls.session import Session
from analyzer.wire.tls.suites import name_of, suite_of
from analyzer.wire.upgrade import upgrade_faults
from analyzer.wire.websocket import peek, read_header
from tests.wire.packets import START, Captured, enhanced, ethernet, interface, ipv4, ipv6, pcap, section
from tests.wire.plain import read_plainly
from tests.wire.reading import read as read_whole
from tests.wire.test_flows import One, assert_sorted
from tests.wire.test_headers import assert_same
from tests.wire.test_runs import assert_same_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINK_TYPES = (1, 0, 12, 101, 108, 113, 228, 229, 276, 127, 105, 9)
ENDS = (("10.0.0.7", 40_000), ("10.0.0.1", 9_000))
CHUNKS = (1, 30, 100, 3000)
MAGICS = (b"", pcap([])[:24], pcap([], order=">")[:24], pcap([], nanoseconds=True)[:24], section() + interface())


def pieces(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Parts of some bytes, each with a number: the first byte of a part is that number, the second its length."""
    at = 0
    while at + 2 <= len(data):
        end = at + 2 + data[at + 1]
        yield data[at], data[at + 2 : end]
        at = end


def capture(data: bytes) -> bytes:
    """A capture of these bytes: as they are, behind the begin of a file, or as packets."""
    number = data[0] if data else 0
    if number < len(MAGICS):
        return MAGICS[number] + data[1:]
    packets = [
        Captured(START + 1000 * place, framed(kind, part), (kind & 1) * 90)
        for place, (kind, part) in enumerate(pieces(data[1:]))
    ]
    if number & 1:
        return pcap(packets, order="<>"[number >> 1 & 1])
    order = "<>"[number >> 1 & 1]
    return section(order) + interface(order=order) + b"".join(enhanced(each, order=order) for each in packets)


def framed(kind: int, data: bytes) -> bytes:
    """A packet of Ethernet that holds these bytes behind headers, of which as many are there as `kind` says."""
    if kind % 4 == 0:
        return data
    if kind % 4 == 1:
        return ethernet(data, 0x86DD if kind & 4 else 0x0800)
    side = (kind >> 4) & 1
    one, two = ENDS[side], ENDS[1 - side]
    ports = struct.pack("!HH", one[1], two[1])
    content = ports + data if kind % 4 == 2 else ports + bytes(7) + b"\1\x50\x10\xff\xff\0\0\0\0" + data
    if kind & 4:
        return ethernet(ipv6(content, "fe80::1", "fe80::2"), 0x86DD)
    return ethernet(ipv4(content, one[0], two[0]))


def read_in_batches(data: bytes) -> None:
    """The batches give what the plain reader gives, whatever their size."""
    file = capture(data)
    plain = list(read_records(io.BytesIO(file)))
    for chunk in CHUNKS:
        with mock.patch.object(batches, "CHUNK", chunk):
            assert one_by_one(read_batches(io.BytesIO(file))) == plain


def one_by_one(found: Iterator[Batch | Secrets | Problem]) -> list[Record | Secrets | Problem]:
    """The records of batches."""
    records: list[Record | Secrets | Problem] = []
    for each in found:
        records += [each.record(row) for row in range(len(each.ts))] if isinstance(each, Batch) else [each]
    return records


def read_a_capture(data: bytes) -> None:
    """A whole capture is read, and packet by packet it is the same but for the order of connections."""
    file = capture(data)
    read_whole(file)
    list(read_plainly(io.BytesIO(file)))


def read_a_set(data: bytes) -> None:
    """Files one behind the other are read."""
    rest = [io.BytesIO(capture(part)) for _, part in pieces(data)]
    sequence = Sequence(io.BytesIO(capture(data[:40])), lambda _: rest.pop() if rest else None)
    list(sequence.batches())
    assert sequence.parts


def select_packets(data: bytes) -> None:
    """The packets of a connection are found in any capture, and those that are written read back."""
    file = capture(data)
    found = [each for each in select(io.BytesIO(file), Wanted(ENDS, 0, MAX_TIME)) if isinstance(each, Record)]
    stream = io.BytesIO()
    writer = Writer(stream, "a test")
    for record in found:
        writer.packet(record, [data.decode("latin-1")])
    again = [each.data for each in read_records(io.BytesIO(stream.getvalue())) if isinstance(each, Record)]
    assert again == [each.data for each in found]


def read_headers(data: bytes) -> None:
    """Headers are read by columns as packet by packet."""
    records = [
        Record(
            place, START, LINK_TYPES[kind % len(LINK_TYPES)] if kind & 128 else 1, packet, len(packet) + place % 3, 0
        )
        for place, (kind, part) in enumerate(pieces(data), 1)
        for packet in [framed(kind, part)]
    ]
    if records:
        assert_same(records)


def sort_segments(data: bytes) -> None:
    """Segments are sorted by connection, none is lost, and of those that are clean each follows the one before it."""
    fields = [data[at : at + 4] for at in range(0, len(data) // 4 * 4, 4)]
    found = [
        One(ends & 3, ends >> 2 & 3, place << 16, size, flags & 31, flags >> 5 & 1, flags >> 6 & 1)
        for ends, place, size, flags in fields
    ]
    assert_sorted(found, max(len(found) - 2, 0))


def read_texts(data: bytes) -> None:
    """Texts that are read at once are those that the reader of frames gives."""
    for masked in (True, False):
        assert_same_texts(data, 0, masked=masked)


def read_frames(data: bytes) -> None:
    """Frames are read, whatever is lost between them."""
    number = data[0] if data else 0
    side, deflate = bool(number & 1), (None, True, False, None)[number >> 1 & 3]
    frames = FrameReader(from_client=side, deflate=deflate, lost=bool(number & 8))
    messages = MessageReader(from_client=side, deflate=deflate, forgets=bool(number & 16), lost=bool(number & 8))
    for kind, part in pieces(data[1:]):
        read = frames.lose(kind + 1, 1, 1) if kind & 7 == 7 else frames.feed(part, 1, 1)
        for each in read:
            if not isinstance(each, Problem):
                list(messages.feed(each))
        assert frames.held <= len(data) + 300 * 256
    read_header(data)
    peek(data)


def talk(data: bytes) -> None:
    """Both sides say anything, in clear or not."""
    dialogue = Dialogue(whole=bool(data[:1] > b"\x7f"))
    begin = b"GET /ocpp/CP1 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    for number, (kind, part) in enumerate(pieces(data[1:])):
        side = bool(kind & 1)
        if kind & 6 == 6:
            list(dialogue.lose(kind, Stretch(side, b"", number, number)))
        elif what := begin[not side] * (kind & 8 == 8) + part:
            list(dialogue.feed(Stretch(side, what, number, number)))
    list(dialogue.finish())


def follow(data: bytes) -> None:
    """Segments with any numbers, flags and sizes are followed."""
    streams = Streams()
    for number, (kind, part) in enumerate(pieces(data)):
        fields = (part + bytes(6))[:6]
        one, two = ENDS[kind & 1], ENDS[1 - (kind & 1)]
        sequence = int.from_bytes(fields[:2], "big") << (kind >> 4 & 1) * 16
        missing = fields[5] if kind & 32 else 0
        list(
            streams.feed(
                Segment(
                    number, START + number * fields[4] * 100_000, 0, *one, *two, sequence, fields[2] << 8, fields[3],
                    kind >> 6, part[6:], missing, 60 + (kind >> 7),
                )
            )
        )  # fmt: skip
    list(streams.finish())


def take_packets(data: bytes) -> None:
    """A packet of any link type is dissected, and what tells of names and reports is read."""
    lookups, scapy = Lookups(), Dissection()
    for number, (kind, part) in enumerate(pieces(data)):
        record = Record(number, START, LINK_TYPES[kind % len(LINK_TYPES)], part, len(part) + (kind >> 6), 0)
        for found in (dissect(record), *(scapy.dissect(record) or [])):
            if isinstance(found, Datagram):
                icmp.report(found) if found.protocol != link.UDP else lookups.take(found)
            elif isinstance(found, Segment):
                sent_by_client(found, frozenset())
                likely_client(found)
    list(lookups.finish())
    dns.parse(data)
    for protocol in (link.ICMP, link.ICMPV6):
        icmp.report(Datagram(1, 1, protocol, "10.0.0.1", "10.0.0.2", data))


def join_fragments(data: bytes) -> None:
    """Fragments of any places are joined, none to more than a packet."""
    waiting = Fragments()
    for kind, part in pieces(data):
        whole = waiting.add(kind & 3, (kind >> 2 & 15) * 8 * (1 + 511 * (kind >> 7)), part, kind, more=bool(kind & 64))
        assert whole is None or len(whole) < 1 << 17


def inflate(data: bytes) -> None:
    """Anything is inflated or refused."""
    inflater = Inflater(lost=bool(data[:1] > b"\x7f"))
    for kind, part in pieces(data):
        if kind == 0:
            inflater.lose()
        with contextlib.suppress(InflateError):
            inflater.inflate(part)
        inflated_text(part, whole=bool(kind & 1))
        inflated_beginning(part, 64)
    agreement(data.decode("latin-1"))


def parse_http(data: bytes) -> None:
    """Heads of HTTP are read and judged."""
    request = parse_request(b"GET /a HTTP/1.1\r\n" + data + b"\r\n\r\n") or parse_request(data)
    response = parse_response(b"HTTP/1.1 101 A\r\n" + data + b"\r\n\r\n") or parse_response(data)
    head_end(data)
    may_begin(data, from_client=True)
    may_begin(data, from_client=False)
    if request and response:
        upgrade_faults(request, response)


def parse_json(data: bytes) -> None:
    """Any text is a message or has a fault that can be named."""
    text = data.decode(errors="replace")
    for each in (text, "[2," + text, f'[2,"1","A",{text}]'):
        assert isinstance(parse(each), Envelope | Problem)
        with contextlib.suppress(ValueError, RecursionError):
            _name_fault(each)
    looks_like_ocpp(data)


def _name_fault(text: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        fault(text, error)


def parse_tls(data: bytes) -> None:
    """The parts of TLS are read."""
    for begin in (b"", b"\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0"):
        parse_client_hello(begin + data)
        parse_server_hello(begin + data)
        hello_side(begin + data)
    chain(data, tls13=True)
    chain(data, tls13=False)
    read.__wrapped__(data)
    parse_alert(data)
    KeyLog(data)
    messages, records = Messages(), RecordReader(keeping=True)
    for kind, part in pieces(data):
        list(messages.feed(part))
        for found in records.lose(kind, 1, 1) if kind & 3 == 3 else records.feed(part, 1, 1):
            assert isinstance(found, TlsRecord)
        name_of(kind << 8 | len(part))
        suite_of(kind << 8 | len(part))


def talk_tls(data: bytes) -> None:
    """Both sides of a TLS session say anything."""
    session = Session(Keys(KeyLog(b"CLIENT_RANDOM " + b"00" * 32 + b" " + b"11" * 48)))
    for kind, part in pieces(data):
        side = bool(kind & 1)
        head = bytes([20 + (kind >> 3 & 3), 3, 3]) + len(part).to_bytes(2, "big")
        if kind & 6 == 6:
            list(session.lose(kind, 1, 1, from_client=side))
        else:
            list(session.feed(head * (kind & 6 == 2) + part, 1, 1, from_client=side))
    list(session.finish())


TARGETS: tuple[Callable[[bytes], None], ...] = (
    read_in_batches, read_a_capture, read_a_set, select_packets, read_headers, sort_segments, read_texts, read_frames, talk, follow,
    take_packets, join_fragments, inflate, parse_http, parse_json, parse_tls, talk_tls,
)  # fmt: skip
REACHED: dict[str, Callable[[bytes], None]] = {
    **dict.fromkeys(
        ("batches", "pcap_batches", "pcapng_batches", "records", "pcap", "pcapng", "pcapng_options", "garbage", "lookahead"),
        read_in_batches,
    ),
    **dict.fromkeys(("conversations", "conversation", "items", "aside", "backlog", "problems", "encryption"), read_a_capture),
    "sequence": read_a_set,
    **dict.fromkeys(("selection", "pcapng_writer"), select_packets),
    "headers": read_headers,
    "flows": sort_segments,
    "runs": read_texts,
    **dict.fromkeys(("websocket", "frames", "messages", "resynchronise"), read_frames),
    **dict.fromkeys(("dialogue", "side"), talk),
    **dict.fromkeys(
        ("streams", "ordering", "flow", "ends", "events", "handshake", "holes", "loss", "middle", "piece", "recent", "silence",
         "window"),
        follow,
    ),
    **dict.fromkeys(("link", "scapy_dissection", "dns", "icmp", "lookups", "roles"), take_packets),
    "fragments": join_fragments,
    "deflate": inflate,
    **dict.fromkeys(("http", "upgrade"), parse_http),
    **dict.fromkeys(("ocppj", "json_faults"), parse_json),
    **dict.fromkeys(("tls.alerts", "tls.certificates", "tls.handshake", "tls.hello", "tls.keylog", "tls.records", "tls.suites"), parse_tls),
    **dict.fromkeys(
        (
            "tls.derivation", "tls.flight", "tls.heard", "tls.lane", "tls.negotiation", "tls.phases", "tls.protection",
            "tls.secrets", "tls.session", "tls.shelf", "tls.waiting",
        ),
        talk_tls,
    ),
}  # fmt: skip
"""By which target each module of the wire is reached."""

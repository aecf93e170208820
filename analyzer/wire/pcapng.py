"""Reads the blocks of a pcapng file (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire import pcapng_options as options
from analyzer.wire.garbage import ORDERS, SECTION_HEADER, next_block, pass_over
from analyzer.wire.problems import COMMENT, Problem
from analyzer.wire.records import MAX_PACKET, MAX_TIME, Record, Secrets, skipped, truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.lookahead import Lookahead

MAX_BLOCK = 16 << 20
"""Bytes of one block: several times the largest packet, to leave room for its options and for TLS secrets."""
MAX_INTERFACES = 65_536

INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, STATISTICS, ENHANCED_PACKET, SECRETS = 1, 2, 3, 5, 6, 10
SECTION = 0x0A0D0D0A
PACKETS = frozenset({ENHANCED_PACKET, SIMPLE_PACKET, OBSOLETE_PACKET})
TLS_KEY_LOG = 0x544C534B
DROPS_UNKNOWN = 0xFFFF
"""What an obsolete packet block says where nobody counted what was dropped (section A)."""


class Interface(NamedTuple):
    """An interface of a section: its link type, ticks a second, seconds to add, and bytes kept of a packet (0: all)."""

    link_type: int
    ticks: int
    offset: int
    snap_length: int


@dataclass(slots=True)
class Section:
    """What is known while reading: the byte order and interfaces of the section, and the last packet.

    `dropped` is how many packets each interface told to have lost so far.
    """

    order: str = "<"
    interfaces: list[Interface] = field(default_factory=list)
    earlier: int = 0
    number: int = 0
    ts: int = 0
    dropped: dict[int, int] = field(default_factory=dict)


def read_blocks(stream: Lookahead, section: Section | None = None) -> Iterator[Record | Secrets | Problem]:
    """The packets of a pcapng file from the beginning of any block on; `section` tells how far reading came."""
    section = section or Section()
    while at_hand := stream.fill(12):
        head = stream.ahead(12)
        if at_hand < 12:
            yield truncated("the header of a block", 12 - at_hand, section.number, section.ts)
            return
        first = head[:4] == SECTION_HEADER
        if first and head[8:] not in ORDERS:
            yield _pass_over(stream, section, "a section of unknown byte order")
            continue
        order = ORDERS[head[8:]] if first else section.order
        kind, length = struct.unpack(order + "II", head[:8])
        if not 12 <= length <= MAX_BLOCK or length % 4 or (first and length < 28):
            yield _pass_over(stream, section, f"a block claims {length} bytes")
            continue
        at_hand = stream.fill(length)
        if at_hand < length and next_block(stream, order, 1, at_hand) is None:
            section.number += kind in PACKETS
            yield truncated("a block", length - at_hand, section.number, section.ts)
            return
        if at_hand < length or stream.ahead(length, length - 4) != head[4:8]:
            yield _pass_over(stream, section, "the two lengths of a block differ")
            continue
        body = stream.ahead(length - 4, 8)
        stream.skip(length)
        if first:
            begin_section(section, order)
        yield from read_block(section, kind, body)


def _pass_over(stream: Lookahead, section: Section, what: str) -> Problem:
    """Go on at the next block behind what is none."""
    size, ended = pass_over(stream, lambda start, end: next_block(stream, section.order, start, end))
    return skipped(what, size, section.number, section.ts, to_the_end=ended)


def begin_section(section: Section, order: str) -> None:
    """Take note of a new section, in which interfaces are described anew."""
    section.order = order
    section.earlier += len(section.interfaces)
    section.interfaces, section.dropped = [], {}


def read_block(section: Section, kind: int, body: bytes) -> Iterator[Record | Secrets | Problem]:
    """What a block tells, its body being what stands between its two lengths."""
    if kind in PACKETS:
        section.number += 1
        yield from _read_packet(section, kind, body)
    elif kind == INTERFACE:
        if len(body) >= 8 and len(section.interfaces) < MAX_INTERFACES:
            section.interfaces.append(_interface(section.order, body))
            yield from _comments(section, body[8:], f"interface {len(section.interfaces) - 1}")
        else:
            yield Problem("corrupt_block", "an interface cannot be read", section.ts, section.number, damage=True)
    elif kind == STATISTICS and len(body) >= 12:
        yield from _read_statistics(section, body)
    elif kind == SECTION:
        yield from _comments(section, body[16:], "the capture")
    elif kind == SECRETS and len(body) >= 8:
        sort, length = struct.unpack_from(section.order + "II", body)
        if sort == TLS_KEY_LOG:
            yield Secrets(body[8 : 8 + length])


def _read_packet(section: Section, kind: int, body: bytes) -> Iterator[Record | Problem]:
    layout = {ENHANCED_PACKET: "IIIII", OBSOLETE_PACKET: "HHIIII", SIMPLE_PACKET: "I"}[kind]
    start = struct.calcsize(section.order + layout)
    if len(body) < start:
        yield Problem("corrupt_block", "a packet's block is too short", section.ts, section.number, damage=True)
        return
    values = struct.unpack_from(section.order + layout, body)
    index = values[0] if kind != SIMPLE_PACKET else 0
    if index >= len(section.interfaces):
        detail = f"a packet of interface {index}, which was not described"
        yield Problem("corrupt_block", detail, section.ts, section.number, damage=True)
        return
    interface, original = section.interfaces[index], values[-1]
    if kind == SIMPLE_PACKET:
        length = min(original, interface.snap_length or original, len(body) - start)
        if section.number == 1:
            yield Problem("no_time", "its packets have no time", None, 1)
    else:
        length = values[-2]
        yield from _set_time(section, interface, values[-4] << 32 | values[-3])
    if length > min(len(body) - start, MAX_PACKET):
        yield Problem("corrupt_block", f"a packet claims {length} bytes", section.ts, section.number, damage=True)
        return
    if kind == OBSOLETE_PACKET and values[1] != DROPS_UNKNOWN:
        yield from _tell_dropped(section, values[1], "before this packet")
    if kind != SIMPLE_PACKET:
        yield from _read_options(section, body[start + (length + 3) // 4 * 4 :])
    data = body[start : start + length]
    yield Record(section.number, section.ts, interface.link_type, data, original, section.earlier + index)


def _read_options(section: Section, data: bytes) -> Iterator[Problem]:
    """What the options of a packet tell of it."""
    if not data:
        return
    yield from _comments(section, data, "")
    yield from _tell_dropped(section, options.whole(section.order, data, options.PACKET_DROPS), "before this packet")


def _read_statistics(section: Section, body: bytes) -> Iterator[Problem]:
    """What was lost in capturing since the statistics before: they count from the beginning of the capture."""
    (index,) = struct.unpack_from(section.order + "I", body)
    if index >= len(section.interfaces):
        return
    lost = sum(options.whole(section.order, body[12:], code) for code in options.STATISTICS_DROPS)
    more, section.dropped[index] = lost - section.dropped.get(index, 0), lost
    yield from _tell_dropped(section, more, f"on interface {index} up to here, as its statistics say")
    yield from _comments(section, body[12:], f"the statistics of interface {index}")


def _tell_dropped(section: Section, count: int, where: str) -> Iterator[Problem]:
    if count > 0:
        detail = f"the capture lost {count} packet{'s' * (count > 1)} {where}"
        yield Problem("dropped_packets", detail, section.ts or None, section.number, damage=True, count=count)


def _comments(section: Section, data: bytes, of: str) -> Iterator[Problem]:
    """What people wrote beside a packet, an interface or the capture."""
    for text in options.comments(section.order, data):
        yield Problem(COMMENT, f"{of}: {text}" if of else text, section.ts or None, section.number or None)


def _set_time(section: Section, interface: Interface, ticks: int) -> Iterator[Problem]:
    ts = ticks * 1_000_000 // interface.ticks + interface.offset * 1_000_000
    if 0 <= ts < MAX_TIME:
        section.ts = ts
    else:
        yield Problem(
            "bad_time", "its time is out of range; that of the packet before is taken", section.ts, section.number
        )


def _interface(order: str, body: bytes) -> Interface:
    link_type, _, snap_length = struct.unpack_from(order + "HHI", body)
    ticks, offset = 1_000_000, 0
    for code, value in options.read(order, body[8:]):
        if code == options.TIME_RESOLUTION and value:
            # The most significant bit tells powers of two from powers of ten (section 4.2).
            ticks = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == options.TIME_OFFSET and len(value) == 8:
            offset = struct.unpack(order + "q", value)[0]
    return Interface(link_type, ticks, offset, snap_length)

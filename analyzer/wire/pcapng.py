"""Reads the blocks of a pcapng file (draft-ietf-opsawg-pcapng)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from analyzer.wire.problems import Problem
from analyzer.wire.records import MAX_PACKET, MAX_TIME, SECTION_HEADER, Record, Secrets, take, truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BLOCK = 16 << 20
"""Bytes of one block: several times the largest packet, to leave room for its options and for TLS secrets."""
MAX_INTERFACES = 65_536

INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, ENHANCED_PACKET, SECRETS = 1, 2, 3, 6, 10
TLS_KEY_LOG = 0x544C534B
TIME_RESOLUTION, TIME_OFFSET = 9, 14


class Interface(NamedTuple):
    """An interface of a section: its link type, ticks a second, seconds to add, and bytes kept of a packet (0: all)."""

    link_type: int
    ticks: int
    offset: int
    snap_length: int


@dataclass(slots=True)
class Section:
    """What is known while reading: the byte order and interfaces of the section, and the last packet."""

    order: str = "<"
    interfaces: list[Interface] = field(default_factory=list)
    earlier: int = 0
    number: int = 0
    ts: int = 0


def read_blocks(stream: BinaryIO) -> Iterator[Record | Secrets | Problem]:
    """The packets of a pcapng file whose first four bytes are already read."""
    section, kind = Section(), SECTION_HEADER
    while kind:
        head = take(stream, 8 if kind == SECTION_HEADER else 4)
        if len(kind) < 4 or len(head) < (8 if kind == SECTION_HEADER else 4):
            yield truncated("the header of a block", 4, section.number, section.ts)
            return
        if kind == SECTION_HEADER and not _begin_section(section, head[4:]):
            yield _corrupt(section, "a section of unknown byte order")
            return
        length = struct.unpack(section.order + "I", head[:4])[0]
        if not 12 <= length <= MAX_BLOCK or length % 4 or (kind == SECTION_HEADER and length < 16):
            yield _corrupt(section, f"a block claims {length} bytes")
            return
        wanted = length - 4 - len(head)
        rest = take(stream, wanted)
        if len(rest) < wanted:
            if struct.unpack(section.order + "I", kind)[0] in {ENHANCED_PACKET, SIMPLE_PACKET, OBSOLETE_PACKET}:
                section.number += 1
            yield truncated("a block", wanted - len(rest), section.number, section.ts)
            return
        if rest[-4:] != head[:4]:
            yield _corrupt(section, "the two lengths of a block differ")
            return
        if kind != SECTION_HEADER:
            yield from _read_block(section, struct.unpack(section.order + "I", kind)[0], rest[:-4])
        kind = take(stream, 4)


def _corrupt(section: Section, what: str) -> Problem:
    detail = f"{what}, after packet {section.number}; the rest is not read"
    return Problem("corrupt", detail, section.ts, section.number, damage=True)


def _begin_section(section: Section, magic: bytes) -> bool:
    order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(magic)
    section.order = order or section.order
    section.earlier += len(section.interfaces)
    section.interfaces = []
    return order is not None


def _read_block(section: Section, kind: int, body: bytes) -> Iterator[Record | Secrets | Problem]:
    if kind in {ENHANCED_PACKET, SIMPLE_PACKET, OBSOLETE_PACKET}:
        section.number += 1
        yield from _read_packet(section, kind, body)
    elif kind == INTERFACE:
        if len(body) >= 8 and len(section.interfaces) < MAX_INTERFACES:
            section.interfaces.append(_interface(section.order, body))
        else:
            yield Problem("corrupt_block", "an interface cannot be read", section.ts, section.number, damage=True)
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
    data = body[start : start + length]
    yield Record(section.number, section.ts, interface.link_type, data, original, section.earlier + index)


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
    for code, value in _options(order, body[8:]):
        if code == TIME_RESOLUTION and value:
            # The most significant bit tells powers of two from powers of ten (section 4.2).
            ticks = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == TIME_OFFSET and len(value) == 8:
            offset = struct.unpack(order + "q", value)[0]
    return Interface(link_type, ticks, offset, snap_length)


def _options(order: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from(order + "HH", data, at)
        if code == 0:
            return
        yield code, data[at + 4 : at + 4 + length]
        at += 4 + (length + 3) // 4 * 4

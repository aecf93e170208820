"""Reads the records of a capture file, whichever of the two formats it is in."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

from analyzer.wire.garbage import SECTION_HEADER
from analyzer.wire.lookahead import Lookahead
from analyzer.wire.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_PACKET = 4 << 20
"""Bytes of one captured packet. The largest that TCP offload makes are 512 KiB; more is a corrupt length."""
MAX_TIME = 253_402_300_800_000_000
"""The year 10000 in microseconds: a time beyond it is a corrupt one."""
MAX_ALIKE = 100
"""Problems of one kind that are told one by one; the others of a file are counted."""

CLASSIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
    b"\x34\xcd\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xcd\x34": (">", 1),
}
"""Magic number of a classic pcap: its byte order, and what divides the fraction of a second into microseconds."""
MODIFIED = frozenset({b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34"})
"""Those whose record headers are longer: libpcap with Kuznetzov's patches, as old Linux systems had it."""


class Record(NamedTuple):
    """One captured packet. `number` counts from 1 as in Wireshark; `original_length` is its size on the wire."""

    number: int
    ts: int
    link_type: int
    data: bytes
    original_length: int
    interface: int


class Secrets(NamedTuple):
    """TLS keys that came inside the capture, as the text of an SSLKEYLOGFILE."""

    data: bytes


Item = TypeVar("Item")


def is_capture(head: bytes) -> bool:
    """Whether a file that begins like this is a pcap or a pcapng."""
    return head[:4] in CLASSIC or head[:4] == SECTION_HEADER


def read_records(stream: BinaryIO) -> Iterator[Record | Secrets | Problem]:
    """The packets of a capture file in their order, and what is wrong with it."""
    return read_ahead(Lookahead(stream))


def read_ahead(ahead: Lookahead) -> Iterator[Record | Secrets | Problem]:
    """The same of a stream that was looked into."""
    from analyzer.wire.pcap import read_packets
    from analyzer.wire.pcapng import read_blocks

    magic = ahead.ahead(4)
    if magic in CLASSIC:
        yield from bounded(read_packets(ahead))
    elif magic == SECTION_HEADER:
        yield from bounded(read_blocks(ahead))
    else:
        yield Problem("not_a_capture", "it begins like no pcap or pcapng" if magic else "it is empty", damage=True)


def bounded(items: Iterable[Item]) -> Iterator[Item | Problem]:
    """The items with no more than `MAX_ALIKE` problems of one kind; how many more there were comes at the end."""
    told: Counter[str] = Counter()
    left_out: dict[str, Problem] = {}
    for item in items:
        if isinstance(item, Problem):
            told[item.kind] += 1
            if told[item.kind] > MAX_ALIKE:
                left_out.setdefault(item.kind, item)
                continue
        yield item
    for kind, first in left_out.items():
        count = told[kind] - MAX_ALIKE
        yield Problem(kind, f"the same {count} times more", first.ts, first.packet, first.damage, count)


def truncated(what: str, missing: int, number: int, ts: int | None) -> Problem:
    """The problem of a file that ends inside something."""
    detail = f"the file ends inside {what}: {missing} bytes are missing"
    return Problem("truncated", detail, ts, number or None, damage=True)


def skipped(what: str, size: int, number: int, ts: int | None, *, to_the_end: bool) -> Problem:
    """The problem of bytes that hold no record."""
    where = "to the end of the file " if to_the_end else ""
    detail = f"{what}, after packet {number}; {size} bytes {where}were skipped"
    return Problem("corrupt", detail, ts, number or None, damage=True)

"""Reads the records of a classic pcap file (draft-ietf-opsawg-pcap)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.wire.garbage import MAX_LENGTH, NEAR, next_record, pass_over
from analyzer.wire.records import CLASSIC, MAX_PACKET, MODIFIED, Record, skipped, truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.lookahead import Lookahead
    from analyzer.wire.problems import Problem

FILE_HEADER = 24
NOTHING = (0, 0, 0, 0)
REACH = 64 << 10
"""Bytes in which a record is looked for where a header is not to be expected, and the one behind it neither."""


@dataclass(slots=True)
class Layout:
    """How the records of a file are laid out, and where reading stands: the last packet's number and time.

    A header has `extra` bytes that tell nothing of interest; `divisor` makes microseconds of fractions of a second.
    """

    order: str
    divisor: int
    link_type: int
    extra: int = 0
    number: int = 0
    ts: int | None = None

    @property
    def header(self) -> struct.Struct:
        """Seconds, fraction, captured length, original length."""
        return struct.Struct(f"{self.order}IIII{self.extra}x")


def read_packets(stream: Lookahead) -> Iterator[Record | Problem]:
    """The packets of a pcap file from its beginning."""
    head = stream.ahead(FILE_HEADER)
    if len(head) < FILE_HEADER:
        yield truncated("its header", FILE_HEADER - len(head), 0, None)
        return
    stream.skip(FILE_HEADER)
    yield from go_on(stream, layout_of(head))


def layout_of(head: bytes) -> Layout:
    """How the records of a file are laid out that begins like this."""
    order, divisor = CLASSIC[head[:4]]
    # The upper half of the link type tells of a frame check sequence (draft-ietf-opsawg-pcap section 4).
    link_type = struct.unpack(order + "I", head[20:])[0] & 0xFFFF
    return Layout(order, divisor, link_type, 8 if head[:4] in MODIFIED else 0)


def go_on(stream: Lookahead, layout: Layout) -> Iterator[Record | Problem]:
    """The packets of a pcap file from the header of any record on; `layout` tells how far reading came."""
    header = layout.header
    while at_hand := stream.fill(header.size):
        values = stream.unpack(header)
        if values is None:
            layout.number += 1
            missing = header.size - at_hand
            yield truncated(f"the header of packet {layout.number}", missing, layout.number, layout.ts)
            return
        if not _possible(values):
            size, ended = pass_over(stream, lambda start, end: next_record(stream, layout, start, end))
            yield skipped("no record stands", size, layout.number, layout.ts, to_the_end=ended)
            continue
        found = _misled(stream, layout, values)
        if found is not None:
            stream.skip(found)
            yield skipped("a damaged record stands", found, layout.number, layout.ts, to_the_end=False)
            continue
        end = header.size + values[2]
        layout.number += 1
        if stream.fill(end) < end:
            yield truncated(f"packet {layout.number}", end - stream.fill(end), layout.number, layout.ts)
            return
        layout.ts = values[0] * 1_000_000 + values[1] // layout.divisor
        data = stream.ahead(end, header.size)
        stream.skip(end)
        yield Record(layout.number, layout.ts, layout.link_type, data, values[3], 0)


def _misled(stream: Lookahead, layout: Layout, values: tuple[int, ...]) -> int | None:
    """Where the next record stands if this one's header is damaged; None if it may be taken for what it says.

    A header that is not what one expects is believed all the same, unless the next record stands where it should not:
    inside this packet, or, where the header behind it is no better, soon after.
    """
    header = layout.header
    end = header.size + values[2]
    following = stream.unpack(header, end)
    if following is not None and _likely(following, values[0]) and values[2] <= values[3]:
        return None
    doubtful = layout.ts is not None and not _likely(values, layout.ts // 1_000_000)
    # A header's length of bytes more is looked at, so that what stands right behind this record is seen as well.
    reach = (max(end, REACH) if doubtful else end) + header.size
    found = next_record(stream, layout, 1 if doubtful else header.size, min(reach, stream.fill(reach)))
    inside = found is not None and found < end
    return found if inside or (doubtful and found != end) else None


def _possible(values: tuple[int, ...]) -> bool:
    """Whether this can be a header, however odd. A file system leaves zeros where it lost a block."""
    _, fraction, captured, _ = values
    return captured <= MAX_PACKET and fraction < 1_000_000_000 and values != NOTHING


def _likely(values: tuple[int, ...], near: int) -> bool:
    """Whether a header is what one expects behind a packet of that second."""
    seconds, _, captured, original = values
    return abs(seconds - near) <= NEAR and _possible(values) and captured <= MAX_LENGTH and original <= MAX_PACKET

"""Finds the TCP segments of a batch of packets: what `link` does packet by packet, for whole columns.

Only what is beyond doubt is read here: whole headers of the common encapsulations. Every other packet is left to `link`,
which says the same of each packet that is read here.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.wire.link import (
    DOMAIN,
    IPV4,
    IPV6,
    LOOPBACK,
    LOOPBACKS,
    NOT_TYPED,
    RAW_IP,
    TCP,
    TUNNEL_PORTS,
    UDP,
    VLAN,
    Segment,
    address,
)

if TYPE_CHECKING:
    from analyzer.wire.batches import Batch
    from analyzer.wire.icmp import Report

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

TYPE_AT = {1: 12, 113: 14, 276: 0}
"""Where the EtherType stands in Ethernet, SLL and SLL2."""
PAYLOAD_AT = {1: 14, 113: 16, 276: 20}
SHORTEST = 54
"""Bytes of the smallest packet that is looked at here: no header reaches beyond what was captured."""
ARP = 0x0806
WATCHED_PORTS = np.array(sorted(TUNNEL_PORTS | {DOMAIN}))


class Segments(NamedTuple):
    """The TCP segments of a batch as columns, in the order of the capture. `row` is the packet's place in the batch.

    An endpoint is one number: the address, interned where it is of IPv6, and the port.
    """

    row: Ints
    source: Ints
    destination: Ints
    sequence: Ints
    acknowledgement: Ints
    flags: Ints
    window: Ints
    begin: Ints
    length: Ints
    missing: Ints

    def at(self, places: Ints) -> Segments:
        """Those at some places."""
        return Segments(*(column[places] for column in self))

    def with_more(self, others: Segments) -> Segments:
        """These and then others."""
        return Segments(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))


class Headers:
    """Reads the headers of batches. It remembers the addresses of IPv6 that it met, each by a number."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._addresses: list[bytes] = []

    def read(self, batch: Batch) -> tuple[Segments, Ints]:
        """The segments of a batch, and the rows of the packets that must be looked at one by one."""
        octets = np.frombuffer(batch.data, np.uint8)
        size = len(batch.data)
        short = np.ndarray((size - 1,), ">u2", batch.data, 0, (1,))
        kinds, at = _network(batch, octets, short)
        whole = batch.captured >= SHORTEST
        ipv4 = np.flatnonzero((kinds == IPV4) & whole)
        ipv6 = np.flatnonzero((kinds == IPV6) & whole)
        found = [self._ipv4(batch, octets, short, ipv4, at[ipv4]), self._ipv6(batch, octets, short, ipv6, at[ipv6])]
        nothing = np.zeros(len(kinds), dtype=bool)
        for _, empty in found:
            nothing[empty] = True
        nothing |= whole & (kinds == ARP)
        segments = _joined([part for part, _ in found])
        nothing[segments.row] = True
        return segments, np.flatnonzero(~nothing)

    def endpoint(self, number: int) -> tuple[str, int]:
        """The address and port that a number stands for."""
        host = number >> 16
        packed = host.to_bytes(4, "big") if host < 1 << 32 else self._addresses[host - (1 << 32)]
        return address(packed), number & 0xFFFF

    def number(self, packed: bytes, port: int) -> int:
        """The number that stands for an address and port."""
        if len(packed) == 4:
            return int.from_bytes(packed, "big") << 16 | port
        found = self._numbers.get(packed)
        if found is None:
            found = self._numbers[packed] = (1 << 32) + len(self._addresses)
            self._addresses.append(packed)
        return found << 16 | port

    def columns(self, found: list[tuple[int, Segment | Report]]) -> Segments:
        """What was found packet by packet as columns, each with the row of its packet.

        A report stands among the segments of the connection that it is about.
        """
        rows = [
            (
                row, self.endpoint_of(each.source, each.source_port),
                self.endpoint_of(each.destination, each.destination_port), *_numbers(each),
            )
            for row, each in found
        ]  # fmt: skip
        return Segments(*np.array(rows, dtype=np.int64).reshape(-1, 10).T)

    def endpoint_of(self, host: str, port: int) -> int:
        """The number that stands for an address in its usual notation, and a port."""
        return self.number(socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host), port)

    def _ipv4(
        self, batch: Batch, octets: npt.NDArray[np.uint8], short: npt.NDArray[np.uint16], rows: Ints, at: Ints
    ) -> tuple[Segments, Ints]:
        words = np.ndarray((len(batch.data) - 3,), ">u4", batch.data, 0, (1,))
        first = octets[at].astype(np.int64)
        header = (first & 15) * 4
        end = batch.begins[rows] + batch.captured[rows]
        total = short[at + 2].astype(np.int64)
        plain = (first >> 4 == 4) & (header >= 20) & (short[at + 6] & 0x3FFF == 0) & (at + header + 20 <= end)
        protocol = octets[at + 9]
        hosts = words[at + 12].astype(np.int64), words[at + 16].astype(np.int64)
        stop = np.where(total > 0, at + total, batch.begins[rows] + batch.original[rows])
        return _transport(batch, rows, at + header, stop, protocol, plain, hosts)

    def _ipv6(
        self, batch: Batch, octets: npt.NDArray[np.uint8], short: npt.NDArray[np.uint16], rows: Ints, at: Ints
    ) -> tuple[Segments, Ints]:
        end = batch.begins[rows] + batch.captured[rows]
        length = short[at + 4].astype(np.int64)
        plain = (octets[at] >> 4 == 6) & (at + 60 <= end)
        stop = np.where(length > 0, at + 40 + length, batch.begins[rows] + batch.original[rows])
        hosts = self._interned(octets, at + 8), self._interned(octets, at + 24)
        return _transport(batch, rows, at + 40, stop, octets[at + 6], plain, hosts)

    def _interned(self, octets: npt.NDArray[np.uint8], at: Ints) -> Ints:
        if not len(at):
            return np.zeros(0, dtype=np.int64)
        packed = np.ascontiguousarray(octets[at[:, None] + np.arange(16)]).view("V16").ravel()
        distinct, place = np.unique(packed, return_inverse=True)
        return np.array([self.number(bytes(each), 0) >> 16 for each in distinct], dtype=np.int64)[place]


def _numbers(found: Segment | Report) -> tuple[int, ...]:
    if not isinstance(found, Segment):
        return (0,) * 7
    sizes = 0, len(found.payload), found.missing
    return found.sequence, found.acknowledgement, found.flags, found.window, *sizes


def _network(batch: Batch, octets: npt.NDArray[np.uint8], short: npt.NDArray[np.uint16]) -> tuple[Ints, Ints]:
    """The EtherType of each packet and where its content begins; -1 where that is not known here."""
    kinds = np.full(len(batch.begins), -1, dtype=np.int64)
    at = batch.begins.copy()
    for link_type in np.unique(batch.link_types).tolist():
        rows = np.flatnonzero(batch.link_types == link_type)
        # What is shorter than any header may be the last of the buffer, behind which there is little room.
        begins = batch.begins[rows]
        if link_type in TYPE_AT:
            kinds[rows] = short[begins + TYPE_AT[link_type]]
            at[rows] = begins + PAYLOAD_AT[link_type]
        elif link_type in RAW_IP:
            kinds[rows] = _versions(octets[begins])
        elif link_type in LOOPBACKS:
            families = np.ndarray((len(batch.data) - 3,), "<u4", batch.data, 0, (1,))[begins]
            kinds[rows] = _families(np.minimum(families, families.byteswap()))
            at[rows] = begins + 4
    tagged = np.flatnonzero(np.isin(kinds, list(VLAN)))
    for _ in range(2):
        if len(tagged):
            kinds[tagged] = short[at[tagged] + 2]
            at[tagged] += 4
            tagged = tagged[np.isin(kinds[tagged], list(VLAN))]
    kinds[(kinds >= 0) & (kinds < NOT_TYPED)] = -1
    return kinds, at


def _versions(first: npt.NDArray[np.uint8]) -> Ints:
    version = first >> 4
    return np.where(version == 4, IPV4, np.where(version == 6, IPV6, -1)).astype(np.int64)


def _families(families: npt.NDArray[np.uint32]) -> Ints:
    kinds = np.full(len(families), -1, dtype=np.int64)
    for family, kind in LOOPBACK.items():
        kinds[families == family] = kind
    return kinds


def _transport(
    batch: Batch,
    rows: Ints,
    at: Ints,
    stop: Ints,
    protocol: npt.NDArray[np.uint8],
    plain: Flags,
    hosts: tuple[Ints, Ints],
) -> tuple[Segments, Ints]:
    """The TCP segments among IP packets, and the rows of those that surely hold none."""
    octets = np.frombuffer(batch.data, np.uint8)
    short = np.ndarray((len(batch.data) - 1,), ">u2", batch.data, 0, (1,))
    words = np.ndarray((len(batch.data) - 3,), ">u4", batch.data, 0, (1,))
    udp = np.flatnonzero(plain & (protocol == UDP))
    ports = short[at[udp]], short[at[udp] + 2]
    empty = rows[udp[~(np.isin(ports[0], WATCHED_PORTS) | np.isin(ports[1], WATCHED_PORTS))]]
    chosen = np.flatnonzero(plain & (protocol == TCP))
    at, stop, rows = at[chosen], stop[chosen], rows[chosen]
    length = stop - at
    header = (octets[at + 12] >> 4).astype(np.int64) * 4
    right = (header >= 20) & (header <= length)
    if not right.all():
        chosen, at, stop, rows, length, header = (each[right] for each in (chosen, at, stop, rows, length, header))
    available = batch.begins[rows] + batch.captured[rows] - at
    captured = np.maximum(np.minimum(length, available), header)
    segments = Segments(
        rows,
        hosts[0][chosen] << 16 | short[at],
        hosts[1][chosen] << 16 | short[at + 2],
        words[at + 4].astype(np.int64),
        words[at + 8].astype(np.int64),
        octets[at + 13].astype(np.int64),
        short[at + 14].astype(np.int64),
        at + header,
        np.maximum(np.minimum(captured, available) - header, 0),
        length - captured,
    )
    return segments, empty


def _joined(parts: list[Segments]) -> Segments:
    """The segments of both versions of IP in the order of the capture."""
    filled = [part for part in parts if len(part.row)]
    if len(filled) < 2:
        return filled[0] if filled else parts[0]
    order = np.argsort(np.concatenate([part.row for part in filled]), kind="stable")
    return Segments(*(np.concatenate(columns)[order] for columns in zip(*filled, strict=True)))

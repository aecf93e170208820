"""The sample captures taken apart into the records of their files, so that these can be hit on purpose."""

from __future__ import annotations

import functools
import gzip
import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from analyzer.wire.records import CLASSIC, Record, read_records
from tests.wire.packets import Captured, block, enhanced, interface, pcap, section

if TYPE_CHECKING:
    import random

FOLDER = Path(__file__).parents[2] / "sample_data"
MOST = 60
"""Packets of a mutant; of a longer capture the first third of them and a part from anywhere is taken."""
PCAP_HEADER, RECORD_HEADER = 24, 16
CONTAINERS = ("as it is", "big-endian", "nanoseconds", "modified", "pcapng", "big-endian pcapng", "Linux cooked", "raw")
KEY_LOG = 0x544C534B


class Sample(NamedTuple):
    """A file taken apart: what it begins with, and its records or blocks. `order` is its byte order."""

    name: str
    head: bytes
    records: list[bytes]
    order: str = "<"
    blocks: bool = False

    @property
    def packet_at(self) -> int:
        """How many bytes of a record stand before its packet."""
        modified = self.head[:4] in {b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34"}
        return 28 if self.blocks else RECORD_HEADER + 8 * modified

    def joined(self) -> bytes:
        """The file again."""
        return self.head + b"".join(self.records)


@functools.cache
def samples() -> tuple[Sample, ...]:
    """All sample captures, the smallest first."""
    paths = sorted(path for path in FOLDER.iterdir() if ".pcap" in path.name)
    return tuple(sorted(map(_sample, paths), key=lambda sample: len(sample.records)))


def _sample(path: Path) -> Sample:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return taken_apart(path.name, data)


def taken_apart(name: str, data: bytes) -> Sample:
    """A sound capture as its parts. The first block of a pcapng is its head."""
    blocks = data[:4] not in CLASSIC
    order = "<" if blocks and data[8:12] == b"\x4d\x3c\x2b\x1a" else ">" if blocks else CLASSIC[data[:4]][0]
    extra = RECORD_HEADER + 8 * (data[:4] in {b"\x34\xcd\xb2\xa1", b"\xa1\xb2\xcd\x34"})
    records, at = [], 0 if blocks else PCAP_HEADER
    while at < len(data):
        (length,) = struct.unpack_from(order + "I", data, at + (4 if blocks else 8))
        size = length if blocks else extra + length
        records.append(data[at : at + size])
        at += size
    head = records.pop(0) if blocks else data[:PCAP_HEADER]
    return Sample(name, head, records, order, blocks)


@functools.cache
def keys(name: str) -> Path | None:
    """The key log beside a sample."""
    path = FOLDER / f"{name.partition('.')[0]}.keys"
    return path if path.exists() else None


def chosen(rng: random.Random) -> Sample:
    """A sample, the smaller ones more often, cut to few packets and put into another container at times."""
    known = samples()
    (sample,) = rng.choices(known, [1 / len(each.records) for each in known])
    if len(sample.records) > MOST:
        begin = rng.randrange(MOST // 3, len(sample.records) - MOST * 2 // 3 + 1)
        sample = sample._replace(records=sample.records[: MOST // 3] + sample.records[begin : begin + MOST * 2 // 3])
    container = CONTAINERS[0] if rng.random() < 0.5 else rng.choice(CONTAINERS[1:])
    return contained(sample, container)


def contained(sample: Sample, container: str) -> Sample:
    """A sample in another container."""
    if container == CONTAINERS[0]:
        return sample
    found = list(read_records(io.BytesIO(sample.joined())))
    link_type = {"Linux cooked": 113, "raw": 101}.get(container, 1)
    packets = [
        Captured(each.ts, _framed(each.data, link_type), each.original_length)
        for each in found
        if isinstance(each, Record)
    ]
    order = ">" if "big-endian" in container else "<"
    if "pcapng" not in container:
        modified, nanoseconds = container == "modified", container == "nanoseconds"
        data = pcap(packets, link_type=link_type, order=order, nanoseconds=nanoseconds, modified=modified)
        return taken_apart(sample.name, data)
    secrets = b""
    if (log := keys(sample.name)) is not None:
        text = log.read_bytes()
        secrets = block(10, struct.pack(order + "II", KEY_LOG, len(text)) + text, order)
    data = section(order) + interface(order=order) + secrets
    return taken_apart(sample.name, data + b"".join(enhanced(packet, order=order) for packet in packets))


def _framed(data: bytes, link_type: int) -> bytes:
    """A packet of Ethernet with the header of another link type."""
    kind, content = data[12:14], data[14:]
    return {1: data, 113: bytes(14) + kind + content, 101: content}[link_type]

"""Makes mutants of captures: each function hits a file, or its records, in one way."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import zipfile
from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz.samples import Sample, chosen
from tests.sources.archives import COMPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_MUTATIONS = 4
BOUNDARIES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF)
TO_THE_TRANSPORT = 34
"""Bytes of Ethernet and IPv4 before the header of TCP."""
WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": lambda data: gzip.compress(data, 1, mtime=0),
    ".zst": COMPRESSIONS["zst"],
    ".xz": lambda data: lzma.compress(data, preset=0),
    ".bz2": bz2.compress,
    ".zip": lambda data: _zipped(data, zipfile.ZIP_DEFLATED),
    ".stored.zip": lambda data: _zipped(data, zipfile.ZIP_STORED),
}


class Mutant(NamedTuple):
    """A file to be read. `whole` are the samples of which it holds whole records, where no record itself was hit."""

    number: int
    name: str
    data: bytes
    samples: tuple[str, ...]
    whole: bool
    done: tuple[str, ...]


def mutant(number: int, seed: int) -> Mutant:
    """The mutant of a number, the same for the same seed."""
    rng = random.Random(f"{seed}:{number}")
    sample = chosen(rng)
    records, names = list(sample.records), [sample.name]
    done: list[str] = []
    among = rng.random() < 0.35
    hits: dict[str, Callable[[random.Random, Sample, list[bytes]], None]] = AMONG if among else {**AMONG, **WITHIN}
    for _ in range(rng.randint(1, MOST_MUTATIONS)):
        kind = rng.choice(sorted(hits))
        hits[kind](rng, sample, records)
        done.append(kind)
    if rng.random() < 0.1:
        other = chosen(rng)
        if (other.blocks, other.order, other.head[:4]) == (sample.blocks, sample.order, sample.head[:4]):
            at = rng.randrange(len(records) + 1)
            records[at:at] = other.records[rng.randrange(len(other.records)) :]
        else:
            records.append(other.joined())
        names.append(other.name)
        done.append("splice")
    data = bytearray(sample.head + b"".join(records))
    if not among and rng.random() < 0.5:
        kind = rng.choice(sorted(ANYWHERE))
        ANYWHERE[kind](rng, data)
        done.append(kind)
    elif rng.random() < 0.2:
        del data[rng.randrange(len(data)) :]
        done.append("truncate")
    return _wrapped(rng, Mutant(number, f"{number}.pcap", bytes(data), tuple(names), among, tuple(done)))


def _wrapped(rng: random.Random, made: Mutant) -> Mutant:
    """A mutant in an archive at times, which may be hit too."""
    if rng.random() >= 0.12:
        return made
    ending = rng.choice(sorted(WRAPPINGS))
    data = bytearray(WRAPPINGS[ending](made.data))
    done = (*made.done, ending)
    if rng.random() < 0.6:
        kind = rng.choice(sorted(ANYWHERE))
        ANYWHERE[kind](rng, data)
        return made._replace(name=made.name + ending, data=bytes(data), done=(*done, kind), whole=False)
    return made._replace(name=made.name + ending, data=bytes(data), done=done)


def _zipped(data: bytes, method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("a.pcap"), data)
        archive.writestr(zipfile.ZipInfo("notes.txt"), b"nothing\n" * 9)
    return stream.getvalue()


def _flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 3, 30))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _fill(rng: random.Random, data: bytearray) -> None:
    at, size = rng.randrange(len(data)), rng.choice((1, 2, 4, 16, 400))
    data[at : at + size] = rng.choice((b"\0", b"\xff", bytes([rng.randrange(256)]))) * size


def _boundary(rng: random.Random, data: bytearray) -> None:
    width = rng.choice("BHI")
    put(data, rng.randrange(len(data)), rng.choice("<>") + width, rng.choice(BOUNDARIES))


def _cut(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.choice((1, 3, 16, 200))]


def _insert(rng: random.Random, data: bytearray) -> None:
    at = rng.randrange(len(data))
    data[at:at] = rng.choice((rng.randbytes(rng.randrange(1, 300)), bytes(rng.randrange(1, 300)), data[:40]))


def _truncate(rng: random.Random, data: bytearray) -> None:
    del data[max(rng.randrange(len(data)), 4) :]


ANYWHERE: dict[str, Callable[[random.Random, bytearray], None]] = {
    "flip": _flip,
    "fill": _fill,
    "boundary": _boundary,
    "cut": _cut,
    "insert": _insert,
    "truncate": _truncate,
}
"""Ways to hit bytes wherever they stand."""


def _delete(rng: random.Random, _: Sample, records: list[bytes]) -> None:
    if records:
        at = rng.randrange(len(records))
        del records[at : at + rng.choice((1, 1, 2, 8))]


def _duplicate(rng: random.Random, _: Sample, records: list[bytes]) -> None:
    if records:
        at = rng.randrange(len(records))
        records[at:at] = records[at : at + rng.choice((1, 1, 2, 8))] * rng.choice((1, 1, 5))


def _swap(rng: random.Random, _: Sample, records: list[bytes]) -> None:
    if records:
        one, two = rng.randrange(len(records)), rng.randrange(len(records))
        records[one], records[two] = records[two], records[one]


def _move(rng: random.Random, _: Sample, records: list[bytes]) -> None:
    if records:
        at = rng.randrange(len(records))
        moved = records[at : at + 5]
        del records[at : at + 5]
        to = rng.randrange(len(records) + 1)
        records[to:to] = moved


AMONG: dict[str, Callable[[random.Random, Sample, list[bytes]], None]] = {
    "delete records": _delete,
    "duplicate records": _duplicate,
    "swap records": _swap,
    "move records": _move,
}
"""Ways to hit the order of records, none of which changes one."""


def put(data: bytearray, at: int, layout: str, value: int) -> None:
    """Write a number where there is room for it, cut to its width."""
    size = struct.calcsize(layout)
    if at + size <= len(data):
        struct.pack_into(layout, data, at, value & ((1 << 8 * size) - 1))


def _one(
    hit: Callable[[random.Random, Sample, bytearray], None],
) -> Callable[[random.Random, Sample, list[bytes]], None]:
    """A way to hit one record."""

    def hit_one(rng: random.Random, sample: Sample, records: list[bytes]) -> None:
        if records:
            at = rng.randrange(len(records))
            record = bytearray(records[at])
            if record:
                hit(rng, sample, record)
            records[at] = bytes(record)

    return hit_one


def _record_field(rng: random.Random, sample: Sample, record: bytearray) -> None:
    """A field of the record's header, or a length at the end of a block."""
    fields = range(0, sample.packet_at, 4)
    at = rng.choice([*fields, len(record) - 4] if sample.blocks else fields)
    if at < 0 or at + 4 > len(record):
        return
    (old,) = struct.unpack_from(sample.order + "I", record, at)
    near = rng.choice((old + 1, old - 1, old + 4, old - 4, old * 2, old // 2))
    put(record, at, sample.order + "I", rng.choice((near, rng.choice(BOUNDARIES), len(record))))


def _network_field(rng: random.Random, sample: Sample, record: bytearray) -> None:
    """A byte or two of the headers of the link, of IP and of TCP."""
    at = sample.packet_at + rng.randrange(74)
    put(record, at, rng.choice((">B", ">H", ">I")), rng.choice((*BOUNDARIES, rng.randrange(65_536))))


def _transport_field(rng: random.Random, sample: Sample, record: bytearray) -> None:
    """A field of TCP in a packet of Ethernet and IPv4: ports, numbers, offset, flags, window."""
    at, layout = rng.choice(((0, ">H"), (2, ">H"), (4, ">I"), (8, ">I"), (12, ">B"), (13, ">B"), (14, ">H")))
    place = sample.packet_at + TO_THE_TRANSPORT + at
    if place + struct.calcsize(layout) > len(record):
        return
    (old,) = struct.unpack_from(layout, record, place)
    put(record, place, layout, rng.choice((old + rng.randrange(-2000, 2000), rng.choice(BOUNDARIES))))


def _payload_begin(rng: random.Random, sample: Sample, record: bytearray) -> None:
    """The first bytes that TCP carries: the head of a frame, of a record of TLS or of HTTP."""
    at = sample.packet_at + TO_THE_TRANSPORT + rng.choice((20, 32)) + rng.choice((0, 0, 1, 1, 2, 3, 4, 5, 8))
    put(
        record, at, rng.choice((">B", ">H", ">I", ">Q")), rng.choice((*BOUNDARIES, 0x81FE, 0x827F, 0xC1FE, 0x1603_0301))
    )


def _payload(rng: random.Random, sample: Sample, record: bytearray) -> None:
    """Anything that TCP carries: text, deflated data, ciphertext, headers of HTTP."""
    begin = sample.packet_at + TO_THE_TRANSPORT + 20
    if begin < len(record):
        content = record[begin:]
        rng.choice((_flip, _fill, _cut, _insert, _boundary))(rng, content)
        record[begin:] = content


def _snap(rng: random.Random, sample: Sample, record: bytearray) -> None:
    """The packet is cut and its captured length with it, as a snap length does."""
    if sample.blocks:
        _record_field(rng, sample, record)
        return
    del record[rng.randrange(min(sample.packet_at, len(record)), len(record) + 1) :]
    put(record, 8, sample.order + "I", max(len(record) - sample.packet_at, 0))


def _type(rng: random.Random, sample: Sample, record: bytearray) -> None:
    """Another EtherType, protocol or family."""
    at, layout = rng.choice(((12, ">H"), (23, ">B"), (14, ">B")))
    kinds = (0x8100, 0x88A8, 0x86DD, 0x0800, 0x8864, 0x8847, 17, 1, 58, 47, 4, 41, 132, 44, 0, 0x6558, 0x60, 0x4F)
    put(record, sample.packet_at + at, layout, rng.choice(kinds))


WITHIN = {
    "record field": _one(_record_field),
    "network field": _one(_network_field),
    "transport field": _one(_transport_field),
    "payload begin": _one(_payload_begin),
    "payload": _one(_payload),
    "snap": _one(_snap),
    "type": _one(_type),
    "record flip": _one(lambda rng, _, record: _flip(rng, record)),
    "record insert": _one(lambda rng, _, record: _insert(rng, record)),
    "record cut": _one(lambda rng, _, record: _cut(rng, record)),
}
"""Ways to hit one record."""

"""The damage matrix: every kind of damage on every sample, and what must be read of it.

A message is *recoverable* from a damaged file when

- every byte of its frames, header and payload, is in packets that are in the file, unchanged (inside TLS: every byte of
  the records that hold it; in TLS 1.2 also the random of the ServerHello, which the keys are made of. A key log
  of one connection tells its secrets even where the ClientHello that would name them was not captured);
- if it is compressed with context takeover: inflating it needs nothing that was lost. Two inflaters tell: after a loss
  both go on with a window of unknown content, one filled with one byte, one with another. What both inflate to the same
  text refers to known bytes only.

Its time is that of the first packet in the file with its last byte. Nothing may be read that was not said, or twice;
where bits are flipped, only in place of a message that is not recoverable.
"""

from __future__ import annotations

import json
import random
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import analyzer as oa
from tests.wire import damage
from tests.wire.damage_rows import SAMPLES, WITH_SECRETS, Row
from tests.wire.told import TAIL, Sample, Told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pyarrow as pa

    from tests.wire.packets import Packet

RANDOM = slice(11, 43)
"""Where the random stands in the stream of who says hello first (RFC 5246, 7.4.1.3)."""
WINDOW = 1 << 15
MILLISECOND = 1000
CONCEALED = re.compile(r'"(idTag|parentIdTag|idToken)": "[^"]*"')
"""What the tables hold as a pseudonym."""
TYPES = {"call": 2, "result": 3, "error": 4, "result_error": 5, "send": 6}


@dataclass(frozen=True)
class Damaged:
    """One file of the matrix, and what can be read of it."""

    contents: bytes
    recoverable: Counter[Said]
    times: dict[Said, list[int]]
    """The times of each message in the file, of those whose last byte is in it."""
    spoilt: list[tuple[bool, int]]
    """Where bits are flipped: side and time of the messages that are not recoverable, and may be read otherwise."""
    said: Counter[Said]
    station_known: bool


class Said(NamedTuple):
    """A message as readers are compared by: the side that said it and its JSON."""

    from_station: bool
    text: str


class Found(NamedTuple):
    """A message that a reader found."""

    said: Said
    ts: int
    station: str


def said(from_station: bool, text: str) -> Said:
    try:
        text = json.dumps(json.loads(text))
    except ValueError:
        return Said(from_station, text)
    return Said(from_station, CONCEALED.sub(r'"\1": "~"', text))


def damaged(sample: Sample, row: Row, seed: int) -> Damaged:
    """Do the damage of a row to a sample."""
    packets = row.damage([*sample.packets], random.Random(seed))
    kept = row.kept(packets)
    contents = row.write(packets, sample.secrets)
    bytes_of = {side: Bytes(sample, kept, from_station=side) for side in (True, False)}
    times: dict[Said, list[int]] = {}
    for told in sample.messages:
        ts = bytes_of[told.from_station].time(told.end - 1)
        if ts is not None:
            times.setdefault(said(told.from_station, told.text), []).append(ts)
    recoverable = {each for side in bytes_of for each in _recoverable(sample, bytes_of, from_station=side)}
    spoilt = []
    if row.damage is damage.flipped:
        undamaged = {side: Bytes(sample, sample.packets, from_station=side) for side in bytes_of}
        spoilt = [
            (told.from_station, undamaged[told.from_station].time(told.end - 1) or 0)
            for told in sample.messages
            if told not in recoverable
        ]
    return Damaged(
        contents,
        Counter(said(told.from_station, told.text) for told in recoverable),
        times,
        spoilt,
        Counter(said(told.from_station, told.text) for told in sample.messages),
        bytes_of[True].has(0, sample.heads[True]),
    )


class Bytes:
    """Which bytes of one side are in the file, and since when."""

    def __init__(self, sample: Sample, kept: Iterable[Packet], *, from_station: bool) -> None:
        stream = sample.streams[from_station]
        self._times: list[int | None] = [None] * len(stream)
        for packet in kept:
            if packet.payload and (packet.source == sample.client) == from_station:
                begin = sample.position(packet)
                for at, byte in enumerate(packet.payload, begin):
                    if stream[at] == byte and self._times[at] is None:
                        self._times[at] = packet.ts

    def time(self, at: int) -> int | None:
        return self._times[at]

    def has(self, start: int, end: int) -> bool:
        return None not in self._times[start:end]


def _recoverable(sample: Sample, bytes_of: dict[bool, Bytes], *, from_station: bool) -> list[Told]:
    own = bytes_of[from_station]
    if b"CLIENT_RANDOM" in sample.secrets and not bytes_of[False].has(RANDOM.start, RANDOM.stop):
        return []
    found, inflaters = [], Inflaters()
    for told in sample.messages:
        if told.from_station != from_station:
            continue
        intact = own.has(told.start, told.end)
        if told.compressed is not None:
            if sample.forgets:
                inflaters = Inflaters()
            intact = inflaters.take(told.compressed, intact=intact)
        if intact:
            found.append(told)
    return found


class Inflaters:
    """Two inflaters with unknown bytes of different content after a loss: what they agree on is known."""

    def __init__(self) -> None:
        self._streams = [zlib.decompressobj(-15), zlib.decompressobj(-15)]

    def take(self, compressed: bytes, *, intact: bool) -> bool:
        """Whether the next message can be inflated to its text."""
        if not intact:
            self._streams = [zlib.decompressobj(-15, zdict=filler * WINDOW) for filler in (b"\x00", b"\x01")]
            return False
        first, second = (stream.decompress(compressed + TAIL) for stream in self._streams)
        return first == second


class Judged(NamedTuple):
    """How a reader did on one file."""

    recoverable: int
    missed: list[Said]
    beyond: int
    """Messages that were read right though they did not count as recoverable."""
    invented: list[Said]
    mistimed: list[Found]
    misnamed: list[Found]


def judge(sample: Sample, file: Damaged, found: list[Found]) -> Judged:
    """Compare what a reader found with what the file holds."""
    read = Counter(each.said for each in found)
    lost = list((file.recoverable - read).elements())
    excused = Counter(each.said for each in found if _spoilt(each, file))
    mistimed = [each for each in found if each.said in file.said and not (_in_time(each, file) or _spoilt(each, file))]
    return Judged(
        recoverable=file.recoverable.total(),
        missed=lost,
        beyond=(read & file.said).total() - (read & file.recoverable).total(),
        invented=list((read - file.said - excused).elements()),
        mistimed=mistimed,
        misnamed=[each for each in found if file.station_known and each.station != sample.station],
    )


def _in_time(each: Found, file: Damaged) -> bool:
    return any(abs(each.ts - ts) <= MILLISECOND for ts in file.times.get(each.said, [each.ts]))


def _spoilt(each: Found, file: Damaged) -> bool:
    """Whether it is what flipped bits made of a message."""
    return any(side == each.said.from_station and abs(each.ts - ts) <= MILLISECOND for side, ts in file.spoilt)


def found_in(messages: pa.Table) -> list[Found]:
    """The messages of the analyzer's table as they are compared."""
    rows = messages.to_pylist()
    return [Found(_text(row), round(row["ts"].timestamp() * 1e6), row["station"]) for row in rows]


def read_file(path: Path, name: str, row: str, folder: Path) -> pa.Table:
    """The messages that the analyzer reads of a file; the secrets of TLS are in a key log or in the capture itself."""
    options: dict[str, Any] = {}
    if SAMPLES[name].keys and row != WITH_SECRETS:
        options["keylog"] = folder / SAMPLES[name].keys
    return oa.read(path, **options).tables["messages"]


def _text(row: dict[str, str]) -> Said:
    kind, payload = TYPES.get(row["type"], 0), json.loads(row["payload"] or "null")
    head = {2: [row["action"]], 6: [row["action"]], 3: []}.get(kind, [row["error_code"], row["error_description"]])
    return said(row["direction"] == "up", json.dumps([kind, row["id"], *head, payload]))

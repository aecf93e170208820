"""The reading of whole batches agrees with the reading of packet by packet, and with Scapy's dissection, on everything."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.sources import packets
from analyzer.sources.opener import Opened
from analyzer.wire import batches
from tests.wire.packets import Deflater, Packet, capture, conversation
from tests.wire.plain import read_plainly

SAMPLES = sorted(path for path in (Path(__file__).parents[2] / "sample_data").iterdir() if ".pcap" in path.name)
CHUNKS = (100, 3000, 16 << 20)


def tables(data: bytes, *, dissector: str = "fast") -> dict[str, list[dict[str, Any]]]:
    """The rows of a capture's base tables."""
    made = packets.read(Opened(data[:64], io.BytesIO(data), []), "a.pcap", "1", dissector=dissector)
    return {name: table.to_pylist() for name, table in made.items()}


def assert_agreement(data: bytes, *others: str) -> None:
    """Assert that a capture gives the same tables however it is read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packets, "read_capture", read_plainly)
        expected = tables(data)
    for chunk in CHUNKS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(batches, "CHUNK", chunk)
            assert tables(data) == expected
    for dissector in others:
        assert tables(data, dissector=dissector) == expected


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_sample_gives_the_same_tables_however_it_is_read(path: Path) -> None:
    data = path.read_bytes()
    assert_agreement(gzip.decompress(data) if path.suffix == ".gz" else data, "scapy")


Damage = tuple[str, int]
SHAPES: list[dict[str, Any]] = [
    {"count": 30}, {"count": 30, "join": 3}, {"count": 12, "fragmented": True}, {"count": 12, "size": 50},
    {"count": 6, "size": 7}, {"count": 20, "deflater": Deflater},
]  # fmt: skip


def damaged(sent: list[Packet], damage: list[Damage]) -> list[Packet]:
    """Packets as a bad network or a bad capture leaves them."""
    left = list(sent)
    for kind, place in damage:
        at = place % max(len(left) - 1, 1)
        if kind == "lose" and len(left) > 1:
            del left[at]
        elif kind == "swap" and len(left) > 1:
            left[at : at + 2] = [left[at + 1]._replace(ts=left[at].ts), left[at]._replace(ts=left[at + 1].ts)]
        elif kind == "repeat":
            left.insert(at, left[at])
        elif kind == "repeat later":
            left.append(left[at]._replace(ts=left[-1].ts + 300_000))
        elif kind == "flip" and left[at].payload:
            payload = bytearray(left[at].payload)
            payload[place % len(payload)] ^= 1 << place % 8
            left[at] = left[at]._replace(payload=bytes(payload))
        elif kind == "join":
            left = left[min(place % 12, len(left) - 1) :]
    return left


@settings(max_examples=80, deadline=None)
@given(
    shapes=st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3),
    damage=st.lists(
        st.tuples(st.sampled_from(["lose", "swap", "repeat", "repeat later", "flip", "join"]), st.integers(0, 999)),
        max_size=8,
    ),
    cut=st.integers(0, 400),
)
def test_damaged_captures_give_the_same_tables_however_they_are_read(
    shapes: list[dict[str, Any]], damage: list[Damage], cut: int
) -> None:
    talks = [
        conversation(**shape, client=(f"10.0.0.{number}", 40_000 + number)).packets
        for number, shape in enumerate(shapes)
    ]
    together = damaged(sorted(packet for talk in talks for packet in talk), damage)
    data = capture(together)
    assert_agreement(data[: len(data) - cut if cut < 200 else len(data)])

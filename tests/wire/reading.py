"""Reads captures made in tests."""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING

from analyzer.wire.conversations import Connection, Item, Problem, Totals, WireMessage, read_capture
from tests.wire.packets import capture

if TYPE_CHECKING:
    from tests.wire.packets import Packet


def read(data: bytes, *, ports: frozenset[int] = frozenset(), dissector: str = "fast") -> list[Item]:
    return list(read_capture(io.BytesIO(data), ports=ports, dissector=dissector))


def read_packets(packets: list[Packet]) -> list[Item]:
    return read(capture(packets))


def texts(items: list[Item]) -> list[tuple[bool, str]]:
    return [(item.from_station, item.text) for item in items if isinstance(item, WireMessage)]


def problems(items: list[Item]) -> set[str]:
    return {item.kind for item in items if isinstance(item, Problem)}


def connections(items: list[Item]) -> list[Connection]:
    """Every connection as it was when it ended."""
    return list({item.number: item for item in items if isinstance(item, Connection)}.values())


def totals(items: list[Item]) -> Totals:
    last = items[-1]
    assert isinstance(last, Totals)
    return last


def invented(items: list[Item], said: list[tuple[bool, str]]) -> int:
    """How many messages were read that nobody said, or once too often."""
    return sum((Counter(texts(items)) - Counter(said)).values())

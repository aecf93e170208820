from __future__ import annotations

import time
from typing import TYPE_CHECKING

from analyzer.wire.tls import keylog, lane
from analyzer.wire.tls.keylog import KeyLog, Keys
from analyzer.wire.tls.session import Session
from tests.wire.tls.peers import Chunk, heard, plain, talked

if TYPE_CHECKING:
    import pytest

HOSTILE = b"\x17\3\3\0\x40" * 4000
"""Bytes in which a record may begin everywhere."""


def seconds_of(chunks: list[Chunk], secrets: bytes) -> float:
    start = time.process_time()
    followed = Session(Keys(KeyLog(secrets)))
    for chunk in chunks:
        list(followed.feed(chunk.data, 1, 1, from_client=chunk.from_client))
        list(followed.lose(100_000, 1, 1, from_client=chunk.from_client))
    return time.process_time() - start


def test_what_is_tried_on_one_direction_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "MAX_LANE_TRIES", 2000)
    for version in ("1.2", "1.3"):
        peers = talked(version)
        chunks = [*peers.chunks[:-2], *[Chunk(True, HOSTILE)] * 5]
        assert seconds_of(chunks, peers.secrets) < 3


def test_what_is_tried_on_all_connections_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    peers = talked("1.3")
    monkeypatch.setattr(keylog, "MAX_TRIES", 50)
    keys = Keys(KeyLog(peers.secrets))
    broken = [Chunk(side, data[:-1] + bytes([data[-1] ^ 1])) for side, data in peers.chunks[2:]]
    for _ in range(20):
        heard([*peers.chunks[:2], *broken], keys=keys)
    assert keys.tries <= 0
    assert plain(heard(peers.chunks, keys=keys)) == []
    assert plain(heard(peers.chunks, peers.secrets)) == peers.said

from __future__ import annotations

import random

from hypothesis import given, strategies as st

from analyzer.wire.tls.records import APPLICATION_DATA, HANDSHAKE, MAX_RECORD, MAX_SKIPPED, Record, RecordReader


def record(body: bytes, kind: int = APPLICATION_DATA) -> bytes:
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


def read(reader: RecordReader, *pieces: bytes | int) -> list[Record]:
    """The records of pieces, of which numbers are bytes that are missing."""
    found: list[Record] = []
    for number, piece in enumerate(pieces, 1):
        given_now = reader.lose(piece, number, number) if isinstance(piece, int) else reader.feed(piece, number, number)
        found += given_now
    return found


def random_bodies(count: int, seed: int = 1) -> list[bytes]:
    rng = random.Random(seed)
    return [rng.randbytes(rng.randint(20, 300)) for _ in range(count)]


@given(st.lists(st.integers(1, 400), max_size=30), st.booleans())
def test_cutting_anywhere_changes_nothing(cuts: list[int], keeping: bool) -> None:
    data = b"".join(record(body, kind) for body, kind in zip(random_bodies(9), [22, 23, 23] * 3, strict=True))
    pieces, at = [], 0
    for size in [*cuts, len(data)]:
        pieces.append(data[at : at + size])
        at += size
    found = read(RecordReader(keeping=keeping), *pieces)
    assert [each[:4] for each in found] == [
        (kind, 0x0303, len(body), body if keeping or kind == HANDSHAKE else None)
        for body, kind in zip(random_bodies(9), [22, 23, 23] * 3, strict=True)
    ]
    assert all(each.sure and not each.skipped for each in found)


def test_what_is_not_kept_is_not_held() -> None:
    reader = RecordReader(keeping=False)
    data = record(bytes(16_000))
    for at in range(0, len(data), 1000):
        read(reader, data[at : at + 1000])
        assert reader.held == 0


def test_a_loss_within_a_record_loses_this_record_alone() -> None:
    for keeping in (True, False):
        first, second = record(b"a" * 100), record(b"b" * 50)
        found = read(RecordReader(keeping=keeping), first[:30], 40, first[70:] + second)
        assert [(each.length, each.body is None, each.sure, each.skipped) for each in found] == [
            (100, True, True, 0),
            (50, not keeping, True, 0),
        ]
        found = read(RecordReader(keeping=keeping), first[:30], len(first) - 30, second)
        assert [(each.length, each.packet) for each in found] == [(100, 2), (50, 3)]


def test_behind_a_greater_loss_the_next_record_is_found_and_how_many_may_be_missing() -> None:
    bodies = random_bodies(6)
    parts = [record(body) for body in bodies]
    data = b"".join(parts)
    start, end = len(parts[0]) + 10, len(parts[0]) + len(parts[1]) + len(parts[2]) + 10
    (first, *rest) = read(RecordReader(keeping=True), data[:start], end - start, data[end:])
    assert first.body == bodies[0]
    assert [each.body for each in rest if each.body is not None] == bodies[4:]
    (found, *_) = [each for each in rest if each.body is not None]
    assert not found.sure
    assert 3 <= found.skipped <= MAX_SKIPPED


def test_a_record_that_is_refused_is_searched_for_another_within_it() -> None:
    inner = record(b"true one" * 4)
    outer = bytes([23, 3, 3]) + (len(inner) + 9).to_bytes(2, "big") + b"123456789" + inner
    reader, found = RecordReader(keeping=True), []
    read(reader, record(b"x" * 30), 1000)
    for each in reader.feed(outer, 3, 3):
        found.append(each)
        if len(found) == 1:
            reader.refuse(each)
    assert [each.body for each in found] == [b"123456789" + inner, b"true one" * 4]
    assert found[0].skipped == found[1].skipped > 0


def test_bytes_that_are_no_record_are_passed_over() -> None:
    reader = RecordReader(keeping=True)
    found = read(reader, record(b"one" * 9) + b"rubbish in between" + record(b"two" * 9) + record(b"three" * 9))
    assert [(each.body, each.sure) for each in found] == [(b"one" * 9, True), (b"two" * 9, False), (b"three" * 9, True)]


def test_a_record_too_long_is_none() -> None:
    assert (
        read(RecordReader(keeping=True), bytes([23, 3, 3]) + (MAX_RECORD + 1).to_bytes(2, "big") + bytes(20_000)) == []
    )


@given(st.lists(st.one_of(st.binary(max_size=80), st.integers(1, 10_000)), max_size=20), st.booleans(), st.booleans())
def test_any_bytes_and_losses_raise_nothing_and_little_is_held(
    pieces: list[bytes | int],
    keeping: bool,
    refusing: bool,
) -> None:
    reader = RecordReader(keeping=keeping)
    for piece in pieces:
        for each in reader.lose(piece, 1, 1) if isinstance(piece, int) else reader.feed(piece, 1, 1):
            if refusing and not each.sure:
                reader.refuse(each)
        assert reader.held <= MAX_RECORD + 5

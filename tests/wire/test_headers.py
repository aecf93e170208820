from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire import batches
from analyzer.wire.batches import Batch
from analyzer.wire.headers import Headers
from analyzer.wire.link import Segment, dissect
from tests.wire.packets import START
from tests.wire.test_link import DATAGRAMS, WRAPPED, record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.wire.records import Record

PACKETS = [record(data, link_type) for link_type, data, _ in WRAPPED.values()] + [
    record(data, link_type) for link_type, data, _, _ in DATAGRAMS.values()
]
LINK_TYPES = [0, 1, 12, 101, 108, 113, 127, 228, 229, 276]


def batch(records: Sequence[Record]) -> Batch:
    (made,) = batches.gather(each._replace(number=number) for number, each in enumerate(records, 1))
    assert isinstance(made, Batch)
    return made


def assert_same(records: Sequence[Record]) -> int:
    """Assert that the columns tell what each packet by itself does; how many were read as columns."""
    made, headers = batch(records), Headers()
    segments, others = headers.read(made)
    left = set(others.tolist())
    rows = {row: place for place, row in enumerate(segments.row.tolist())}
    assert len(rows) == len(segments.row)
    assert not left & set(rows)
    assert np.all(np.diff(segments.row) > 0)
    for row in set(range(len(records))) - left:
        plain = dissect(made.record(row))
        if row not in rows:
            assert plain is None
            continue
        (values,) = zip(*(column[[rows[row]]].tolist() for column in segments), strict=True)
        source, destination, sequence, acknowledgement, flags, window, begin, length, missing, ttl = values[1:]
        assert isinstance(plain, Segment)
        assert plain == Segment(
            row + 1, START, 0, *headers.endpoint(source), *headers.endpoint(destination), sequence, acknowledgement,
            flags, window, made.data[begin : begin + length], missing, ttl,
        )  # fmt: skip
    return len(records) - len(left)


def test_the_usual_encapsulations_are_read_as_columns() -> None:
    assert assert_same(PACKETS) > len(PACKETS) // 2


def test_each_packet_is_read_the_same_wherever_in_a_batch_it_stands() -> None:
    for place in range(len(PACKETS)):
        assert_same(PACKETS[place:])
        assert_same(PACKETS[:place][::-1] or PACKETS)


@pytest.mark.parametrize("name", WRAPPED)
def test_a_packet_cut_anywhere_is_read_the_same(name: str) -> None:
    link_type, data, _ = WRAPPED[name]
    assert_same([record(data[:size], link_type, len(data)) for size in range(len(data))])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(PACKETS),
            st.sampled_from([None, None, *LINK_TYPES]),
            st.lists(
                st.tuples(st.integers(0, 79), st.sampled_from([0, 1, 4, 5, 6, 0x45, 0x4F, 0x60, 0x81, 255])), max_size=4
            ),
            st.integers(0, 30),
            st.integers(-30, 30),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_packet_of_any_bytes_and_link_type_is_read_the_same(
    changed: list[tuple[Record, int | None, list[tuple[int, int]], int, int]],
) -> None:
    records = []
    for packet, link_type, hits, cut, more in changed:
        data = bytearray(packet.data)
        for at, value in hits:
            data[at % len(data)] = value
        data = data[: len(data) - cut] if cut < 15 else data
        chosen = packet.link_type if link_type is None else link_type
        records.append(record(bytes(data), chosen, max(len(data) + more, 0)))
    assert_same(records)

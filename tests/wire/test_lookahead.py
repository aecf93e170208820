from __future__ import annotations

import io
import re
import struct

from hypothesis import given, strategies as st

from analyzer.wire.lookahead import CHUNK, Lookahead, take


class Pipe(io.BytesIO):
    """Gives its bytes in pieces."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 1, 7))


@given(
    st.binary(max_size=60), st.integers(0, 60), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=9)
)
def test_what_is_looked_at_stays_until_it_is_skipped(data: bytes, known: int, steps: list[tuple[int, int]]) -> None:
    ahead, at = Lookahead(Pipe(data[known:]), data[:known]), 0
    for skip, look in steps:
        assert ahead.ahead(look) == data[at : at + look]
        assert ahead.fill(look) >= min(look, len(data) - at)
        assert ahead.skip(skip) == min(skip, len(data) - at)
        at = min(at + skip, len(data))
    assert ahead.ahead(99) == data[at:]


def test_values_are_read_where_they_are_whole() -> None:
    ahead, layout = Lookahead(io.BytesIO(b"\1\0\2\0\3")), struct.Struct("<H")
    assert (ahead.unpack(layout), ahead.unpack(layout, 2), ahead.unpack(layout, 4)) == ((1,), (2,), None)


def test_a_pattern_is_found_by_its_offset() -> None:
    ahead = Lookahead(io.BytesIO(b"..a..a"))
    ahead.skip(1)
    ahead.fill(5)
    assert [ahead.search(re.compile(b"a"), start, end) for start, end in ((0, 5), (2, 5), (2, 4))] == [1, 4, None]


def test_no_more_is_held_than_twice_what_is_looked_at() -> None:
    ahead = Lookahead(io.BytesIO(bytes(20 * CHUNK)))
    for _ in range(60):
        assert ahead.fill(3 * CHUNK) <= 6 * CHUNK
        ahead.skip(CHUNK // 4)


def test_a_pipe_is_taken_from_until_there_is_enough() -> None:
    pipe = Pipe(b"0123456789abcdef")
    assert [take(pipe, size) for size in (10, 3, 9, 1)] == [b"0123456789", b"abc", b"def", b""]

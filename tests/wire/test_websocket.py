from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.websocket import MAX_FRAME, plausible, read_header, unmask


@given(st.binary(max_size=50), st.binary(min_size=4, max_size=4))
def test_masking_twice_is_nothing(data: bytes, mask: bytes) -> None:
    assert unmask(unmask(data, mask), mask) == data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x81\x05", True),
        (b"\x81\x7f" + MAX_FRAME.to_bytes(8), True),
        (b"\x81\x7f" + (MAX_FRAME + 1).to_bytes(8), False),
        (b"\x81\x7e\0\x7d", False),
        (b"\x81\x7f" + (65_535).to_bytes(8), False),
        (b"\x83\x05", False),
        (b"\x91\x05", False),
        (b"\x40\x05", False),
        (b"\xc1\x05", True),
        (b"\x89\x7d", True),
        (b"\x89\x7e\0\x7e", False),
        (b"\x09\x05", False),
        (b"\xc9\x05", False),
        (b"\x88\x00", True),
        (b"\x88\x01\x03", False),
        (b"\x88\x01\x03\xe8", False),
        (b"\x88\x02\x03\xe8", True),
        (b"\x88\x02\x00\x01", False),
    ],
)
def test_a_header_is_plausible_where_the_standard_allows_it(data: bytes, *, expected: bool) -> None:
    header = read_header(data)
    assert header is not None
    assert plausible(header, data) == expected

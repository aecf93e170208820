from __future__ import annotations

import io

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.pcapng_writer import MAX_COMMENT, MAX_COMMENTS, Writer
from analyzer.wire.problems import COMMENT, Problem
from analyzer.wire.records import Record, Secrets, read_records

RECORDS = st.builds(
    lambda ts, link_type, data, cut, interface: Record(1, ts, link_type, data, len(data) + cut, interface),
    st.integers(0, 4_102_444_800_000_000),
    st.sampled_from([0, 1, 101, 113, 276]),
    st.binary(max_size=90),
    st.integers(0, 9),
    st.integers(0, 2),
)


def written(records: list[Record], comments: tuple[str, ...] = (), secrets: bytes = b"") -> bytes:
    stream = io.BytesIO()
    writer = Writer(stream, "a test")
    if secrets:
        writer.secrets(secrets)
    for record in records:
        writer.packet(record, comments)
    return stream.getvalue()


@given(st.lists(RECORDS, max_size=6))
def test_what_is_written_reads_back_with_its_bytes_times_and_link_types(records: list[Record]) -> None:
    again = [each for each in read_records(io.BytesIO(written(records))) if isinstance(each, Record)]
    assert [each.number for each in again] == list(range(1, len(records) + 1))
    told = [(each.ts, each.link_type, each.data, each.original_length) for each in records]
    assert [(each.ts, each.link_type, each.data, each.original_length) for each in again] == told


def test_packets_of_several_interfaces_stay_apart() -> None:
    records = [
        Record(1, 0, link_type, b"", 0, interface) for interface, link_type in ((0, 1), (1, 1), (0, 1), (0, 113))
    ]
    again = [each for each in read_records(io.BytesIO(written(records))) if isinstance(each, Record)]
    assert [each.interface for each in again] == [0, 1, 0, 2]


def comments(file: bytes) -> list[str]:
    return [
        each.detail for each in read_records(io.BytesIO(file)) if isinstance(each, Problem) and each.kind == COMMENT
    ]


def test_the_comments_of_a_packet_read_back() -> None:
    file = written([Record(1, 0, 1, b"abc", 3, 0)], ("charger: Heartbeat", "grüße 🔌"))
    assert comments(file) == ["charger: Heartbeat", "grüße 🔌"]


def test_a_comment_is_cut_between_two_characters_and_so_are_many_comments() -> None:
    file = written([Record(1, 0, 1, b"", 0, 0)], ("ü" * MAX_COMMENT,) * (MAX_COMMENTS + 1))
    assert len(comments(file)) == MAX_COMMENTS
    assert b"\xc3" * 2 not in file
    assert file.count("ü".encode()) == MAX_COMMENTS * MAX_COMMENT // 2


@pytest.mark.parametrize("size", range(4))
def test_secrets_read_back(size: int) -> None:
    keys = b"CLIENT_RANDOM 00 11" + bytes(size)
    (found,) = [each for each in read_records(io.BytesIO(written([], secrets=keys))) if isinstance(each, Secrets)]
    assert found.data == keys


def test_the_file_names_the_program_that_wrote_it() -> None:
    assert b"a test" in written([])

from __future__ import annotations

import gzip
import io
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.sources import inflating, opener
from analyzer.sources.opener import HEAD, MAX_LAYERS, Input, opened
from tests.sources.archives import COMPRESSIONS

if TYPE_CHECKING:
    from pathlib import Path

TEXT = b"".join(b"line %d of a log\n" % number for number in range(20_000))
ZSTD_BLOCK = 128 << 10
MAGICS = {"gz": b"\x1f\x8b", "zst": b"\x28\xb5\x2f\xfd", "xz": b"\xfd7zXZ\0", "bz2": b"BZh9"}


def content(path: Path) -> tuple[bytes, list[str]]:
    with opened(str(path)) as source:
        return source.stream.read(), source.fault


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "a.log"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_what_is_compressed_is_known_by_its_first_bytes(kind: str, tmp_path: Path) -> None:
    assert content(written(tmp_path, COMPRESSIONS[kind](TEXT))) == (TEXT, [])


@pytest.mark.parametrize("kind", COMPRESSIONS)
@pytest.mark.parametrize("padding", [b"", bytes(4), bytes(512)])
def test_streams_one_behind_the_other_and_zeros_between_them_are_read(
    kind: str, padding: bytes, tmp_path: Path
) -> None:
    compress = COMPRESSIONS[kind]
    data = compress(TEXT) + padding + compress(b"more\n") + compress(b"") + compress(b"end\n") + padding
    assert content(written(tmp_path, data)) == (TEXT + b"more\nend\n", [])


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_what_stands_behind_the_end_and_is_no_stream_is_told(kind: str, tmp_path: Path) -> None:
    data, fault = content(written(tmp_path, COMPRESSIONS[kind](TEXT) + b"rubbish, rubbish"))
    assert data == TEXT
    assert len(fault) == 1


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_a_stream_cut_anywhere_gives_what_is_sound_and_one_fault(kind: str, tmp_path: Path) -> None:
    packed = COMPRESSIONS[kind](TEXT)
    longest = 0
    for at in (*range(6, 40), *range(40, len(packed), len(packed) // 40), len(packed) - 1):
        data, fault = content(written(tmp_path, packed[:at]))
        assert TEXT.startswith(data)
        assert len(fault) == 1
        longest = max(longest, len(data))
    # A zstd gives the bytes of a block when all of it is there.
    assert longest > len(TEXT) - (ZSTD_BLOCK if kind == "zst" else inflating.PIECE)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(MAGICS)), st.binary(max_size=100))
def test_any_bytes_behind_a_magic_number_give_a_fault_at_most(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: bytes
) -> None:
    read, fault = content(written(tmp_path_factory.mktemp("inflating"), MAGICS[kind] + data))
    assert fault or isinstance(read, bytes)


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_a_bit_that_was_flipped_is_told_once(kind: str, tmp_path: Path) -> None:
    packed = bytearray(COMPRESSIONS[kind](TEXT))
    packed[len(packed) // 2] ^= 0x10
    assert len(content(written(tmp_path, bytes(packed)))[1]) == 1


def test_a_zstd_may_begin_with_a_frame_that_is_to_be_skipped(tmp_path: Path) -> None:
    skipped = b"\x55\x2a\x4d\x18" + struct.pack("<I", 5) + b"hello"
    data = skipped + COMPRESSIONS["zst"](TEXT) + skipped + COMPRESSIONS["zst"](b"end")
    assert content(written(tmp_path, data)) == (TEXT + b"end", [])


def test_compressions_within_one_another_have_a_limit(tmp_path: Path) -> None:
    data = TEXT
    for _ in range(MAX_LAYERS):
        data = COMPRESSIONS["zst"](data)
    assert content(written(tmp_path, data)) == (TEXT, [])
    _, fault = content(written(tmp_path, COMPRESSIONS["gz"](data)))
    assert fault == [f"it is compressed more than {MAX_LAYERS} times"]


@pytest.mark.parametrize("kind", ["gz", "zst", "xz"])
def test_a_bomb_is_read_up_to_its_ratio(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "FREE", 1 << 20)
    monkeypatch.setattr(inflating, "MAX_RATIO", 100)
    bomb = COMPRESSIONS[kind](bytes(40 << 20))
    data, fault = content(written(tmp_path, bomb))
    assert len(data) <= max(1 << 20, 100 * len(bomb)) + opener.PIECE
    assert fault == ["it becomes more than 100 times its size; the rest is not read"]


def test_bombs_within_one_another_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "FREE", 1 << 20)
    bomb = gzip.compress(gzip.compress(bytes(60 << 20)))
    data, fault = content(written(tmp_path, bomb))
    assert len(data) < len(bomb) * inflating.MAX_RATIO + (2 << 20) < 60 << 20
    assert len(fault) == 1


def test_what_comes_of_an_input_has_a_limit_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "MAX_INFLATED", 100_000)
    data, fault = content(written(tmp_path, gzip.compress(TEXT)))
    assert TEXT.startswith(data)
    assert len(data) < 100_000 + opener.PIECE
    assert len(fault) == 1


def test_an_xz_that_wants_too_much_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "MAX_MEMORY", 1 << 20)
    data, fault = content(written(tmp_path, COMPRESSIONS["xz"](TEXT)))
    assert (data, len(fault)) == (b"", 1)


def test_a_plain_file_may_be_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "MAX_INFLATED", 10)
    monkeypatch.setattr(inflating, "FREE", 10)
    assert content(written(tmp_path, TEXT)) == (TEXT, [])
    assert Input("a.log").budget.inflated == 0


def test_standard_input_is_inflated_too(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO(COMPRESSIONS["zst"](TEXT))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(packed)))
    with opened("-") as source:
        assert source.head == TEXT[:HEAD]
        assert source.stream.read() == TEXT

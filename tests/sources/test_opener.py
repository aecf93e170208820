from __future__ import annotations

import gzip
import io
import os
import socket
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.sources.opener import HEAD, InputError, opened, size

TEXT = b"".join(b"line %d of a log\n" % number for number in range(20_000))


def content(path: Path | str) -> tuple[bytes, bytes, list[str]]:
    """The head of an input, all of it, and why it could not be read to its end."""
    with opened(str(path)) as source:
        return source.head, source.stream.read(), source.fault


def test_a_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(TEXT)
    assert content(path) == (TEXT[:HEAD], TEXT, [])
    assert size(str(path)) == len(TEXT)


def test_a_gzip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(gzip.compress(TEXT) + gzip.compress(b"more\n"))
    assert content(path) == (TEXT[:HEAD], TEXT + b"more\n", [])


@pytest.mark.parametrize("data", [b"", b"\x1f", b"a", b"\x1f\x8c", b"\r\n\r\n"])
def test_the_shortest_files_are_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(data)
    assert content(path) == (data, data, [])


def test_a_gzip_that_is_cut_off_gives_what_is_sound(tmp_path: Path) -> None:
    path, packed = tmp_path / "a.log.gz", gzip.compress(TEXT)
    for at in (11, len(packed) // 3, len(packed) // 2, len(packed) - 9, len(packed) - 1):
        path.write_bytes(packed[:at])
        _, data, fault = content(path)
        assert TEXT.startswith(data)
        assert len(data) >= len(TEXT) * (at - 64) // len(packed) * 9 // 10 or at < 1000
        assert len(fault) == 1


def test_a_small_gzip_that_is_cut_off_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(b"one line\nand another\n")[:-8])
    assert content(path)[1:] == (
        b"one line\nand another\n",
        ["Compressed file ended before the end-of-stream marker was reached"],
    )


def test_a_gzip_that_is_damaged_is_told_once(tmp_path: Path) -> None:
    path, packed = tmp_path / "a.log.gz", bytearray(gzip.compress(TEXT))
    packed[len(packed) // 2] ^= 0xFF
    path.write_bytes(packed)
    _, data, fault = content(path)
    assert TEXT.startswith(data[: HEAD // 2])
    assert len(fault) == 1


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_what_begins_like_a_gzip_never_raises(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("opener") / "a.gz"
    path.write_bytes(b"\x1f\x8b" + data)
    _, read, fault = content(path)
    assert fault or isinstance(read, bytes)


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(TEXT,))
    writer.start()
    found = content(path)
    writer.join()
    assert found == (TEXT[:HEAD], TEXT, [])
    assert size(str(path)) == 0


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(TEXT))))
    assert content("-") == (TEXT[:HEAD], TEXT, [])
    assert size("-") == 0


def test_what_is_no_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "a\nb").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for path in (tmp_path, tmp_path / "a\nb", tmp_path / "missing\n.log", tmp_path / "socket", "a\0b", "x" * 5000):
            with pytest.raises(InputError) as error:
                content(path)
            assert len(str(error.value).splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(TEXT)
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        content(path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no such file here")
def test_a_file_that_cannot_be_read_is_told() -> None:
    head, data, fault = content("/proc/self/mem")
    assert (head, data, len(fault)) == (b"", b"", 1)


def test_progress_is_told_to_the_last_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(os.urandom(500_000)))
    told: list[int] = []
    with opened(str(path), told.append) as source:
        source.stream.read()
    assert told == sorted(told)
    assert told[-1] == path.stat().st_size

"""Opens an input whatever it is: a file, a pipe, standard input, plain or gzip."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import stat
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = 64 * 1024
PIECE = 64 * 1024
"""Bytes that are read at once: progress is told in such steps."""
GZIP_MAGIC = b"\x1f\x8b"
Buffered = io.BufferedReader | gzip.GzipFile
READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a damaged gzip or a failing disk raises; the reader above turns it into an issue."""


class InputError(Exception):
    """An input that cannot be opened; its text is one line."""


class Opened(NamedTuple):
    """An open input: its first bytes, and the stream from its beginning. `fault` is set where it could not be read."""

    head: bytes
    stream: BinaryIO
    fault: list[str]


class _Watched(io.RawIOBase):
    """A stream with its head put back, that reports progress and ends where reading fails, noting why."""

    def __init__(self, head: bytes, rest: Buffered, progress: Callable[[], None], fault: list[str]) -> None:
        self._head, self._rest, self._progress, self._fault = head, rest, progress, fault

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data, self._head = self._head[: len(view)], self._head[len(view) :]
        if not data:
            data = _read_up_to(self._rest, min(len(view), PIECE), self._fault)
        view[: len(data)] = data
        self._progress()
        return len(data)


@contextlib.contextmanager
def opened(path: str, progress: Callable[[int], None] | None = None) -> Iterator[Opened]:
    """Open an input, `-` being standard input; `progress` is told how many bytes of the file were read."""
    with contextlib.ExitStack() as stack:
        raw = _raw(path, stack)
        fault: list[str] = []
        start = _read_up_to(raw, len(GZIP_MAGIC), fault)
        plain: Buffered = io.BufferedReader(_Watched(start, raw, lambda: None, fault), HEAD)
        if start == GZIP_MAGIC:
            plain = stack.enter_context(gzip.GzipFile(fileobj=plain))
        head = _read_up_to(plain, HEAD, fault)
        tell = _teller(raw, progress)
        yield Opened(head, io.BufferedReader(_Watched(head, plain, tell, fault), 1 << 20), fault)


def _raw(path: str, stack: contextlib.ExitStack) -> io.BufferedReader:
    if path == "-":
        return cast("io.BufferedReader", sys.stdin.buffer)
    shown = path if path.isprintable() else repr(path)
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{shown} is a directory; name the files in it")
        if stat.S_ISSOCK(mode) or stat.S_ISBLK(mode):
            raise InputError(f"{shown} is neither a file nor a pipe")
        return stack.enter_context(Path(path).open("rb"))
    except OSError as error:
        raise InputError(f"{shown}: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{shown}: {error}") from None


def _read_up_to(stream: Buffered, size: int, fault: list[str]) -> bytes:
    """Read until `size` bytes are there, the stream ends or reading fails; what came before is kept.

    A pipe gives its bytes in pieces, and so does a damaged gzip the last ones that are sound.
    """
    parts, missing = [], size
    try:
        while missing and not fault and (part := stream.read1(missing)):
            parts.append(part)
            missing -= len(part)
    except READ_ERRORS as error:
        fault.append(f"{error}" or type(error).__name__)
    return b"".join(parts)


def _teller(raw: io.BufferedReader, progress: Callable[[int], None] | None) -> Callable[[], None]:
    if progress is None or not raw.seekable():
        return lambda: None

    def tell() -> None:
        with contextlib.suppress(OSError, ValueError):
            progress(raw.tell())

    return tell


def size(path: str) -> int:
    """The size of an input in bytes; 0 where it has none."""
    with contextlib.suppress(OSError, ValueError):
        status = os.stat(path)  # noqa: PTH116 - a path may be `-`
        return status.st_size if stat.S_ISREG(status.st_mode) else 0
    return 0

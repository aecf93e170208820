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
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = 64 * 1024
GZIP_MAGIC = b"\x1f\x8b"
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

    def __init__(self, head: bytes, rest: BinaryIO, progress: Callable[[], None], fault: list[str]) -> None:
        self._head, self._rest, self._progress, self._fault = head, rest, progress, fault

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data, self._head = self._head[: len(view)], self._head[len(view) :]
        if not data:
            try:
                data = self._rest.read(len(view))
            except READ_ERRORS as error:
                self._fault.append(f"{error}" or type(error).__name__)
        view[: len(data)] = data
        self._progress()
        return len(data)


@contextlib.contextmanager
def opened(path: str, progress: Callable[[int], None] | None = None) -> Iterator[Opened]:
    """Open an input, `-` being standard input; `progress` is told how many bytes of the file were read."""
    with contextlib.ExitStack() as stack:
        raw = _raw(path, stack)
        start = _read_up_to(raw, 2)
        plain: BinaryIO = io.BufferedReader(_Watched(start, raw, lambda: None, []), HEAD)
        if start == GZIP_MAGIC:
            plain = stack.enter_context(gzip.GzipFile(fileobj=plain))  # type: ignore[arg-type]
        fault: list[str] = []
        try:
            head = _read_up_to(plain, HEAD)
        except READ_ERRORS as error:
            head = b""
            fault.append(f"{error}" or type(error).__name__)
        tell = _teller(raw, progress)
        yield Opened(head, io.BufferedReader(_Watched(head, plain, tell, fault), 1 << 20), fault)


def _raw(path: str, stack: contextlib.ExitStack) -> BinaryIO:
    if path == "-":
        return sys.stdin.buffer
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise InputError(f"{path} is a directory; name the files in it")
        if stat.S_ISSOCK(mode) or stat.S_ISBLK(mode):
            raise InputError(f"{path} is neither a file nor a pipe")
        return stack.enter_context(Path(path).open("rb"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{path!r}: {error}") from None


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    """Read until `size` bytes are there or the stream ends: a pipe gives them in pieces."""
    parts, missing = [], size
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _teller(raw: BinaryIO, progress: Callable[[int], None] | None) -> Callable[[], None]:
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

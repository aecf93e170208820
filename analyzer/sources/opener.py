"""Opens an input whatever it is: a file, a pipe, standard input or a member of a zip, plain or compressed."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from analyzer.sources import zips
from analyzer.sources.inflating import MAGIC, Budget, Pieces, buffered, inflated

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator

HEAD = 64 * 1024
PIECE = 1 << 20
"""Bytes that are read at once: progress is told in such steps."""
MAX_LAYERS = 4
"""Compressions within one another that are undone."""
READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a damaged archive or a failing disk raises; the reader above turns it into an issue."""


class InputError(Exception):
    """An input that cannot be opened; its text is one line."""


@dataclass(frozen=True)
class Input:
    """Something to be read: a path, `-` for standard input, or a member of a zip archive.

    `archive` is where that stands: at a path, or in a file without a name if it came from a pipe or another archive.
    `depth` is how many archives it is in, `budget` what may be inflated of the path in all.
    """

    name: str
    archive: str | BinaryIO | None = None
    member: zips.Member | None = None
    depth: int = 0
    budget: Budget = field(default_factory=Budget)

    @property
    def lasting(self) -> bool:
        """Whether it can be opened again: a pipe gives its bytes once."""
        place = self.name if self.archive is None else self.archive
        return not isinstance(place, str) or _is_file(place)


class Opened(NamedTuple):
    """An open input: its first bytes, and the stream from its beginning. `fault` is set where it could not be read."""

    head: bytes
    stream: BinaryIO
    fault: list[str]


class _Watched(Pieces):
    """A stream with its head put back, that tells what is read and ends where reading fails, noting why."""

    def __init__(self, head: bytes, rest: io.BufferedReader, told: Callable[[int], None], fault: list[str]) -> None:
        self._head, self._rest, self._told, self._fault = head, rest, told, fault

    def more(self, size: int) -> bytes:
        data, self._head = self._head[:size], self._head[size:]
        return data or _read_up_to(self._rest, min(size, PIECE), self._fault, self._told)


@contextlib.contextmanager
def opened(source: Input | str, progress: Callable[[int], None] | None = None) -> Iterator[Opened]:
    """Open an input; a plain path is one. `progress` is told how many bytes of the file were read."""
    source = Input(source) if isinstance(source, str) else source
    with contextlib.ExitStack() as stack:
        fault: list[str] = []
        stream, told = _content(source, open_file(source, stack), _teller(source, progress), fault)
        for layer in range(MAX_LAYERS + 1):
            start = _read_up_to(stream, MAGIC, fault, told)
            stream, told = buffered(_Watched(start, stream, told, fault), HEAD), _silent
            inner = inflated(start, stream)
            if inner is None:
                break
            if layer == MAX_LAYERS:
                fault.append(f"it is compressed more than {MAX_LAYERS} times")
                break
            stream, told = stack.enter_context(inner), source.budget.inflate
        head = _read_up_to(stream, HEAD, fault, told)
        yield Opened(head, buffered(_Watched(head, stream, told, fault), 1 << 20), fault)


def _content(
    source: Input, file: BinaryIO, tell: Callable[[BinaryIO], None], fault: list[str]
) -> tuple[io.BufferedReader, Callable[[int], None]]:
    """The bytes of an input, and what is to be told of those that are read."""
    budget = source.budget

    def read(size: int) -> None:
        budget.read += size
        tell(file)

    def inflate(size: int) -> None:
        budget.inflate(size)
        tell(file)

    if source.member is None:
        return cast("io.BufferedReader", file), read
    if isinstance(source.archive, str):  # else it was inflated, and is counted as such
        budget.read += os.fstat(file.fileno()).st_size if source.member.size is None else source.member.size
    try:
        return zips.content(file, source.member), inflate
    except READ_ERRORS as error:
        fault.append(f"{error}")
        return buffered(_Nothing()), inflate


class _Nothing(Pieces):
    """A stream without bytes."""

    def more(self, size: int) -> bytes:  # noqa: ARG002 - nothing comes whatever is asked for
        return b""


def _silent(_: int) -> None:
    """Tell nothing: it was told below."""


def open_file(source: Input, stack: contextlib.ExitStack) -> BinaryIO:
    """The open file that an input is, or is in.

    Raises:
        InputError: It cannot be opened.
    """
    path = source.name if source.archive is None else source.archive
    if not isinstance(path, str):
        return path
    if path == "-":
        return cast("BinaryIO", sys.stdin.buffer)
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


def _read_up_to(stream: io.BufferedReader, size: int, fault: list[str], told: Callable[[int], None]) -> bytes:
    """Read until `size` bytes are there, the stream ends or reading fails; what came before is kept.

    A pipe gives its bytes in pieces, and so does a damaged archive the last ones that are sound.
    """
    parts, missing = [], size
    try:
        while missing and not fault and (part := stream.read1(missing)):
            parts.append(part)
            missing -= len(part)
            told(len(part))
    except READ_ERRORS as error:
        fault.append(f"{error}" or type(error).__name__)
    return b"".join(parts)


def _teller(source: Input, progress: Callable[[int], None] | None) -> Callable[[BinaryIO], None]:
    """What tells how far a file was read, where that can be told."""

    def tell(file: BinaryIO) -> None:
        with contextlib.suppress(OSError, ValueError):
            if progress is not None and file.seekable() and isinstance(source.archive, str | None):
                progress(file.tell())

    return tell


def _is_file(path: str) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return path != "-" and stat.S_ISREG(Path(path).stat().st_mode)
    return False


def size(source: Input | str) -> int:
    """The size of an input in bytes, of a member of an archive as it is in there; 0 where it has none."""
    if isinstance(source, Input) and source.member is not None:
        return source.member.size or 0
    path = source if isinstance(source, str) else source.name
    with contextlib.suppress(OSError, ValueError):
        return Path(path).stat().st_size if _is_file(path) else 0
    return 0

"""Reads several inputs: archives are opened, captures of one set are read as one, copies are left out."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

from analyzer.kernels.columns import same
from analyzer.sources import reading
from analyzer.sources.contents import contents, unpacked
from analyzer.sources.opener import Input, InputError, opened
from analyzer.sources.rotated import Chain, Chains, Start, copies, start
from analyzer.sources.twice import repetition
from analyzer.sources.zips import is_zip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa

    from analyzer.sources.opener import Opened
    from analyzer.sources.reading import Options, Taken

Tables = dict[str, "pa.Table"]


def read(
    paths: Iterable[str], *, options: Options = reading.DEFAULT, progress: Callable[[int], None] | None = None
) -> Iterator[Tables]:
    """The base tables of all that stands at some paths; those of a set of captures are together.

    Raises:
        SourceError: An input cannot be opened, or a format does not exist.
    """
    reading.named(options.format)
    reader = _Reader(options, progress)
    try:
        found = [contents(path) for path in paths]
        for path, each in zip(paths, found, strict=True):
            if each.faults:
                yield reading.unreadable(path, each.faults)
        yield from reader.read([source for each in found for source in each.inputs])
    except InputError as error:
        raise reading.SourceError(str(error)) from None


def inspect(path: str) -> Iterator[tuple[str, list[Taken]]]:
    """What each input that stands at a path may be, by its name; an archive that is in something is not opened.

    Raises:
        SourceError: It cannot be opened.
    """
    try:
        found = contents(path)
    except InputError as error:
        raise reading.SourceError(str(error)) from None
    for source in found.inputs:
        yield source.name, reading.inspect(source)
    if found.faults:
        yield path, []


def is_capture(path: str, options: Options) -> bool:
    """Whether a path is that of one capture with packets, which can be opened again.

    Raises:
        SourceError: It cannot be opened.
    """
    source = Input(path)
    if not source.lasting or options.format not in {None, reading.CAPTURE}:
        return False
    try:
        return start(source, 1, surely=options.format == reading.CAPTURE) is not None
    except InputError as error:
        raise reading.SourceError(str(error)) from None


class _Reader:
    """Reads inputs as the user wants them to be read, and numbers them: that makes their connections' names unique."""

    def __init__(self, options: Options, progress: Callable[[int], None] | None) -> None:
        self._options, self._progress = options, progress
        self._keys = map(str, itertools.count(1))

    def read(self, inputs: Sequence[Input]) -> Iterator[Tables]:
        """The tables of some inputs."""
        starts = [found for number, source in enumerate(inputs, 1) if (found := self._start(source, number))]
        again = copies(starts)
        originals: dict[int, Tables] = {}
        captured = {each.number for each in starts}
        chains = Chains(each for each in starts if each.number not in again)
        while (first := chains.first()) is not None:
            made, members = self._read_set(chains, first)
            originals |= dict.fromkeys(set(members) & set(again.values()), made)
            yield made
        for number, source in enumerate(inputs, 1):
            if number in again:
                yield _copied(source, inputs[again[number] - 1], originals[again[number]])
            elif number not in captured:
                yield from self._read_other(source)

    def _start(self, source: Input, number: int) -> Start | None:
        if source.lasting and self._options.format in {None, reading.CAPTURE}:
            return start(source, number, surely=self._options.format == reading.CAPTURE)
        return None

    def _read_set(self, chains: Chains, first: Start) -> tuple[Tables, list[int]]:
        """The tables of a set from its first file on, and the numbers of its files."""
        with contextlib.ExitStack() as stack:
            chain = Chain(chains, first, stack, self._progress)
            made = reading.read(
                first.source,
                key=next(self._keys),
                options=self._options,
                progress=self._progress,
                following=chain.go_on,
            )
        return made, chain.numbers

    def _read_other(self, source: Input) -> Iterator[Tables]:
        """The tables of a log or a pipe, or of an archive in something: that is copied before it is opened."""
        with opened(source, self._progress) as found:
            if is_zip(found.head):
                yield from self._read_archive(source, found)
            else:
                yield reading.read_opened(source, found, key=next(self._keys), options=self._options)

    def _read_archive(self, source: Input, found: Opened) -> Iterator[Tables]:
        with unpacked(source, found) as within:
            if within.faults:
                yield reading.unreadable(source.name, within.faults)
            yield from self.read(within.inputs)


def _copied(source: Input, original: Input, tables: Tables) -> Tables:
    """The tables of a capture that holds the same packets as another one, which was read."""
    rows = [row for row in tables["sources"].to_pylist() if row["source"] == original.name]
    count = int(same(tables["messages"]["source"], original.name).sum())
    return repetition([{**row, "source": source.name, "sequence": None} for row in rows], original.name, count)

"""Finds the inputs that stand at a path: itself, or what is in a zip archive."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from analyzer.sources import zips
from analyzer.sources.opener import Input, open_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.sources.opener import Opened

MAX_DEPTH = 3
"""Archives within one another that are opened."""
MAX_MEMBERS = 10_000
"""Members that are read of a path, those of archives within it included."""
MAX_COPIED = 16 << 30
"""Bytes of an archive that are copied to the disk, because it comes from a pipe or stands in another one."""
PIECE = 1 << 20


class Contents(NamedTuple):
    """Inputs, and what is wrong with the archive that they are in."""

    inputs: list[Input]
    faults: list[str]


def contents(path: str) -> Contents:
    """What stands at a path. An archive that is itself in something is left for `unpacked`, when it is read."""
    source = Input(path)
    if source.lasting:
        with contextlib.ExitStack() as stack:
            file = open_file(source, stack)
            if zips.is_zip(file.read(4)):
                return _listed(source, path, file)
    return Contents([source], [])


@contextlib.contextmanager
def unpacked(source: Input, archive: Opened) -> Iterator[Contents]:
    """What is in an archive that comes from a pipe or stands in something: it is copied to a file without a name."""
    if source.depth >= MAX_DEPTH:
        yield Contents([], [f"there are more than {MAX_DEPTH} archives within one another; the innermost are not read"])
        return
    with tempfile.TemporaryFile() as copy:
        left = MAX_COPIED
        while left and (piece := archive.stream.read(min(PIECE, left))):
            left -= copy.write(piece)
        found = _listed(source, cast("BinaryIO", copy), cast("BinaryIO", copy))
        cut = [f"it is larger than {MAX_COPIED >> 30} GiB; the rest is not read"] if not left else []
        yield Contents(found.inputs, [*archive.fault, *cut, *found.faults])


def _listed(source: Input, archive: str | BinaryIO, file: BinaryIO) -> Contents:
    """The members of an archive as inputs. Those of one name are told apart by a number."""
    members, faults = zips.members(file)
    budget = source.budget
    room = MAX_MEMBERS - budget.members
    if len(members) > room:
        faults.append(f"it holds more than {MAX_MEMBERS} members; the others are not read")
    budget.members += len(members[:room])
    if not members and not faults:
        faults.append("it holds no files")
    seen: Counter[str] = Counter()
    inputs = []
    for member in members[:room]:
        seen[member.name] += 1
        again = f" ({seen[member.name]})" if seen[member.name] > 1 else ""
        inputs.append(Input(f"{source.name}/{member.name}{again}", archive, member, source.depth + 1, budget))
    return Contents(inputs, faults)

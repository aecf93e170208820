"""A progress bar on standard error, for people who wait."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """A bar that goes away when the work is done, and only where standard error is a terminal.

    The callback is told how many bytes of the current input were read; where that falls, the next input has begun.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task(what, total=total or None)
        advance = told_whole()
        yield lambda done: bar.update(task, completed=advance(done))


def told_whole() -> Callable[[int], int]:
    """A function from the bytes read of the current input to the bytes read of all.

    >>> whole = told_whole()
    >>> whole(10), whole(30), whole(5)
    (10, 30, 35)
    """
    before = current = 0

    def whole(done: int) -> int:
        nonlocal before, current
        if done < current:
            before += current
        current = done
        return before + current

    return whole

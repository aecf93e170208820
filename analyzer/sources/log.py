"""Reads a text log: finds its format by sniffing, or takes the one that is named."""

from __future__ import annotations

import codecs
import importlib
import io
from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple, Protocol

from analyzer.sources.conversation import Conversation
from analyzer.sources.envelope import strip, unwrap
from analyzer.sources.events import Line
from analyzer.sources.zones import correct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    import pyarrow as pa

    from analyzer.sources.events import Event
    from analyzer.sources.opener import Opened

FORMATS = ("trace", "homeassistant", "mobilityhouse")
"""The modules of the log formats, in this folder."""

MAX_LINE = 16 * 1024 * 1024
SURE_ENOUGH = 0.3


class Format(Protocol):
    """What a module of a log format offers."""

    NAME: str
    ABOUT: str
    SAMPLE: str
    LOCAL_TIME: bool

    def sniff(self, head: str) -> float:
        """How surely the head of a text is of this format, 0 to 1."""

    def read(self, lines: Iterable[Line], zone: tzinfo) -> Iterator[Event]:
        """The events of the lines; each line is accounted for once."""


class Guess(NamedTuple):
    """A format and how surely a text is of it."""

    format: Format
    sure: float


def formats() -> list[Format]:
    """All log formats."""
    return [importlib.import_module(f"analyzer.sources.{name}") for name in FORMATS]  # type: ignore[misc]


def guess(head: bytes) -> list[Guess]:
    """The formats that the head of a text may be of, the surest first."""
    text = "\n".join(strip(line) for line in decode(head).splitlines())
    found = [Guess(format_, round(format_.sniff(text), 3)) for format_ in formats()]
    return sorted((entry for entry in found if entry.sure > 0), key=lambda entry: -entry.sure)


def decode(head: bytes) -> str:
    """The text of some bytes: UTF-8, or UTF-16 by its mark; what is neither is shown as U+FFFD."""
    return head.decode(_encoding(head), "replace").removeprefix("\ufeff")


def read(opened: Opened, source: str, key: str, chosen: Format, zone: tzinfo | None, size: int) -> dict[str, pa.Table]:
    """The base tables of a log in a known format. `zone` is that of its times, where the user knows it."""
    conversation = Conversation(source, key)
    conversation.take(chosen.read(_lines(opened), zone or UTC))
    for fault in opened.fault:
        conversation.assembly.issue("unreadable", f"the input ends early: {fault}", damage=True)
    named = str(zone) if zone else "UTC, as the times say" if not chosen.LOCAL_TIME else "UTC, assumed"
    tables = conversation.tables(chosen.NAME, named, damaged=bool(opened.fault), size=size)
    return correct(tables) if chosen.LOCAL_TIME and zone is None else tables


def _lines(opened: Opened) -> Iterator[Line]:
    text = io.TextIOWrapper(opened.stream, _encoding(opened.head), "replace", newline="\n")
    for number, line in enumerate(iter(lambda: text.readline(MAX_LINE), ""), 1):
        yield Line(number, *unwrap(line.rstrip("\r\n").removeprefix("\ufeff")))


def _encoding(head: bytes) -> str:
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"

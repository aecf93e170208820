"""Reads a text log: finds its format by sniffing, or takes the one that is named."""

from __future__ import annotations

import codecs
import importlib
import io
from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple, Protocol

from analyzer.sources.clocks import dated, told_day
from analyzer.sources.conversation import Conversation
from analyzer.sources.envelope import unwrap
from analyzer.sources.events import Line
from analyzer.sources.order import Order
from analyzer.sources.rubbish import Rubbish
from analyzer.sources.zones import correct, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    import pyarrow as pa

    from analyzer.sources.events import Event
    from analyzer.sources.opener import Opened

FORMATS = ("trace", "homeassistant", "mobilityhouse", "steve", "evcc", "open_trace", "table_csv")
"""The modules of the log formats, in this folder."""

MAX_LINE = 16 * 1024 * 1024
SURE_ENOUGH = 0.3
ASSUMED = "UTC, assumed"


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
    return [importlib.import_module(f"analyzer.sources.{name}") for name in FORMATS]


def guess(head: bytes) -> list[Guess]:
    """The formats that the head of a text may be of, the surest first."""
    text = "\n".join(line.text for line in _head_lines(head))
    found = [Guess(format_, round(format_.sniff(text), 3)) for format_ in formats()]
    return sorted((entry for entry in found if entry.sure > 0), key=lambda entry: -entry.sure)


def decode(head: bytes) -> str:
    """The text of some bytes: UTF-8, or UTF-16 by its mark; what is neither is shown as U+FFFD."""
    return head.decode(_encoding(head), "replace").removeprefix("\ufeff")


def read(opened: Opened, source: str, key: str, chosen: Format, zone: tzinfo | None, size: int) -> dict[str, pa.Table]:
    """The base tables of a log in a known format. `zone` is that of its times, where the user knows it."""
    conversation, order, rubbish = Conversation(source, key), Order(), Rubbish()
    lines = rubbish.noted(_lines(opened))
    conversation.take(rubbish.told(order.restored(chosen.read(lines, zone or UTC))))
    for fault in opened.fault:
        conversation.assembly.issue("unreadable", f"the input ends early: {fault}", damage=True)
    _tell_times(conversation, order)
    unzoned = chosen.LOCAL_TIME and zone is None and not told(_head_lines(opened.head))
    named = ASSUMED if unzoned else str(zone) if zone and chosen.LOCAL_TIME else "UTC, as the times say"
    tables = conversation.tables(chosen.NAME, named, size=size)
    return correct(tables) if unzoned else tables


def _tell_times(conversation: Conversation, order: Order) -> None:
    """Note what is wrong with the times of a log."""
    issue = conversation.assembly.issue
    if conversation.account["message"] and conversation.first is None:
        issue("no_time", "its lines have no time: what needs one cannot be judged")
    if order.late:
        detail = "lines that threads wrote out of order, put in the order of their times"
        issue("out_of_order", detail, order.first_late, count=order.late)
    if order.set_back:
        detail = "its times go back: a clock was set, an hour came twice, or logs were put together"
        issue("time_goes_back", detail, order.first_set_back, count=order.set_back)


def _head_lines(head: bytes) -> list[Line]:
    return [Line(number, *unwrap(line)) for number, line in enumerate(decode(head).splitlines(), 1)]


def _lines(opened: Opened) -> Iterator[Line]:
    text = io.TextIOWrapper(opened.stream, _encoding(opened.head), "replace", newline="\n")
    near = told_day(decode(opened.head))
    for number, line in enumerate(iter(lambda: text.readline(MAX_LINE), ""), 1):
        what, stamp = unwrap(line.rstrip("\r\n").removeprefix("\ufeff"))
        yield Line(number, what, dated(stamp, near) if stamp else "")


def _encoding(head: bytes) -> str:
    return "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"

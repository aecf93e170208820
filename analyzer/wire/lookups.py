"""Pairs the questions to the DNS with their answers: each lookup of a client once, however often it asked."""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING

from analyzer.wire import dns
from analyzer.wire.items import WireLookup
from analyzer.wire.link import DOMAIN
from analyzer.wire.problems import Problem
from analyzer.wire.recent import JUST_NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.wire.dns import Lookup
    from analyzer.wire.link import Datagram

MAX_LOOKUPS = 50_000
"""Lookups of a capture that are kept."""
RETRY = 30_000_000
"""Microseconds within which the same question is another try: resolvers give up after 5 s, three times or more."""
MAX_TRIES = 8
"""Tries of a lookup whose answer is recognised."""
UDP_HEADER = 8

Question = tuple[str, str, str, str]


class Waiting:
    """A lookup without an answer, and the ports and identities that it was last asked with."""

    def __init__(self, row: WireLookup) -> None:
        self.row = row
        self.asked: deque[tuple[int, int]] = deque(maxlen=MAX_TRIES)
        self.last = row.ts


class Lookups:
    """The lookups of a capture. Which of them concern a charger is known at its end; here all wait for it."""

    def __init__(self) -> None:
        self._rows: list[WireLookup] = []
        self._open: dict[Question, Waiting] = {}
        self._left_out = 0

    def take(self, datagram: Datagram) -> None:
        """Take a datagram from or to the port of the DNS."""
        lookup = dns.parse(datagram.data[UDP_HEADER:])
        if lookup is None:
            return
        source_port, destination_port = struct.unpack_from("!HH", datagram.data)
        if lookup.status is None and destination_port == DOMAIN:
            self._ask(datagram, lookup, source_port)
        elif lookup.status is not None and source_port == DOMAIN:
            self._answer(datagram, lookup, destination_port)

    def finish(self) -> Iterator[WireLookup | Problem]:
        """Give all lookups, in the order of their first questions."""
        yield from self._rows
        if self._left_out:
            detail = f"{self._left_out} lookups more than {MAX_LOOKUPS} were counted and not kept"
            yield Problem("lookups_not_kept", detail, count=self._left_out)

    def _ask(self, datagram: Datagram, lookup: Lookup, port: int) -> None:
        question = (datagram.source, datagram.destination, lookup.name, lookup.kind)
        waiting = self._open.get(question)
        asked = (port, lookup.identity)
        if waiting is None or datagram.ts - waiting.row.ts > RETRY:
            if len(self._rows) >= MAX_LOOKUPS:
                self._left_out += 1
                return
            row = WireLookup(datagram.ts, datagram.number, *question)
            waiting = self._open[question] = Waiting(row)
            self._rows.append(row)
        elif asked not in waiting.asked or datagram.ts - waiting.last > JUST_NOW:
            # Else it is one packet, captured twice.
            waiting.row.tries += 1
        waiting.asked.append(asked)
        waiting.last = datagram.ts

    def _answer(self, datagram: Datagram, lookup: Lookup, port: int) -> None:
        question = (datagram.destination, datagram.source, lookup.name, lookup.kind)
        waiting = self._open.get(question)
        if waiting is None or (port, lookup.identity) not in waiting.asked:
            return
        del self._open[question]
        row = waiting.row
        row.answered, row.status = datagram.ts, lookup.status
        row.addresses, row.lifetime = lookup.addresses, lookup.lifetime

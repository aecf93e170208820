"""Inflates messages of permessage-deflate (RFC 7692)."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

MAX_INFLATED = 16 << 20
"""Bytes of one inflated message."""
FREE_TOTAL = 64 << 20
MAX_RATIO = 100
"""Beyond `FREE_TOTAL` inflated bytes of a direction, no more than this many times what came in is inflated."""
TAIL = b"\x00\x00\xff\xff"
"""What the sender takes off the end of each message (7.2.1)."""
WINDOW = 1 << 15


class Agreement(NamedTuple):
    """What was negotiated: the extension, and for each side whether it forgets its window after each message."""

    deflate: bool
    client_forgets: bool = False
    server_forgets: bool = False


class InflateError(Exception):
    """A message that cannot be inflated; its text says why."""


def agreement(extensions: str | None) -> Agreement:
    """Read a Sec-WebSocket-Extensions header. The window sizes do not matter here: the largest fits all."""
    for offer in (extensions or "").split(","):
        name, *parameters = [part.strip() for part in offer.lower().split(";")]
        if name in {"permessage-deflate", "x-webkit-deflate-frame"}:
            names = {re.split(r"\s*=", parameter)[0] for parameter in parameters}
            return Agreement(
                deflate=True,
                client_forgets="client_no_context_takeover" in names,
                server_forgets="server_no_context_takeover" in names,
            )
    return Agreement(deflate=False)


class Inflater:
    """Inflates the messages of one direction in their order.

    After a loss the window of the sender is not known here: messages are tried with an empty window, which works for
    those that refer to nothing before them, and zlib refuses the others: nothing wrong ever comes out.
    """

    def __init__(self, *, forgets: bool = False) -> None:
        self._forgets = forgets
        self._total_in = 0
        self._total_out = 0
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)

    def lose(self) -> None:
        """Forget the window: something of the stream was lost."""
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS)

    def inflate(self, data: bytes) -> bytes:
        """The content of one compressed message. Raises InflateError, and forgets the window then."""
        self._total_in += len(data)
        try:
            content = self._inflate(data + TAIL)
        except (zlib.error, InflateError) as error:
            self.lose()
            raise InflateError(f"{error}") from None
        self._total_out += len(content)
        if self._forgets:
            self.lose()
        return content

    def _inflate(self, data: bytes) -> bytes:
        room = MAX_INFLATED
        if self._total_out > FREE_TOTAL:
            room = min(room, max(self._total_in * MAX_RATIO - self._total_out, 0))
        parts: list[bytes] = []
        while data:
            part = self._stream.decompress(data, room + 1)
            parts.append(part)
            room -= len(part)
            if room < 0 or self._stream.unconsumed_tail:
                raise InflateError("it inflates beyond all measure")
            data = self._stream.unused_data
            if self._stream.eof:
                # A sender may end its last block (7.2.3.4); what follows goes on with the same window.
                window = b"".join(parts)[-WINDOW:]
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS, zdict=window)
                if data == TAIL or not part:
                    break
        return b"".join(parts)

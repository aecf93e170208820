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
"""Bytes back that a message may refer to, unless less was negotiated (7.1.2)."""
UNKNOWN = b"\xff"
"""Stands for what is not known of the window: no byte of UTF-8 (RFC 3629 1)."""
CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
"""What stands in no JSON text (RFC 8259 7)."""
EMPTY_LAST_BLOCK = b"\x03\x00"
MAX_ENDS = 16
"""Last blocks of one message: a stream begins anew behind each."""


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
    """Inflates the messages of one direction in their order; `lost` says that the stream is joined in the middle.

    After a loss nothing of the sender's window is known, for nobody knows how long the lost messages were. A byte that no
    text has stands for all of it then. What refers to it gives that byte again, and so does what refers to that: content
    without it is exactly what was sent, and fills the window with what is known.
    """

    def __init__(self, *, forgets: bool = False, lost: bool = False) -> None:
        self._forgets = forgets
        self._total_in = 0
        self._total_out = 0
        self._unknown = 0
        self._begin(lost=lost and not forgets)

    @property
    def sure(self) -> bool:
        """Whether all of the window is known."""
        return not self._unknown

    def lose(self) -> None:
        """Forget the window, unless the sender forgets it as well: something of the stream was lost."""
        self._begin(lost=not self._forgets)

    def inflate(self, data: bytes) -> bytes:
        """The content of one compressed message. Raises InflateError, and forgets the window where it is no message."""
        self._total_in += len(data)
        sure = self.sure
        try:
            content = self._inflate(data + TAIL)
            if not sure:
                self._doubt(content)
        except (zlib.error, InflateError) as error:
            self.lose()
            raise InflateError(f"{error}") from None
        self._total_out += len(content)
        newest = -1 if sure else content.rfind(UNKNOWN)
        self._unknown = max((self._unknown if newest < 0 else newest + 1 + WINDOW) - len(content), 0)
        if self._forgets:
            self._begin(lost=False)
        if newest >= 0:
            unknown = content.count(UNKNOWN)
            raise InflateError(f"{unknown} of its {len(content)} bytes repeat what was not captured")
        return content

    def _begin(self, content: bytes = b"", *, lost: bool) -> None:
        """Begin a stream behind some content; where something was lost, what stood before it is unknown."""
        self._unknown = WINDOW if lost else 0
        self._before = content
        self._stream: zlib._Decompress | None = None

    def _open(self) -> zlib._Decompress:
        """The stream, made when it is needed: its window takes memory, and most connections compress nothing."""
        if self._stream is None:
            window = (UNKNOWN * self._unknown + self._before)[-WINDOW:]
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS, zdict=window)
        return self._stream

    def _inflate(self, data: bytes) -> bytes:
        room = MAX_INFLATED
        if self._total_out > FREE_TOTAL:
            room = min(room, max(self._total_in * MAX_RATIO - self._total_out, 0))
        parts: list[bytes] = []
        for _ in range(MAX_ENDS):
            stream = self._open()
            part = stream.decompress(data, room + 1)
            parts.append(part)
            room -= len(part)
            if room < 0 or stream.unconsumed_tail:
                raise InflateError("it inflates beyond all measure")
            if not stream.eof:
                return b"".join(parts)
            # A sender may end its last block (7.2.3.4); what follows goes on with the same window.
            data = stream.unused_data
            self._begin(b"".join(parts)[-WINDOW:], lost=not self.sure)
        raise InflateError("it ends too often")

    def _doubt(self, content: bytes) -> None:
        """Refuse what is no message: after a loss, other bytes may be taken for a frame."""
        if not _at_block(self._open()):
            raise InflateError("it ends inside a block")
        if not _may_be_text(content):
            raise InflateError("it is no text")


def _may_be_text(content: bytes) -> bool:
    return content.translate(None, CONTROLS) == content


def inflated_beginning(data: bytes, size: int) -> bytes:
    """The first bytes of what may be a compressed message, which may be cut; none where it is none."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS, zdict=UNKNOWN * WINDOW).decompress(data, size)
    except zlib.error:
        return b""


def inflated_text(data: bytes, *, whole: bool) -> bytes | None:
    """What a compressed text inflates to, or a first fragment of one, with bytes that are unknown; None if to none."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS, zdict=UNKNOWN * WINDOW)
    try:
        content = stream.decompress(data + TAIL if whole else data, MAX_INFLATED)
        ends = not whole or _at_block(stream) or stream.unused_data.strip(b"\0") == TAIL.strip(b"\0")
    except zlib.error:
        return None
    return content if ends and _may_be_text(content) else None


def _at_block(stream: zlib._Decompress) -> bool:
    """Whether a block may begin here, as one does behind each message."""
    if stream.eof:
        return False
    following = stream.copy()
    following.decompress(EMPTY_LAST_BLOCK)
    return following.eof

"""Places in the stream of one direction: sequence numbers, and the bytes that stand there (RFC 9293 3.4)."""

from __future__ import annotations

from typing import NamedTuple


class Piece(NamedTuple):
    """Bytes at a place of the stream; `data` is None where the snap length cut them off."""

    position: int
    length: int
    data: bytes | None
    ts: int
    packet: int

    def cut(self, start: int, end: int) -> Piece:
        """The part of it between two places."""
        data = self.data if self.data is None else self.data[start - self.position : end - self.position]
        return self._replace(position=start, length=end - start, data=data)


def contradict(known: Piece | None, piece: Piece) -> int:
    """How many bytes two pieces have of the same places, if they differ there; else 0."""
    if known is None or known.data is None or piece.data is None:
        return 0
    start = max(known.position, piece.position)
    end = min(known.position + known.length, piece.position + piece.length)
    return end - start if start < end and known.cut(start, end).data != piece.cut(start, end).data else 0


def signed(difference: int) -> int:
    """The difference of two sequence numbers, which are counted modulo 2**32."""
    return ((difference + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000

"""What another implementation of WebSocket says: the frames of `websockets`, in every manner that the standards allow."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

if TYPE_CHECKING:
    import random


class Manner(NamedTuple):
    """How a side speaks; `bits` are of the window of its compression, 0 without."""

    masked: bool
    bits: int
    forgets: bool
    fragments: int
    controls: bool

    @property
    def extensions(self) -> str:
        """The header that agrees on it (RFC 7692 7.1)."""
        side = "client" if self.masked else "server"
        takeover = f"; {side}_no_context_takeover" if self.forgets else ""
        return f"permessage-deflate{takeover}; {side}_max_window_bits={self.bits}" if self.bits else ""


MANNERS = st.builds(
    Manner,
    masked=st.booleans(),
    bits=st.sampled_from([0, 9, 12, 15]),
    forgets=st.booleans(),
    fragments=st.integers(1, 4),
    controls=st.booleans(),
)


class Speech(NamedTuple):
    """The bytes of each message, and the payloads of the control frames inside and behind them."""

    messages: list[bytes]
    controls: list[bytes]


def speak(texts: list[str], manner: Manner, rng: random.Random) -> Speech:
    """Say texts in a manner, with the masks that the random numbers give."""
    with mock.patch("websockets.frames.secrets.token_bytes", rng.randbytes):
        return _speak(texts, manner, rng)


def _speak(texts: list[str], manner: Manner, rng: random.Random) -> Speech:
    extensions = [PerMessageDeflate(False, manner.forgets, 15, manner.bits)] if manner.bits else []
    speech = Speech([], [])
    for text in texts:
        data, said = text.encode(), b""
        cuts = sorted(rng.randrange(len(data) + 1) for _ in range(manner.fragments - 1))
        for number, (start, end) in enumerate(itertools.pairwise([0, *cuts, len(data)])):
            opcode, fin = Opcode.CONT if number else Opcode.TEXT, number == len(cuts)
            said += Frame(opcode, data[start:end], fin).serialize(mask=manner.masked, extensions=extensions)
            if manner.controls and rng.random() < 0.3:
                speech.controls.append(rng.randbytes(rng.choice([0, 4, 30])))
                said += Frame(rng.choice([Opcode.PING, Opcode.PONG]), speech.controls[-1]).serialize(mask=manner.masked)
        speech.messages.append(said)
    return speech

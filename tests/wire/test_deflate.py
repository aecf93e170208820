from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, strategies as st

from analyzer.wire import deflate
from analyzer.wire.deflate import MAX_ENDS, Agreement, InflateError, Inflater, agreement
from tests.wire.packets import Deflater


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        (None, Agreement(deflate=False)),
        ("", Agreement(deflate=False)),
        ("permessage-foo", Agreement(deflate=False)),
        ("permessage-deflate", Agreement(deflate=True)),
        ("x-webkit-deflate-frame", Agreement(deflate=True)),
        ("Permessage-Deflate; Client_No_Context_Takeover", Agreement(deflate=True, client_forgets=True)),
        ("foo, permessage-deflate; server_no_context_takeover=1", Agreement(deflate=True, server_forgets=True)),
        ("permessage-deflate; client_max_window_bits=10", Agreement(deflate=True)),
    ],
)
def test_what_was_negotiated_is_read(extensions: str | None, expected: Agreement) -> None:
    assert agreement(extensions) == expected


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Inflater:
    """An inflater that lets 10 000 bytes pass and ten times what came in after that."""
    monkeypatch.setattr(deflate, "FREE_TOTAL", 10_000)
    monkeypatch.setattr(deflate, "MAX_RATIO", 10)
    return Inflater(forgets=True)


def test_a_direction_that_inflates_beyond_all_measure_is_refused(limited: Inflater) -> None:
    bomb = Deflater(forgets=True).deflate("0" * 6000)
    assert [len(limited.inflate(bomb)) for _ in range(2)] == [6000, 6000]
    for _ in range(2):
        with pytest.raises(InflateError, match="beyond all measure"):
            limited.inflate(bomb)


def test_a_direction_that_inflates_in_measure_is_read_without_end(limited: Inflater) -> None:
    text = random.Random(1).randbytes(500).hex()
    message = Deflater(forgets=True).deflate(text)
    assert {limited.inflate(message) for _ in range(100)} == {text.encode()}


def test_one_message_may_inflate_to_its_limit_and_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deflate, "MAX_INFLATED", 1000)
    assert Inflater().inflate(Deflater().deflate("0" * 1000)) == b"0" * 1000
    with pytest.raises(InflateError):
        Inflater().inflate(Deflater().deflate("0" * 1001))


WORDS = ("Heartbeat", "StatusNotification", "connectorId", "2026-01-01T00:00:00Z", "value", "é", "7", ",", '"', "\n")


def compressed(texts: list[str], level: int, bits: int, strategy: int, memory: int) -> list[bytes]:
    """The messages of a sender that keeps its window."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -bits, memory, strategy)
    return [
        (stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")
        for text in texts
    ]


def determined(messages: list[bytes]) -> list[bytes | None]:
    """What every window gives alike: the content that does not depend on what was lost."""
    rng = random.Random(1)
    windows = [zlib.decompressobj(-15, zdict=rng.randbytes(1 << 15)) for _ in range(6)]
    found = [{each.decompress(message + b"\0\0\xff\xff") for each in windows} for message in messages]
    return [each.pop() if len(each) == 1 else None for each in found]


def read(inflater: Inflater, messages: list[bytes]) -> list[bytes | None]:
    found: list[bytes | None] = []
    for message in messages:
        try:
            found.append(inflater.inflate(message))
        except InflateError:
            found.append(None)
    return found


SENT = st.lists(
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(st.characters(min_codepoint=32, max_codepoint=126))), max_size=12).map("".join),
    min_size=1,
    max_size=12,
)  # fmt: skip
SETTINGS = st.tuples(
    st.integers(0, 9),
    st.integers(9, 15),
    st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY]),
    st.integers(1, 9),
)


@given(sent=SENT, how=SETTINGS)
def test_every_window_size_and_level_is_inflated(sent: list[str], how: tuple[int, int, int, int]) -> None:
    assert read(Inflater(), compressed(sent, *how)) == [text.encode() for text in sent]


@given(sent=SENT, how=SETTINGS, lost=st.sets(st.integers(0, 11), min_size=1), joined=st.booleans())
def test_after_any_loss_all_that_does_not_depend_on_it_is_read_and_nothing_else(
    *, sent: list[str], how: tuple[int, int, int, int], lost: set[int], joined: bool
) -> None:
    messages = compressed(sent, *how)
    inflater, since = Inflater(lost=joined), 0 if joined else len(messages)
    found: list[bytes | None] = []
    for number, message in enumerate(messages):
        if number in lost:
            inflater.lose()
            since = number + 1
            found.append(None)
            continue
        found += read(inflater, [message])
        expected = sent[number].encode() if number < since else determined(messages[since : number + 1])[-1]
        assert found[-1] == expected
    assert all(each in {None, text.encode()} for each, text in zip(found, sent, strict=True))


def test_after_a_loss_reading_goes_on_with_what_was_said_since() -> None:
    rng = random.Random(1)
    first, second, third = ("".join(rng.choices(letters, k=300)) for letters in ("abcdefgh", "ABCDEFGH", "01234567"))
    messages = compressed([first, first + second, second + third, third], 9, 15, zlib.Z_DEFAULT_STRATEGY, 9)
    inflater = Inflater(lost=True)
    with pytest.raises(InflateError, match=r"\d+ of its 600 bytes repeat what was not captured"):
        inflater.inflate(messages[1])
    assert inflater.inflate(messages[2]) == (second + third).encode()
    assert inflater.inflate(messages[3]) == third.encode()


def test_once_the_window_is_full_of_what_is_known_any_byte_is_believed() -> None:
    rng = random.Random(1)
    lines = [rng.randbytes(500).hex() for _ in range(33)]
    *messages, last = compressed([*lines, "\x00 and what was said: " + lines[-1]], 9, 15, zlib.Z_DEFAULT_STRATEGY, 9)
    inflater = Inflater(lost=True)
    assert [(inflater.inflate(each), inflater.sure) for each in messages] == [
        (line.encode(), number == 32) for number, line in enumerate(lines)
    ]
    assert inflater.inflate(last).startswith(b"\x00 and")


def test_after_a_loss_what_ends_inside_a_block_or_is_no_text_is_no_message() -> None:
    inflater = Inflater(lost=True)
    message = Deflater().deflate("a text that is no message without its end")
    with pytest.raises(InflateError):
        inflater.inflate(message[:-9])
    with pytest.raises(InflateError, match="no text"):
        inflater.inflate(Deflater().deflate("\x01"))
    assert inflater.inflate(message) == b"a text that is no message without its end"


def ended(text: str) -> bytes:
    """A message whose last block is told to be the last (RFC 7692 7.2.3.4)."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(text.encode()) + stream.flush() + b"\0"


@pytest.mark.parametrize("lost", [True, False])
def test_a_message_whose_last_block_is_marked_as_the_last_is_inflated(*, lost: bool) -> None:
    inflater = Inflater(lost=lost)
    assert [inflater.inflate(ended(text)) for text in ("one", "two", "")] == [b"one", b"two", b""]


def test_a_message_that_ends_again_and_again_is_refused() -> None:
    literal = ended("x")[:-1]
    assert Inflater().inflate(literal * (MAX_ENDS - 1) + b"\0") == b"x" * (MAX_ENDS - 1)
    with pytest.raises(InflateError, match="too often"):
        Inflater().inflate(literal * (1 << 20))

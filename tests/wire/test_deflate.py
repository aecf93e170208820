from __future__ import annotations

import random

import pytest

from analyzer.wire import deflate
from analyzer.wire.deflate import Agreement, InflateError, Inflater, agreement
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

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from analyzer.sources.closings import Closing, closing


@pytest.mark.parametrize(
    ("received", "sent", "received_first", "end"),
    [
        (None, None, None, Closing("lost", None, 1006, None)),
        (Close(1000, ""), Close(1000, ""), True, Closing("close", "station", 1000, None)),
        (
            Close(1001, "bye (now); then sent"),
            Close(1001, ""),
            True,
            Closing("close", "station", 1001, "bye (now); then sent"),
        ),
        (Close(1000, ""), Close(1012, "restart"), False, Closing("close", "csms", 1012, "restart")),
        (None, Close(1011, "keepalive ping timeout"), None, Closing("close", "csms", 1011, "keepalive ping timeout")),
        (Close(3001, ""), None, None, Closing("close", "station", 3001, None)),
        (Close(4008, "x"), None, None, Closing("close", "station", 4008, "x")),
    ],
)
def test_what_websockets_says_of_an_end_is_read(
    received: Close | None, sent: Close | None, *, received_first: bool | None, end: Closing
) -> None:
    assert closing(str(ConnectionClosedError(received, sent, received_first))) == end


def test_on_a_charger_what_was_sent_came_from_the_station() -> None:
    text = "sent 1000 (OK); then received 1000 (OK)"
    assert closing(text, "station") == Closing("close", "station", 1000, None)


@pytest.mark.parametrize("text", ["", "1000", "received something", "code = 99999 (x), no reason"])
def test_other_words_tell_nothing(text: str) -> None:
    assert closing(text) is None


@given(st.text())
def test_any_words_are_taken(text: str) -> None:
    assert closing(text) is None or closing(text)

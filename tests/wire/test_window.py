from __future__ import annotations

import pytest

from analyzer.wire.link import Segment
from analyzer.wire.window import Closed, Window
from tests.wire.packets import ACK, CLIENT, RST, SERVER


def segment(ts: int, window: int, flags: int = ACK) -> Segment:
    return Segment(ts, ts, 0, *CLIENT, *SERVER, 0, 0, flags, window, b"", 0)


def test_a_window_is_told_when_it_opens_again_with_the_segment_that_closed_it() -> None:
    window, first = Window(), segment(1_000_000, 0)
    assert [window.watch(each) for each in (segment(0, 9), first, segment(2_000_000, 0))] == [None] * 3
    assert window.closed
    assert window.watch(segment(3_500_000, 9)) == Closed(first, 2.5)
    assert not window.closed


@pytest.mark.parametrize("flags", [RST, RST | ACK, 0])
def test_a_reset_and_what_acknowledges_nothing_tell_nothing_of_windows(flags: int) -> None:
    window = Window()
    assert window.watch(segment(1, 0, flags)) is None
    assert not window.closed
    window.watch(segment(2, 0))
    assert window.watch(segment(3, 9, flags)) is None
    assert window.closed


def test_a_window_that_never_opens_is_told_at_the_end() -> None:
    window = Window()
    assert window.end(1) is None
    window.watch(segment(1_000_000, 0))
    assert window.end(2_000_000) == Closed(segment(1_000_000, 0), 1.0)

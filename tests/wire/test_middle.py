from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.middle import INITIAL, NEAR, sent_between


@pytest.mark.parametrize(
    ("ttl", "known", "between"),
    [
        (61, (50, 50), True),  # three routers away, the peer fourteen
        (64, (50, 51), True),
        (60, (118, 118), True),
        (250, (50, 50), True),
        (50, (50, 50), False),
        (48, (50, 50), False),  # another way of nearly the same length
        (114, (50, 50), False),  # the same number of routers from 128
        (241, (50, 50), False),  # and from 255
        (255, (64, 64), False),  # all within one network
        (61, (50, 60), False),  # the peer itself comes by several ways
        (61, (), False),
        (0, (50, 50), False),
        (61, (0, 0), False),
        (95, (50, 50), True),
        (200, (50, 50), False),  # no system sends so that it would arrive with that
    ],
)
def test_a_packet_that_came_another_way_was_sent_between(*, ttl: int, known: tuple[int, ...], between: bool) -> None:
    assert sent_between(ttl, known) == between


@given(st.sampled_from(INITIAL[1:]), st.sampled_from(INITIAL[1:]), st.integers(0, 30), st.integers(-NEAR, NEAR))
def test_a_peer_as_many_routers_away_is_itself_whatever_it_sends_with(one: int, two: int, hops: int, more: int) -> None:
    assert not sent_between(max(1, min(two, two - hops - more)), (one - hops, one - hops))

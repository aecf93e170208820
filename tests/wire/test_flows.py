from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings, strategies as st

from analyzer.wire import flows
from analyzer.wire.headers import Segments
from analyzer.wire.link import ACK, FIN, RST, SYN


class One(NamedTuple):
    """A segment: the endpoints, what it carries and tells."""

    source: int
    destination: int
    sequence: int
    length: int
    flags: int = ACK
    window: int = 100
    missing: int = 0


def columns(found: list[One]) -> Segments:
    rows = [
        (
            row,
            each.source,
            each.destination,
            each.sequence,
            7,
            each.flags,
            each.window,
            0,
            each.length,
            each.missing,
            64,
        )
        for row, each in enumerate(found)
    ]
    return Segments(*np.array(rows, dtype=np.int64).reshape(-1, len(Segments._fields)).T)


def assert_sorted(found: list[One], known: int) -> None:
    """Assert that segments stand by connection, in their order, and that each clean one goes on where the last ended."""
    made, groups = flows.sort(columns(found), np.arange(len(found)) * 5, known, bytes(64))
    assert sorted(made.place) == list(range(len(found)))
    assert [place for group in sorted(groups) for place in range(group.start, group.stop)] == list(range(len(found)))
    assert [made.row[group.start] for group in groups] == sorted(made.row[group.start] for group in groups)
    assert made.filled == [at for at, place in enumerate(made.place) if found[place].length]
    for group in groups:
        last: dict[bool, One] = {}
        for at in range(group.start, group.stop):
            each = found[made.place[at]]
            assert {each.source, each.destination} == {group.low, group.high}
            before = last.get(each.source < each.destination)
            clean = each.flags & (SYN | FIN | RST | ACK) == ACK and each.window > 0 and not each.missing
            goes_on = before is None or (before.sequence + before.length) % flows.NUMBERS == each.sequence
            assert (at in made.unclean) != (clean and goes_on and made.place[at] < known)
            last[each.source < each.destination] = each
        assert all(made.row[one] < made.row[two] for one, two in pairwise(range(group.start, group.stop)))


ANY = st.builds(
    One,
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([0, 10, 20, flows.NUMBERS - 10]),
    st.sampled_from([0, 10]),
    st.sampled_from([ACK, ACK, ACK, ACK | FIN, SYN, RST, 0]),
    st.sampled_from([100, 100, 0]),
    st.sampled_from([0, 0, 3]),
)


@settings(max_examples=300, deadline=None)
@given(found=st.lists(ANY, max_size=12), behind=st.integers(0, 3))
def test_any_segments_stand_by_connection_in_their_order_and_what_is_clean_goes_on(
    found: list[One], behind: int
) -> None:
    assert_sorted(found, max(len(found) - behind, 0))


def test_no_segments_have_no_connections() -> None:
    made, groups = flows.sort(columns([]), np.zeros(0, dtype=np.int64), 0, bytes(64))
    assert (made.row, groups) == ([], [])

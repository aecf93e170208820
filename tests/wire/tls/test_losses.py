"""What packets that are missing cost a session of TLS."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from analyzer.wire.problems import Problem
from analyzer.wire.tls.heard import Heard, Plain
from analyzer.wire.tls.keylog import KeyLog, Keys
from analyzer.wire.tls.session import Session
from tests.wire.tls.peers import Chunk, Peers, contexts, cut, heard, kinds, plain, talked


def with_losses(peers: Peers, lost: set[int], size: int = 100_000) -> tuple[list[Heard], list[Chunk]]:
    """What is heard where these pieces are missing, and what was said in those that are not."""
    followed, found = Session(Keys(KeyLog(peers.secrets))), list[Heard]()
    whole = [(number, piece) for number, chunk in enumerate(peers.chunks) for piece in cut([chunk], size)]
    touched = {number for at, (number, _) in enumerate(whole) if at in lost}
    for at, (_, (side, data)) in enumerate(whole):
        if at in lost:
            found += followed.lose(len(data), at, at, from_client=side)
        else:
            found += followed.feed(data, at, at, from_client=side)
    found += followed.finish()
    first = len(peers.chunks) - 2 - len(peers.said)
    return found, [said for number, said in enumerate(peers.said, first) if number not in touched]


@pytest.mark.parametrize(
    ("version", "ciphers"),
    [("1.3", ""), ("1.2", ""), ("1.2", "ECDHE-RSA-CHACHA20-POLY1305"), ("1.2", "ECDHE-RSA-AES128-SHA")],
)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_three_lost_pieces_lose_what_they_touch_at_most(version: str, ciphers: str, data: st.DataObject) -> None:
    peers = talked(version, ciphers)
    size = data.draw(st.sampled_from([40, 90, 100_000]))
    whole = cut(peers.chunks, size)
    # The hellos are another matter: TLS 1.2 cannot do without them.
    hellos = len(cut(peers.chunks[:2], size))
    lost = data.draw(st.sets(st.integers(hellos, len(whole) - 1), min_size=3, max_size=3))
    found, rest = with_losses(peers, lost, size)
    assert [said for said in plain(found) if said in rest] == rest
    assert all(said in peers.said for said in plain(found))
    assert not kinds(found)


@pytest.mark.parametrize("lost", [{0}, {1}, {2}, {0, 2}, {1, 2}, {3}])
def test_tls_1_3_is_decrypted_without_packets_of_its_handshake(lost: set[int]) -> None:
    peers = talked("1.3")
    found, rest = with_losses(peers, lost)
    assert plain(found) == rest


@pytest.mark.parametrize("lost", [{0}, {2}, {3}, {2, 3}, {0, 2, 3}])
def test_tls_1_2_is_decrypted_where_the_hello_of_the_server_is_there(lost: set[int]) -> None:
    peers = talked("1.2", "ECDHE-RSA-AES128-GCM-SHA256")
    found, rest = with_losses(peers, lost)
    assert plain(found) == rest


def test_tls_1_2_without_the_hello_of_the_server_says_that_it_is_missing() -> None:
    peers = talked("1.2")
    found, _ = with_losses(peers, {1})
    assert plain(found) == []
    (problem,) = [each.what for each in found if isinstance(each.what, Problem)]
    assert (problem.kind, problem.detail) == (
        "tls_not_decrypted",
        "its ServerHello was not captured, and no secrets of the key log fit",
    )


def test_a_connection_of_tls_1_3_joined_in_the_middle_is_known_by_secrets_that_fit() -> None:
    peers, other = talked("1.3"), Peers(*contexts())
    found = heard(peers.chunks[-6:], other.secrets + peers.secrets)
    assert plain(found) == peers.said[-4:]
    assert isinstance(found[0].what, Plain)


def test_a_connection_joined_in_the_middle_whose_secrets_are_missing_says_so() -> None:
    peers, other = talked("1.3"), Peers(*contexts())
    found = heard(peers.chunks[-6:], other.secrets)
    assert kinds(found) == ["tls_not_decrypted"]
    assert plain(found) == []


def test_a_gap_is_told_with_the_next_data_only_where_data_is_missing() -> None:
    peers = talked("1.3")
    first = len(peers.chunks) - 8
    found, _ = with_losses(peers, {2, first + 2})
    told = [each.what.lost for each in found if isinstance(each.what, Plain)]
    assert told == [False, False, False, True, False]

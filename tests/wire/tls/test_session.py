from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given, settings, strategies as st

from analyzer.wire.tls import session, waiting
from analyzer.wire.tls.heard import Chain, Heard, Plain, Sealed
from analyzer.wire.tls.keylog import KeyLog, Keys
from analyzer.wire.tls.records import looks_like_tls
from analyzer.wire.tls.session import Session
from tests.wire.tls.peers import (
    NAME,
    NO_ENCRYPT_THEN_MAC,
    NO_EXTENDED_MASTER_SECRET,
    Chunk,
    Peers,
    alerts,
    contexts,
    cut,
    heard,
    identity,
    kinds,
    plain,
    talked,
)

SUITES_12 = {
    "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "ECDHE-RSA-AES128-SHA": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "ECDHE-RSA-AES256-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    "AES128-SHA256": "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "AES256-SHA": "TLS_RSA_WITH_AES_256_CBC_SHA",
    "AES128-GCM-SHA256": "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "AES128-CCM": "TLS_RSA_WITH_AES_128_CCM",
    "AES256-CCM8": "TLS_RSA_WITH_AES_256_CCM_8",
}


@pytest.mark.parametrize("options", [0, NO_ENCRYPT_THEN_MAC])
@pytest.mark.parametrize("ciphers", SUITES_12)
def test_each_suite_of_tls_1_2_is_decrypted(ciphers: str, options: int) -> None:
    peers = talked("1.2", ciphers, options)
    followed = Session(Keys(KeyLog(peers.secrets)))
    found = [
        each
        for number, (side, data) in enumerate(peers.chunks)
        for each in followed.feed(data, number, number, from_client=side)
    ]
    assert plain(found) == peers.said
    assert alerts(found) == [(True, "warning alert 0 close_notify"), (False, "warning alert 0 close_notify")]
    agreed = followed.agreed
    assert (agreed.version, agreed.cipher, agreed.server_name) == ("1.2", SUITES_12[ciphers], NAME)
    chained = "CBC" in SUITES_12[ciphers]
    assert agreed.secrets.server is not None
    assert agreed.secrets.server.encrypt_then_mac == (chained and not options)
    assert followed.decrypted
    assert not followed.failed


def test_tls_1_3_is_decrypted_with_its_certificate_and_alerts() -> None:
    peers = talked("1.3")
    found = heard(peers.chunks, peers.secrets)
    assert plain(found) == peers.said
    (chain,) = [each for each in found if isinstance(each.what, Chain)]
    assert not chain.from_client
    assert isinstance(chain.what, Chain)
    assert [(each.subject, each.names, each.key) for each in chain.what.certificates] == [
        (f"CN={NAME}", NAME, "RSA 2048")
    ]
    assert alerts(found) == [(True, "warning alert 0 close_notify"), (False, "warning alert 0 close_notify")]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_what_is_decrypted_has_the_packet_that_brought_the_last_byte_of_its_record(version: str) -> None:
    peers = talked(version)
    pieces = cut(peers.chunks, 10)
    found = heard(pieces, peers.secrets)
    said = [each for each in found if isinstance(each.what, Plain)]
    assert [each.what.data for each in said if isinstance(each.what, Plain)] == [data for _, data in peers.said]
    ends, at = [], 0
    for side, data in peers.chunks:
        at += -(-len(data) // 10)
        ends.append((side, at))
    assert [(each.from_client, each.packet) for each in said] == ends[-8:-2]


@pytest.mark.parametrize(("version", "ciphers"), [("1.3", ""), ("1.2", "ECDHE-RSA-AES128-SHA")])
@given(seed=st.integers(0, 2**32), most=st.sampled_from([1, 3, 40, 2000]))
@settings(max_examples=25, deadline=None)
def test_cutting_the_streams_anywhere_changes_nothing(version: str, ciphers: str, seed: int, most: int) -> None:
    peers, rng = talked(version, ciphers), random.Random(seed)
    pieces = []
    for side, data in peers.chunks:
        at = 0
        while at < len(data):
            size = rng.randint(1, most)
            pieces.append(Chunk(side, data[at : at + size]))
            at += size
    found = heard(pieces, peers.secrets)
    assert plain(found) == peers.said
    assert [(each.from_client, each.what) for each in found] == [
        (each.from_client, each.what) for each in heard(peers.chunks, peers.secrets)
    ]


def test_without_secrets_the_sizes_of_data_are_told_but_not_of_the_handshake() -> None:
    for version, added in (("1.3", 17), ("1.2", 24)):
        peers = talked(version, "ECDHE-RSA-AES128-GCM-SHA256" if version == "1.2" else "")
        found = heard(peers.chunks)
        sealed = [(each.from_client, each.what.bytes) for each in found if isinstance(each.what, Sealed)]
        assert sealed == [(side, len(data) + added) for side, data in peers.said]
        assert kinds(found) == []


def test_the_certificate_of_tls_1_2_and_an_encrypted_alert_are_seen_without_secrets() -> None:
    peers = talked("1.2")
    found = heard(peers.chunks)
    assert [type(each.what) for each in found if isinstance(each.what, Chain)] == [Chain]
    assert alerts(found) == [(True, "encrypted alert"), (False, "encrypted alert")]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("with_secrets", [True, False])
def test_a_client_that_does_not_trust_the_certificate_ends_the_handshake(version: str, *, with_secrets: bool) -> None:
    peers = Peers(*contexts(version=version, trusted=False))
    followed, found = Session(Keys(KeyLog(peers.secrets if with_secrets else b""))), list[Heard]()
    for number, (side, data) in enumerate(peers.chunks):
        found += followed.feed(data, number, number, from_client=side)
    assert followed.failed
    if version == "1.2" or with_secrets:
        assert (True, "fatal alert 48 unknown_ca") in alerts(found)


def test_a_handshake_that_came_to_its_end_did_not_fail() -> None:
    for version in ("1.2", "1.3"):
        for secrets in (b"", talked(version).secrets):
            followed = Session(Keys(KeyLog(secrets)))
            for number, (side, data) in enumerate(talked(version).chunks):
                list(followed.feed(data, number, number, from_client=side))
            assert not followed.failed


def test_a_session_resumed_by_ticket_is_decrypted_with_the_secrets_of_the_first() -> None:
    made = contexts(version="1.2")
    first = Peers(*made)
    first.talk(2)
    again = Peers(*made, session=first.client.session)
    again.talk()
    assert again.client.session_reused
    keys = Keys(KeyLog(first.secrets))
    assert plain(heard(first.chunks, keys=keys)) == first.said
    assert plain(heard(again.chunks, keys=keys)) == again.said
    assert plain(heard(again.chunks, first.secrets)) == []


def test_a_session_resumed_by_its_id_is_decrypted_with_a_line_that_names_the_id() -> None:
    made = contexts(version="1.2", options=1 << 14)  # SSL_OP_NO_TICKET
    first = Peers(*made)
    first.talk(2)
    again = Peers(*made, session=first.client.session)
    again.talk()
    assert again.client.session_reused
    assert first.client.session is not None
    master = next(line.split()[2] for line in first.secrets.decode().splitlines() if "CLIENT_RANDOM" in line)
    line = f"RSA Session-ID:{first.client.session.id.hex()} Master-Key:{master}\n".encode()
    assert plain(heard(again.chunks, line)) == again.said
    keys = Keys(KeyLog(first.secrets))
    heard(first.chunks, keys=keys)
    assert plain(heard(again.chunks, keys=keys)) == again.said


@pytest.mark.parametrize("options", [0, NO_EXTENDED_MASTER_SECRET])
@pytest.mark.parametrize("ciphers", ["AES128-SHA256", "AES256-GCM-SHA384"])
def test_a_premaster_secret_that_the_key_log_holds_gives_the_keys(ciphers: str, options: int) -> None:
    peers = talked("1.2", ciphers, options)
    # The client's second flight begins with the ClientKeyExchange, whose content the server's key decrypts.
    sent = peers.chunks[2].data[5 + 4 + 2 :][:256]
    key = load_pem_private_key(identity("rsa"), None)
    assert isinstance(key, RSAPrivateKey)
    premaster = key.decrypt(sent, PKCS1v15())
    assert plain(heard(peers.chunks, f"RSA {sent[:8].hex()} {premaster.hex()}\n".encode())) == peers.said


def test_tls_1_3_is_decrypted_where_it_is_resumed() -> None:
    made = contexts()
    first = Peers(*made)
    first.talk(2)
    again = Peers(*made, session=first.client.session)
    again.talk()
    assert again.client.session_reused
    assert plain(heard(again.chunks, again.secrets)) == again.said


def test_secrets_that_come_after_the_data_decrypt_it() -> None:
    for version in ("1.2", "1.3"):
        peers, keys = talked(version), Keys()
        keys.may_grow = True
        followed, found = Session(keys), list[Heard]()
        for number, (side, data) in enumerate(peers.chunks):
            if number == len(peers.chunks) - 3:
                assert followed.held > 0
                keys.add(peers.secrets)
            found += followed.feed(data, number, number, from_client=side)
        assert plain(found) == peers.said
        assert followed.held == keys.waiting == 0


def test_secrets_that_come_one_after_another_decrypt_what_they_can() -> None:
    peers, keys = talked("1.3"), Keys()
    keys.may_grow = True
    lines, followed, found = peers.secrets.splitlines(keepends=True), Session(keys), list[Heard]()
    for number, (side, data) in enumerate(peers.chunks):
        found += followed.feed(data, number, number, from_client=side)
        for line in lines[2 * number : 2 * number + 2]:
            keys.add(line)
    assert plain([*found, *followed.finish()]) == peers.said


def test_what_waits_for_secrets_is_limited_and_those_that_come_later_decrypt_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITING", 100)
    for version in ("1.2", "1.3"):
        peers, keys = talked(version), Keys()
        keys.may_grow = True
        followed, found = Session(keys), list[Heard]()
        for number, (side, data) in enumerate(peers.chunks):
            if number == len(peers.chunks) - 5:
                keys.add(peers.secrets)
            found += followed.feed(data, number, number, from_client=side)
            assert followed.held <= 200
        assert plain(found)[-3:] == peers.said[-3:]


def test_what_all_connections_let_wait_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITING_IN_ALL", 3000)
    keys = Keys()
    keys.may_grow = True
    for _ in range(5):
        followed = Session(keys)
        for number, (side, data) in enumerate(talked("1.3").chunks):
            list(followed.feed(data, number, number, from_client=side))
        assert keys.waiting <= 3000


def test_a_record_that_was_changed_is_reported_and_costs_nothing_else() -> None:
    peers = talked("1.3")
    chunks = list(peers.chunks)
    side, data = chunks[-5]
    chunks[-5] = Chunk(side, data[:-1] + bytes([data[-1] ^ 1]))
    found = heard(chunks, peers.secrets)
    assert plain(found) == peers.said[:3] + peers.said[4:]
    assert kinds(found) == ["tls_unreadable"]
    assert [each.what.lost for each in found if isinstance(each.what, Plain)] == [False] * 4 + [True]


def test_alerts_of_one_connection_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_ALERTS", 3)
    found = heard([Chunk(True, b"\x15\3\3\0\2\1\0" * 10)])
    assert len(alerts(found)) == 3


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.one_of(
                st.binary(max_size=60),
                st.tuples(st.integers(20, 23), st.binary(min_size=1, max_size=80)).map(
                    lambda made: bytes([made[0], 3, 3]) + len(made[1]).to_bytes(2, "big") + made[1]
                ),
                st.integers(1, 500),
            ),
        ),
        max_size=12,
    ),
    st.booleans(),
)
@settings(deadline=None)
def test_any_bytes_and_losses_raise_nothing(
    events: list[tuple[bool, bytes | int]],
    start: bool,
) -> None:
    peers = talked("1.2")
    followed = Session(Keys(KeyLog(peers.secrets)))
    for side, data in peers.chunks[:3] if start else ():
        list(followed.feed(data, 1, 1, from_client=side))
    for side, event in events:
        if isinstance(event, bytes):
            list(followed.feed(event, 1, 1, from_client=side))
        else:
            list(followed.lose(event, 1, 1, from_client=side))
    list(followed.finish())
    assert followed.held < 100_000


def test_the_bytes_of_tls_look_like_it() -> None:
    assert looks_like_tls(talked("1.3").chunks[0].data)
    assert not looks_like_tls(b"GET / HTTP/1.1")

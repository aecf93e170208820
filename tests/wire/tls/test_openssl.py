"""What Python's ssl cannot be made to do, done by the command line of OpenSSL."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from analyzer.wire.tls.heard import Heard
from analyzer.wire.tls.keylog import KeyLog, Keys
from analyzer.wire.tls.session import Session
from tests.wire.tls.openssl import client, server, type_in
from tests.wire.tls.peers import Chunk, heard, plain

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the command line of OpenSSL is not there")

KEY_UPDATE = 5 + 4 + 1 + 1 + 16
"""Bytes of an encrypted KeyUpdate with the header of its record."""


def test_key_updates_of_both_sides_are_followed_also_where_they_are_lost(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    with server(tmp_path, "-tls1_3") as (far, port), client(port, "-keylogfile", str(keys)) as (near, tap):
        for text in ("first", "k", "second", "K", "a third"):
            type_in(near, text, tap)
        for text in ("the fourth", "k", "the fifth"):
            type_in(far, text, tap)
    said = [(True, "first"), (True, "second"), (True, "a third"), (False, "the fourth"), (False, "the fifth")]
    spoken = [Chunk(side, f"{text}\n".encode()) for side, text in said]
    assert plain(heard(tap.chunks, keys.read_bytes())) == spoken
    assert sum(len(data) == KEY_UPDATE for _, data in tap.chunks) >= 3
    followed, found = Session(Keys(KeyLog(keys.read_bytes()))), list[Heard]()
    for side, data in tap.chunks:
        if len(data) == KEY_UPDATE:
            found += followed.lose(KEY_UPDATE, 0, 0, from_client=side)
        else:
            found += followed.feed(data, 0, 0, from_client=side)
    assert plain(found) == spoken


@pytest.mark.parametrize("accepted", [True, False])
def test_early_data_is_read_where_the_server_takes_it(tmp_path: Path, *, accepted: bool) -> None:
    keys, early, ticket = tmp_path / "keys", tmp_path / "early", tmp_path / "ticket"
    early.write_bytes(b"early\n")
    options = ("-tls1_3", "-early_data", "-no_anti_replay")
    with server(tmp_path, *options) as (far, port):
        with client(port, "-sess_out", str(ticket)) as (near, tap):
            type_in(near, "one", tap)
        if accepted:
            found = resumed(tmp_path, far, port)
    if not accepted:
        # Another server does not know the ticket: it refuses the early data, and the client says it again or not.
        with server(tmp_path, *options) as (far, port):
            found = resumed(tmp_path, far, port)
    assert b"CLIENT_EARLY_TRAFFIC_SECRET" in keys.read_bytes()
    assert found == [Chunk(True, b"early\n")] * accepted + [Chunk(True, b"two\n"), Chunk(False, b"three\n")]


def resumed(folder: Path, far: subprocess.Popen[bytes], port: int) -> list[Chunk]:
    """What is decrypted of a session that begins with early data."""
    keys = folder / "keys"
    options = ["-keylogfile", str(keys), "-sess_in", str(folder / "ticket"), "-early_data", str(folder / "early")]
    with client(port, *options) as (near, tap):
        type_in(near, "two", tap)
        type_in(far, "three", tap)
    return plain(heard(tap.chunks, keys.read_bytes()))


def test_a_handshake_with_a_request_to_retry_is_decrypted(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    with (
        server(tmp_path, "-tls1_3", "-groups", "P-256") as (far, port),
        client(port, "-keylogfile", str(keys), "-groups", "P-384:P-256") as (near, tap),
    ):
        type_in(near, "one", tap)
        type_in(far, "two", tap)
    assert bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891") in tap.chunks[1].data
    assert plain(heard(tap.chunks, keys.read_bytes())) == [Chunk(True, b"one\n"), Chunk(False, b"two\n")]


def test_a_handshake_within_a_session_of_tls_1_2_is_followed(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    with (
        server(tmp_path, "-tls1_2", "-client_renegotiation") as (far, port),
        client(port, "-keylogfile", str(keys)) as (near, tap),
    ):
        type_in(near, "one", tap)
        type_in(near, "R", tap)
        type_in(near, "two", tap)
        type_in(far, "three", tap)
    assert keys.read_bytes().count(b"CLIENT_RANDOM") == 2
    found = plain(heard(tap.chunks, keys.read_bytes()))
    assert found == [Chunk(True, b"one\n"), Chunk(True, b"two\n"), Chunk(False, b"three\n")]

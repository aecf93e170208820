from __future__ import annotations

import pytest

from analyzer import schema
from analyzer.ocpp.established import came_up
from tests.manuals import tables


def came(**columns: object) -> bool:
    row = {"start_observed": True, "inferred": False, **columns}
    (found,) = came_up(schema.from_rows("connections", [row])).tolist()
    return bool(found)


def test_an_answered_upgrade_or_a_word_makes_a_connection() -> None:
    assert came(upgraded=1)
    assert came(last_up=1)
    assert not came()


@pytest.mark.parametrize("how", ["503", "unreachable", "port_closed", "tls"])
def test_an_attempt_that_failed_is_none(how: str) -> None:
    connections = tables(f"08:00:00 CP1 x {how} scheme=wss tls_version=1.3")["connections"]
    assert came_up(connections).tolist() == [False]


def test_of_an_encrypted_one_it_is_taken_for_granted_unless_the_server_said_no_hello() -> None:
    assert came(scheme="wss", decrypted=False, tls_version="1.3")
    assert not came(scheme="wss", decrypted=False)
    assert came(scheme="wss", decrypted=False, start_observed=False)
    assert came(scheme="wss")


def test_a_decrypted_one_without_an_upgrade_did_not_come_up() -> None:
    assert not came(scheme="wss", decrypted=True, tls_version="1.3")

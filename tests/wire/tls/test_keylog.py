from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer.wire.tls import keylog
from analyzer.wire.tls.keylog import CLIENT_TRAFFIC, MASTER_SECRET, PREMASTER, SESSION, KeyLog, Keys

RANDOM, MASTER, SECRET = "11" * 32, "22" * 48, "33" * 32
LINES = f"""# a comment
CLIENT_RANDOM {RANDOM} {MASTER}
CLIENT_TRAFFIC_SECRET_0 {RANDOM.upper()} {SECRET}\r
EXPORTER_SECRET {RANDOM} {SECRET}

RSA Session-ID:0a0b Master-Key:{MASTER}
RSA {"44" * 8} {MASTER}
"""


def test_all_kinds_of_lines_are_read() -> None:
    log = KeyLog(LINES.encode())
    assert log.secret(MASTER_SECRET, bytes.fromhex(RANDOM)) == bytes.fromhex(MASTER)
    assert log.secret(CLIENT_TRAFFIC, bytes.fromhex(RANDOM)) == bytes.fromhex(SECRET)
    assert log.secret(SESSION, b"\x0a\x0b") == bytes.fromhex(MASTER)
    assert log.secret(PREMASTER, b"\x44" * 8) == bytes.fromhex(MASTER)
    assert list(log.randoms) == [bytes.fromhex(RANDOM)]
    assert (len(log), log.bad, log.knows_premasters) == (4, 0, True)
    assert list(log.problems("it")) == []


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        f"CLIENT_RANDOM {RANDOM}",
        f"CLIENT_RANDOM {RANDOM[:-1]} {MASTER}",
        f"CLIENT_RANDOM {RANDOM[:-2]} {MASTER}",
        f"CLIENT_RANDOM {RANDOM} {MASTER[:-2]}",
        f"CLIENT_TRAFFIC_SECRET_0 {RANDOM} {'33' * 40}",
        f"RSA Session-ID: Master-Key:{MASTER}",
        f"RSA Session-ID:{'00' * 33} Master-Key:{MASTER}",
        f"RSA 1234 {MASTER}",
        f"CLIENT_RANDOM {RANDOM} {MASTER}" + "00" * 2000,
    ],
)
def test_a_line_that_is_none_is_counted(line: str) -> None:
    log = KeyLog(f"{line}\n{LINES}".encode())
    assert (len(log), log.bad) == (4, 1)
    (problem,) = log.problems("the key log")
    assert (problem.kind, problem.count, problem.damage) == ("bad_key_lines", 1, False)


def test_secrets_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keylog, "MAX_SECRETS", 3)
    log = KeyLog(b"".join(b"CLIENT_RANDOM %064x %096x\n" % (number, number) for number in range(5)))
    assert (len(log), log.left_out) == (3, 2)
    (problem,) = log.problems("the key log")
    assert (problem.count, problem.damage) == (2, True)


def test_what_a_capture_lets_know_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keylog, "MAX_LEARNT", 2)
    monkeypatch.setattr(keylog, "MAX_MISSED", 2)
    keys = Keys()
    for number in range(4):
        keys.learn(bytes([number]), bytes([number]) * 48)
        keys.miss(bytes([number]) * 32)
    assert [keys.master(bytes([number])) is None for number in range(4)] == [True, True, False, False]
    keys.add(b"".join(b"CLIENT_RANDOM %s %s\n" % ((b"%02x" % number) * 32, b"00" * 48) for number in range(4)))
    assert [(each.kind, each.count) for each in keys.problems()] == [("late_secrets", 2)]


def test_secrets_within_the_capture_come_before_those_of_the_key_log() -> None:
    keys = Keys(KeyLog(LINES.encode()))
    keys.add(f"CLIENT_RANDOM {RANDOM} {'55' * 48}".encode())
    assert keys.secret(MASTER_SECRET, bytes.fromhex(RANDOM)) == b"\x55" * 48
    assert (len(keys), keys.age, keys.may_grow) == (5, 1, True)


@given(st.binary(max_size=300))
def test_any_bytes_raise_nothing(data: bytes) -> None:
    KeyLog(data)
    KeyLog(b"CLIENT_RANDOM " + data)
    KeyLog(b"RSA Session-ID:" + data)

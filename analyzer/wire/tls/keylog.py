"""Reads key logs, the files that SSLKEYLOGFILE names, and keeps the secrets of sessions (draft-ietf-tls-keylogfile)."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING

from analyzer.wire.problems import Problem
from analyzer.wire.tls.derivation import MASTER

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINE = 2048
"""Bytes of a line."""
MAX_SECRETS = 500_000
"""Secrets that are kept."""
MAX_LEARNT = 10_000
"""Sessions of a capture whose master secret is kept for those that resume them."""
RANDOM = 32
MASTER_SECRET, EARLY = "CLIENT_RANDOM", "CLIENT_EARLY_TRAFFIC_SECRET"
CLIENT_HANDSHAKE, SERVER_HANDSHAKE = "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"
CLIENT_TRAFFIC, SERVER_TRAFFIC = "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"
SECRETS = frozenset({MASTER_SECRET, EARLY, CLIENT_HANDSHAKE, SERVER_HANDSHAKE, CLIENT_TRAFFIC, SERVER_TRAFFIC})
SESSION, PREMASTER = "RSA Session-ID", "RSA"
"""Lines that give a master secret by its session's id, and a premaster secret by the beginning of what was sent for it."""
MAX_MISSED = 10_000
"""Sessions of a capture that ended without secrets, remembered to tell that their secrets came too late."""
MAX_TRIES = 3_000_000
"""Keys tried in vain on all connections of a capture, in KiB of what they were tried on: some ten seconds."""
HEX = rb"((?:[0-9a-fA-F]{2})+)"
BY_RANDOM = re.compile(rb"([A-Z][A-Z0-9_]*) +" + HEX + rb" +" + HEX + rb"\Z")
BY_SESSION = re.compile(rb"RSA +Session-ID: *" + HEX + rb" +Master-Key: *" + HEX + rb"\Z")


class KeyLog:
    """The secrets of a key log by their labels and what names their session.

    `bad` counts lines that are none, `left_out` secrets beyond the limit. `knows_premasters` tells that it holds some
    that clients sent encrypted to the server's RSA key.
    """

    def __init__(self, text: bytes = b"") -> None:
        self.bad = 0
        self.left_out = 0
        self.knows_premasters = False
        self._secrets: dict[tuple[str, bytes], bytes] = {}
        self._randoms: dict[bytes, None] = {}
        self.add(text)

    def __len__(self) -> int:
        return len(self._secrets)

    @property
    def randoms(self) -> Iterator[bytes]:
        """The client randoms of all sessions, the latest first."""
        return iter(reversed(self._randoms))

    def secret(self, label: str, name: bytes) -> bytes | None:
        """The secret of a label for the session that is named so."""
        return self._secrets.get((label, name))

    def add(self, text: bytes) -> None:
        """Take the lines of a key log."""
        for line in re.split(rb"[\r\n]+", text):
            stripped = line.strip(b" \t\0")
            if stripped and not stripped.startswith(b"#"):
                self._take(stripped)

    def problems(self, name: str) -> Iterator[Problem]:
        """What is wrong with it, by its name."""
        if self.bad:
            yield Problem("bad_key_lines", f"{self.bad} lines of {name} are no secrets", count=self.bad)
        if self.left_out:
            detail = f"{name} hold more than {MAX_SECRETS} secrets; {self.left_out} are left out"
            yield Problem("bad_key_lines", detail, damage=True, count=self.left_out)

    def _take(self, line: bytes) -> None:
        if len(line) > MAX_LINE:
            self.bad += 1
        elif (found := BY_SESSION.match(line)) is not None:
            self._keep(SESSION, *_unhexed(found), named=(1, RANDOM), sized=(MASTER, MASTER))
        elif (found := BY_RANDOM.match(line)) is None:
            self.bad += 1
        elif (label := found[1].decode()) == PREMASTER:
            name, secret = bytes.fromhex(found[2].decode()), bytes.fromhex(found[3].decode())
            self._keep(label, name, secret, named=(8, 8), sized=(MASTER, MASTER))
        elif label in SECRETS:
            name, secret = bytes.fromhex(found[2].decode()), bytes.fromhex(found[3].decode())
            sized = (MASTER, MASTER) if label == MASTER_SECRET else (32, 48)
            self._keep(label, name, secret, named=(RANDOM, RANDOM), sized=sized)

    def _keep(self, label: str, name: bytes, secret: bytes, *, named: tuple[int, int], sized: tuple[int, int]) -> None:
        if not named[0] <= len(name) <= named[1] or len(secret) not in sized:
            self.bad += 1
        elif len(self._secrets) >= MAX_SECRETS and (label, name) not in self._secrets:
            self.left_out += 1
        else:
            self._secrets[label, name] = secret
            self.knows_premasters = self.knows_premasters or label == PREMASTER
            if label in SECRETS:
                self._randoms[name] = None


class Keys:
    """The secrets that one capture is read with: those of a key log, those within it, and those that it lets know.

    `may_grow` tells that secrets may still come, `age` changes when some did.
    """

    def __init__(self, given: KeyLog | None = None) -> None:
        self._given = KeyLog() if given is None else given
        self.found = KeyLog()
        self.may_grow = False
        self.age = 0
        self.tries = MAX_TRIES
        self.waiting = 0
        self._learnt: OrderedDict[bytes, bytes] = OrderedDict()
        self._missed: OrderedDict[bytes, None] = OrderedDict()
        self._late = 0

    def __len__(self) -> int:
        return len(self._given) + len(self.found)

    @property
    def randoms(self) -> Iterator[bytes]:
        """The client randoms of all sessions, the latest of each log first."""
        yield from self.found.randoms
        yield from self._given.randoms

    @property
    def knows_premasters(self) -> bool:
        """Whether there are secrets that clients sent encrypted to the server's RSA key."""
        return self._given.knows_premasters or self.found.knows_premasters

    def secret(self, label: str, name: bytes) -> bytes | None:
        """The secret of a label for the session that is named so."""
        return self.found.secret(label, name) or self._given.secret(label, name)

    def add(self, text: bytes) -> None:
        """Take secrets that came inside the capture."""
        self.may_grow = True
        self.found.add(text)
        self.age += 1
        late = [random for random in self.found.randoms if random in self._missed] if self._missed else []
        self._late += len(late)
        for random in late:
            del self._missed[random]

    def miss(self, random: bytes) -> None:
        """Note that a session ended whose secrets are not known."""
        self._missed[random] = None
        if len(self._missed) > MAX_MISSED:
            self._missed.popitem(last=False)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the key log, and with the secrets within the capture."""
        yield from self._given.problems("the key log")
        yield from self.found.problems("the secrets within the capture")
        if self._late:
            detail = (
                f"the secrets of {self._late} TLS connections came after their end; as a key log they would be of use"
            )
            yield Problem("late_secrets", detail, damage=True, count=self._late)

    def learn(self, session: bytes, master: bytes) -> None:
        """Note the master secret of a session, by its id or ticket."""
        self._learnt[session] = master
        if len(self._learnt) > MAX_LEARNT:
            self._learnt.popitem(last=False)

    def master(self, session: bytes) -> bytes | None:
        """The master secret of a session by its id or ticket."""
        return self._learnt.get(session) or self.secret(SESSION, session)


def _unhexed(found: re.Match[bytes]) -> tuple[bytes, bytes]:
    return bytes.fromhex(found[1].decode()), bytes.fromhex(found[2].decode())

"""The keys that one direction uses one after another (RFC 8446 7, RFC 5246 6.3)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from analyzer.wire.tls import keylog
from analyzer.wire.tls.derivation import key_block, next_secret
from analyzer.wire.tls.suites import TLS13_SUITES, Suite, suite_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.wire.tls.derivation import Keys12
    from analyzer.wire.tls.hello import ServerHello
    from analyzer.wire.tls.keylog import Keys
    from analyzer.wire.tls.protection import Protection

EARLY, HANDSHAKE, TRAFFIC = "early", "handshake", "traffic"
LABELS = {
    True: ((keylog.CLIENT_HANDSHAKE, HANDSHAKE), (keylog.CLIENT_TRAFFIC, TRAFFIC)),
    False: ((keylog.SERVER_HANDSHAKE, HANDSHAKE), (keylog.SERVER_TRAFFIC, TRAFFIC)),
}


class Phase:
    """Keys of one direction for a while. `name` is early, handshake or traffic; `first` numbers the first data."""

    first = 0

    def __init__(self, name: str, suite: Suite, secret: bytes) -> None:
        self.name = name
        self.suite = suite
        self.secret = secret

    @cached_property
    def protection(self) -> Protection:
        """The cipher with its keys, made when it is first tried."""
        from analyzer.wire.tls.protection import Authenticated13

        return Authenticated13(self.suite, self.secret)

    @property
    def following(self) -> Phase | None:
        """The keys after an update (RFC 8446 7.2)."""
        return Phase(TRAFFIC, self.suite, next_secret(self.secret, self.suite.digest)) if self.name == TRAFFIC else None


class Phase12(Phase):
    """The keys of one direction in TLS 1.2, from one ChangeCipherSpec to the next; its first record is Finished."""

    first = 1

    def __init__(self, suite: Suite, keys: Keys12, *, encrypt_then_mac: bool) -> None:
        super().__init__(TRAFFIC, suite, keys.mac + keys.key + keys.iv)
        self._keys = keys
        self._encrypt_then_mac = encrypt_then_mac

    @cached_property
    def protection(self) -> Protection:
        """The cipher with its keys, made when it is first tried."""
        from analyzer.wire.tls.protection import Authenticated12, Chained12

        if self.suite.kind == "cbc":
            return Chained12(self.suite, self._keys, encrypt_then_mac=self._encrypt_then_mac)
        return Authenticated12(self.suite, self._keys)

    @property
    def following(self) -> Phase | None:
        """None: TLS 1.2 has no key update."""
        return None


def phases_13(
    keys: Keys, random: bytes, suite: Suite, *, from_client: bool, offered: Iterable[int] = TLS13_SUITES
) -> list[Phase]:
    """The phases of one direction of TLS 1.3, as far as its secrets are known.

    Early data goes by the suite of the resumed session, which has the same hash but need not be the suite chosen now.
    """
    found = []
    early = keys.secret(keylog.EARLY, random) if from_client else None
    for code in offered if early is not None else ():
        earlier = suite_of(code)
        if code in TLS13_SUITES and earlier is not None and early is not None and earlier.digest_size == len(early):
            found.append(Phase(EARLY, earlier, early))
    for label, name in LABELS[from_client]:
        secret = keys.secret(label, random)
        if secret is not None and len(secret) == suite.digest_size:
            found.append(Phase(name, suite, secret))
    return found


def phases_12(master: bytes, client_random: bytes, hello: ServerHello, *, from_client: bool) -> list[Phase]:
    """The phase of one direction of TLS 1.2; none where its suite cannot be decrypted."""
    suite = suite_of(hello.suite)
    if suite is None:
        return []
    mac = {"sha1": 20, "sha256": 32, "sha384": 48}.get(suite.mac, 0)
    iv = {"gcm": 4, "ccm": 4, "chacha": 12, "cbc": 0}[suite.kind]
    both = key_block(master, client_random, hello.random, (mac, suite.key, iv), suite.digest)
    keys = both[0] if from_client else both[1]
    return [Phase12(suite, keys, encrypt_then_mac=hello.encrypt_then_mac and suite.kind == "cbc")]

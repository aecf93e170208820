"""What a session of TLS gives of what both sides say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from analyzer.wire.problems import Problem
    from analyzer.wire.tls.alerts import Alert
    from analyzer.wire.tls.certificates import Certificate


class Plain(NamedTuple):
    """Application data, decrypted; `lost` tells that some may be missing before it."""

    data: bytes
    lost: bool


class Sealed(NamedTuple):
    """A record of application data that could not be decrypted, by its size."""

    bytes: int


class Chain(NamedTuple):
    """The certificates that a side showed, the leaf first."""

    certificates: list[Certificate]


class Heard(NamedTuple):
    """Something that one side said, with the time and packet of its last byte."""

    from_client: bool
    what: Plain | Sealed | Chain | Alert | Problem
    ts: int
    packet: int

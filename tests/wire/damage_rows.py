"""The rows and the samples of the damage matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.wire import damage, encapsulation
from tests.wire.told import Sample, sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.wire.damage import Damage
    from tests.wire.encapsulation import Write
    from tests.wire.packets import Packet

WITH_SECRETS = "pcapng with secrets"


def same(packets: list[Packet]) -> list[Packet]:
    return packets


@dataclass(frozen=True)
class Row:
    """A kind of damage: what happens to the packets, how they are written, and which of them are then in the file."""

    name: str
    damage: Damage = damage.nothing
    write: Write = encapsulation.plain
    kept: Callable[[list[Packet]], list[Packet]] = same
    whole: bool = True
    """Whether every byte is in the file, so that every message must be read, with its time."""
    seeds: int = 1


SMALL = damage.segments(100)
ROWS = {
    row.name: row
    for row in (
        Row("as captured"),
        Row("resent by the network", damage.one_after_the_other(SMALL, damage.lost_and_resent(0.05)), seeds=2),
        Row("reordered", damage.reordered),
        Row("reordered segments of 100 bytes", damage.one_after_the_other(SMALL, damage.reordered)),
        Row("written out of order", damage.shuffled),
        Row("captured twice", damage.duplicated),
        Row("sent twice", damage.resent),
        Row("overlapping", damage.overlapping, seeds=2),
        Row("7-byte segments", damage.segments(7)),
        Row("sequence wraps", write=encapsulation.wrapping),
        Row("fragments of IP", write=encapsulation.fragmented),
        Row("QinQ", write=encapsulation.qinq),
        Row("cooked", write=encapsulation.cooked),
        Row("cooked v2", write=encapsulation.cooked2),
        Row("raw IP", write=encapsulation.raw),
        Row("loopback of BSD", write=encapsulation.loopback),
        Row("big-endian", write=encapsulation.big_endian),
        Row("nanoseconds", write=encapsulation.nanoseconds),
        Row(WITH_SECRETS, write=encapsulation.pcapng),
        Row("no handshake", damage.without_handshake),
        Row("no 101", damage.without_switching, whole=False),
        Row("joined in the middle", damage.joined_in_the_middle, whole=False),
        Row("1 % not captured", damage.lost(0.01), whole=False, seeds=3),
        Row("5 % not captured", damage.lost(0.05), whole=False, seeds=3),
        Row("20 % not captured", damage.lost(0.20), whole=False, seeds=3),
        Row(
            "5 % of 100-byte segments lost", damage.one_after_the_other(SMALL, damage.lost(0.05)), whole=False, seeds=3
        ),
        Row(
            "1 % of 7-byte segments lost",
            damage.one_after_the_other(damage.segments(7), damage.lost(0.01)),
            whole=False,
        ),
        Row(
            "reordered and 5 % lost",
            damage.one_after_the_other(SMALL, damage.reordered, damage.lost(0.05)),
            whole=False,
        ),
        Row(
            "captured twice and 20 % lost", damage.one_after_the_other(damage.duplicated, damage.lost(0.2)), whole=False
        ),
        Row("only what the station sent", damage.one_direction, whole=False),
        Row("snap length 200", write=encapsulation.snapped, kept=encapsulation.kept_by_snap, whole=False),
        Row("flipped bits", damage.flipped, whole=False, seeds=3),
        Row("cut tail", write=encapsulation.tail_cut, kept=encapsulation.kept_before_the_cut, whole=False),
    )
}


class Named(NamedTuple):
    """Which file a sample is, and what is done to it."""

    file: str
    keys: str = ""
    ipv6: bool = False


SAMPLES = {
    "1.6": Named("healthy.pcap"),
    "2.0.1": Named("healthy_201.pcap"),
    "1.6 IPv6": Named("healthy.pcap", ipv6=True),
    "2.0.1 IPv6": Named("healthy_201.pcap", ipv6=True),
    "1.6 deflate": Named("deflate.pcap"),
    "2.0.1 deflate IPv6": Named("deflate_201_ipv6.pcap"),
    "1.6 TLS 1.2": Named("tls12.pcap", "tls12.keys"),
    "1.6 TLS 1.3": Named("tls13.pcapng", "tls13.keys"),
    "2.0.1 TLS 1.2 IPv6": Named("tls12_201_ipv6.pcap", "tls12_201_ipv6.keys"),
}


def load(name: str, folder: Path) -> Sample:
    """A sample of the matrix by its name."""
    named = SAMPLES[name]
    read = sample(folder / named.file, folder / named.keys if named.keys else None)
    return read.over_ipv6() if named.ipv6 else read

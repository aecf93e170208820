"""What happens to the packets of a capture: loss, disorder, repetition, other segments, missing parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.wire.packets import SYN, Packet

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Damage = Callable[[list[Packet], random.Random], list[Packet]]

JITTER = 50_000
"""Microseconds by which packets overtake each other."""
RESENT_AFTER = 300_000
SPACING = 20
"""Microseconds between the segments that were one."""
FLIPPED, REPEATED = 0.05, 0.3
"""Shares of the packets with data that are changed in one bit, and that come twice."""


def nothing(packets: list[Packet], _: random.Random) -> list[Packet]:
    return packets


def lost(share: float) -> Damage:
    """Packets that the capture missed."""
    return lambda packets, rng: [packet for packet in packets if rng.random() >= share]


def segments(size: int) -> Damage:
    """The same bytes in segments of so many; each comes a little after the one before."""

    def split(packets: list[Packet], _: random.Random) -> list[Packet]:
        made = []
        for packet in packets:
            made.append(packet._replace(payload=packet.payload[:size]))
            made += [
                packet._replace(
                    ts=packet.ts + number * SPACING,
                    sequence=packet.sequence + at,
                    payload=packet.payload[at : at + size],
                )
                for number, at in enumerate(range(size, len(packet.payload), size), 1)
            ]
        return sorted(made, key=lambda packet: packet.ts)

    return split


def one_after_the_other(*steps: Damage) -> Damage:
    def both(packets: list[Packet], rng: random.Random) -> list[Packet]:
        for step in steps:
            packets = step(packets, rng)
        return packets

    return both


def lost_and_resent(share: float) -> Damage:
    """Segments that the network lost before the capture saw them.

    Those sent right after them are seen first; the sender repeats the lost ones 300 ms later, and only then does the
    receiver acknowledge and the conversation go on.
    """

    def resend(packets: list[Packet], rng: random.Random) -> list[Packet]:
        made: list[Packet] = []
        missing: list[Packet] = []
        late = 0
        for at, packet in enumerate(packets):
            if packet.payload and rng.random() < share:
                missing.append(packet)
            else:
                made.append(packet._replace(ts=packet.ts + late))
            following = packets[at + 1] if at + 1 < len(packets) else None
            if missing and not (following and following.payload and following.source == packet.source):
                late += RESENT_AFTER
                made += [each._replace(ts=packet.ts + late + number * SPACING) for number, each in enumerate(missing)]
                late += len(missing) * SPACING
                missing = []
        return made

    return resend


def reordered(packets: list[Packet], rng: random.Random) -> list[Packet]:
    """Packets that overtook each other on their way; the capture saw them so."""
    order = _jittered(packets, rng)
    return [packet._replace(ts=ts) for packet, ts in zip(order, sorted(each.ts for each in packets), strict=True)]


def shuffled(packets: list[Packet], rng: random.Random) -> list[Packet]:
    """Packets that a capture wrote in another order than that of their times."""
    return _jittered(packets, rng)


def _jittered(packets: list[Packet], rng: random.Random) -> list[Packet]:
    """The handshake stays in its order: each of its packets answers the one before."""
    keys = [packet.ts + (0 if at < 3 else rng.randrange(JITTER)) for at, packet in enumerate(packets)]
    return [packet for _, _, packet in sorted(zip(keys, range(len(keys)), packets, strict=True))]


def duplicated(packets: list[Packet], rng: random.Random) -> list[Packet]:
    """Packets captured twice, as on two interfaces."""
    made = []
    for packet in packets:
        made.append(packet)
        if rng.random() < REPEATED:
            made.append(packet._replace(ts=packet.ts + 10))
    return made


def resent(packets: list[Packet], rng: random.Random) -> list[Packet]:
    """Segments that were sent twice without need."""
    again = [
        packet._replace(ts=packet.ts + RESENT_AFTER) for packet in packets if packet.payload and rng.random() < REPEATED
    ]
    return sorted([*packets, *again], key=lambda packet: packet.ts)


def overlapping(packets: list[Packet], rng: random.Random) -> list[Packet]:
    """Retransmissions with other bounds: from inside an earlier segment of the side to inside this one, and beyond."""
    made: list[Packet] = []
    sent: dict[tuple[str, int], bytes] = {}
    for packet in packets:
        before = sent.get(packet.source, b"")
        if packet.payload and len(before) > 20 and rng.random() < REPEATED:
            back, ahead = rng.randrange(1, 20), rng.randrange(1, len(packet.payload) + 1)
            data = before[-back:] + packet.payload[:ahead]
            made.append(packet._replace(sequence=packet.sequence - back, payload=data))
            made.append(packet._replace(ts=packet.ts + 5))
        else:
            made.append(packet)
        sent[packet.source] = (before + packet.payload)[-20_000:]
    return made


def without_handshake(packets: list[Packet], _: random.Random) -> list[Packet]:
    return [packet for packet in packets if not packet.flags & SYN and packet is not packets[2]]


def without_switching(packets: list[Packet], _: random.Random) -> list[Packet]:
    """The server's answer to the upgrade was not captured."""
    return [packet for packet in packets if not packet.payload.startswith(b"HTTP/1.1 101")]


def joined_in_the_middle(packets: list[Packet], _: random.Random) -> list[Packet]:
    return packets[len(packets) // 3 :]


def one_direction(packets: list[Packet], _: random.Random) -> list[Packet]:
    """What the one who connects sent, as a capture of one fibre of two holds it."""
    return [packet for packet in packets if packet.source == packets[0].source]


def flipped(packets: list[Packet], rng: random.Random) -> list[Packet]:
    """One bit of some payloads is another; the upgrade is left alone."""
    made = list(packets)
    with_data = [at for at, packet in enumerate(packets) if packet.payload][4:]
    for at in with_data:
        if rng.random() < FLIPPED:
            data = bytearray(packets[at].payload)
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            made[at] = packets[at]._replace(payload=bytes(data))
    return made

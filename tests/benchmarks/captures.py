"""Writes a capture of a fleet's traffic for benchmarks, the same for the same arguments.

    python tests/benchmarks/captures.py OUT.pcap [--packets 200000] [--mixed] [--seed 1]

Chargers speak OCPP 1.6 over plain WebSockets to one CSMS: 20 of them in a small capture, up to 1000 in a large one. Half
of the packets carry data; 1 % of the segments with data come before their predecessor, 0.5 % come twice, connections
end and begin again, some on the same port. With `--mixed` 80 % of the packets are of other traffic.
It prints how many packets and messages the file holds.
"""

from __future__ import annotations

import argparse
import heapq
import random
import struct
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from tests.benchmarks.flows import Charger
from tests.benchmarks.lives import SECOND, Station
from tests.benchmarks.unrelated import Unrelated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.flows import Packet
    from tests.benchmarks.lives import Flight

UNRELATED_SHARE = 0.8
PACKETS_A_CHARGER, FEWEST, MOST = 2_000, 20, 1_000
FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
PACKET_HEADER = struct.Struct("<IIII")


class Made(NamedTuple):
    """What a capture holds."""

    packets: int
    messages: int
    chargers: int
    connections: int
    swapped: int
    resent: int

    def __str__(self) -> str:
        return (
            f"{self.packets} packets, {self.messages} messages, {self.chargers} chargers, {self.connections} connections, "
            f"{self.swapped} segments before their predecessor, {self.resent} twice"
        )


class Writer:
    """Writes packets in the order of time; it holds those that others may still precede."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._waiting: list[Packet] = []
        self.packets = 0
        stream.write(FILE_HEADER)

    def add(self, packets: list[Packet]) -> None:
        self.packets += len(packets)
        for packet in packets:
            heapq.heappush(self._waiting, packet)

    def flush(self, until: float = float("inf")) -> None:
        """Write what comes before a time."""
        write, waiting = self._stream.write, self._waiting
        while waiting and waiting[0].ts < until:
            ts, data = heapq.heappop(waiting)
            write(PACKET_HEADER.pack(ts // SECOND, ts % SECOND, len(data), len(data)) + data)


def flights(chargers: int, seed: int) -> Iterator[tuple[int, Flight]]:
    """What the whole fleet says, in the order of time, each with the number of its charger."""
    lives = [Station(number, seed).life() for number in range(chargers)]
    due = [(flight.ts, number, flight) for number, flight in enumerate(map(next, lives))]
    heapq.heapify(due)
    while True:
        _, number, flight = due[0]
        yield number, flight
        following = next(lives[number])
        heapq.heapreplace(due, (following.ts, number, following))


def make(path: Path, packets: int, *, mixed: bool = False, seed: int = 1) -> Made:
    """Write a capture of about so many packets: the last exchange is not cut."""
    own = packets * (1 - UNRELATED_SHARE) if mixed else packets
    count = min(MOST, max(FEWEST, int(own) // PACKETS_A_CHARGER))
    chargers = [Charger(number, random.Random(seed * 7_919 + number)) for number in range(count)]
    others = Unrelated(random.Random(seed)) if mixed else None
    messages = related = 0
    with path.open("wb") as stream:
        writer = Writer(stream)
        for number, flight in flights(count, seed):
            if writer.packets >= packets:
                break
            writer.flush(flight.ts)
            made = chargers[number].packets(flight)
            writer.add(made)
            related += len(made)
            messages += len(flight.texts)
            while others and writer.packets * (1 - UNRELATED_SHARE) < related:
                writer.add(others.burst(flight.ts))
        writer.flush()
    connections, swapped, resent = (
        sum(getattr(charger, name) for charger in chargers) for name in ("connections", "swapped", "resent")
    )
    return Made(writer.packets, messages, count, connections, swapped, resent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--packets", type=int, default=200_000)
    parser.add_argument("--mixed", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(make(options.out, options.packets, mixed=options.mixed, seed=options.seed))


if __name__ == "__main__":
    main()

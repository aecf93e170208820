"""Makes the captures and logs beside it: real OCPP peers talk on the loopback and tcpdump listens (needs root).

python sample_data/make.py [NAME...]
"""

from __future__ import annotations

import asyncio
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import stories
from clock import Clock
from csms import HOME_ASSISTANT, MOBILITY_HOUSE, StretchedFormatter, load_schemas, log_to
from packets import captured, hand_over, keep_secrets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FOLDER = Path(__file__).parent
BOTH = ("BootNotification", "StatusNotification", "Heartbeat", "Authorize")
ACTIONS = {
    "1.6": (*BOTH, "StartTransaction", "MeterValues", "StopTransaction", "GetConfiguration", "ChangeConfiguration"),
    "2.0.1": (*BOTH, "TransactionEvent", "SetVariables", "GetVariables", "GetBaseReport", "NotifyReport"),
}


class Run(NamedTuple):
    """A story, its capture, the port of its CSMS, and how many of its seconds are played in a real one."""

    story: Callable[[Clock, int, Path], Awaitable[None]]
    capture: str
    port: int
    factor: float


RUNS = {
    "healthy": Run(stories.healthy, "healthy.pcap", 9001, 40),
    "healthy_201": Run(stories.healthy_201, "healthy_201.pcap", 9002, 40),
    "deflate": Run(stories.compressed, "deflate.pcap", 9011, 40),
    "deflate_201_ipv6": Run(stories.compressed_201, "deflate_201_ipv6.pcap", 9012, 40),
    "tls12_201_ipv6": Run(stories.tls12_201, "tls12_201_ipv6.pcap", 9013, 40),
    "intervals": Run(stories.intervals, "intervals.pcap", 9003, 40),
    "meter_faults": Run(stories.meter_faults, "meter_faults.pcap", 9005, 40),
    "tls13": Run(stories.tls13, "tls13.pcapng", 9006, 30),
    "tls12": Run(stories.tls12, "tls12.pcap", 9008, 30),
    "deadline": Run(stories.deadline, "deadline.pcap.gz", 9007, 48),
}


def record(name: str) -> str:
    """Plays one story and writes its files."""
    story, capture, port, factor = RUNS[name]
    os.nice(-10)  # A few milliseconds of waiting for the processor decide a race of the story.
    for version, actions in ACTIONS.items():
        load_schemas(version, *actions)
    clock = Clock(factor)
    if name == "healthy":
        log_to(FOLDER / "healthy.log", StretchedFormatter(MOBILITY_HOUSE, clock))
    if name == "intervals":
        local = StretchedFormatter(HOME_ASSISTANT, clock, ZoneInfo("Europe/Berlin"), point=".")
        log_to(FOLDER / "intervals.log", local, lifecycle=True)

    async def play() -> None:
        with captured(port, clock, FOLDER / capture):
            clock.start()
            await story(clock, port, FOLDER)

    asyncio.run(play())
    if name == "tls13":
        keep_secrets(FOLDER / capture, FOLDER / "tls13.keys", FOLDER / "tls13_secrets.pcapng")
    hand_over(*FOLDER.glob(f"{name}[._]*"))
    return name


def main() -> None:
    """Plays the stories that are named, or all of them at once; the longest takes five minutes."""
    names = sys.argv[1:] or [*RUNS]
    with ProcessPoolExecutor(len(names)) as pool:
        for name in pool.map(record, names):
            print(name)


if __name__ == "__main__":
    main()
